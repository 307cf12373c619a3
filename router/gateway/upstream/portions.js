/** Entity fetches in portions: a subgraph resolves at most a hundred representations at a time. */

const PORTION = 100;

/**
 * The same fetch, which asks for more representations than a portion in several requests at once and joins the
 * answers as if it were one.
 * @param {(subgraph: string, fetch: import("../graph/supergraph.js").Fetch) => Promise<object>} fetchOne
 */
export function inPortions(fetchOne) {
  return async (subgraph, fetch) => {
    const representations = fetch.variables?.representations;
    if (!(representations?.length > PORTION)) return fetchOne(subgraph, fetch);
    const starts = Array.from({ length: Math.ceil(representations.length / PORTION) }, (_, place) => place * PORTION);
    const results = await Promise.all(
      starts.map((start) =>
        fetchOne(subgraph, {
          ...fetch,
          variables: { ...fetch.variables, representations: representations.slice(start, start + PORTION) },
        }),
      ),
    );
    return joined(results, starts, representations.length);
  };
}

function joined(results, starts, total) {
  const entities = Array(total).fill(null);
  const errors = [];
  results.forEach((result, place) => {
    (result.data?._entities ?? []).forEach((entity, index) => {
      entities[starts[place] + index] = entity;
    });
    errors.push(...(result.errors ?? []).map((error) => moved(error, starts[place])));
  });
  return errors.length ? { data: { _entities: entities }, errors } : { data: { _entities: entities } };
}

function moved(error, start) {
  const [root, index, ...rest] = error.path ?? [];
  return root === "_entities" && Number.isInteger(index) ? { ...error, path: [root, start + index, ...rest] } : error;
}

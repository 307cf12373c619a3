/** What a subgraph has sent of one subscription and the client has not taken yet; bounded in bytes. */

/**
 * An async iterator fed by `push`. It ends when more than `most` bytes wait: a router must not read ahead without
 * bound for a client that does not read.
 * @param {number} most
 * @param {{onReturn: () => void, onOverflow: () => void}} hooks the first is called once, when the reader leaves or
 *   the queue overflows
 */
export function createQueue(most, { onReturn, onOverflow }) {
  const waiting = [];
  let bytes = 0;
  let ended = false;
  let failure = null;
  let wake = null;

  function settle(error) {
    if (ended) return;
    ended = true;
    failure = error ?? null;
    wake?.();
  }

  return {
    push(value) {
      if (ended) return;
      const size = waiting.length ? sizeOf(value) : 0; // a reader that keeps up costs no measuring
      waiting.push([value, size]);
      bytes += size;
      if (bytes > most) {
        waiting.length = 0;
        settle();
        onReturn();
        onOverflow();
      } else wake?.();
    },
    end: () => settle(),
    fail: settle,
    [Symbol.asyncIterator]() {
      return this;
    },
    async next() {
      while (!waiting.length && !ended)
        await new Promise((resolve) => {
          wake = resolve;
        });
      wake = null;
      if (waiting.length) {
        const [value, size] = waiting.shift();
        bytes -= size;
        return { value, done: false };
      }
      if (!failure) return { value: undefined, done: true };
      const error = failure;
      failure = null;
      throw error;
    },
    async return() {
      const early = !ended;
      waiting.length = 0;
      settle();
      if (early) onReturn();
      return { value: undefined, done: true };
    },
  };
}

function sizeOf(value) {
  return typeof value === "string" ? value.length : JSON.stringify(value).length;
}

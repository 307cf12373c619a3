/** How subgraphs are spoken to: the text of a planned document, and what counts as an answer. */

import { print, stripIgnoredCharacters } from "graphql";

const printed = new WeakMap();

/** Text of a planned document, as short as can be. Plans are remembered, so their documents are printed once. */
export function textOf(document) {
  let text = printed.get(document);
  if (text === undefined) printed.set(document, (text = stripIgnoredCharacters(print(document))));
  return text;
}

/** Whether this is the result of a GraphQL operation. @param {unknown} value */
export function isResult(value) {
  if (value === null || typeof value !== "object" || Array.isArray(value)) return false;
  const { data, errors } = value;
  const hasErrors =
    Array.isArray(errors) && errors.length > 0 && errors.every((error) => typeof error?.message === "string");
  const hasData = data !== null && typeof data === "object" && !Array.isArray(data);
  return hasErrors || hasData || (data === null && errors === undefined);
}

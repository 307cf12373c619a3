/** Thread that puts the GraphiQL page together and hands it back compressed. */

import { readFileSync } from "node:fs";
import { parentPort } from "node:worker_threads";
import { gzipSync } from "node:zlib";

import { renderGraphiQL } from "@graphql-yoga/render-graphiql";

const QUERY = `# Restaurants, orders and payments as one graph. Its documentation is the book at the left.
#
# Browsing needs no token. For the rest, put one into the Headers tab below:
#   { "Authorization": "Bearer …" }
# \`make token AS=aino\` prints a token. Subscriptions run over WebSocket with the same headers.
query Restaurants {
  restaurants(near: { latitude: 60.1699, longitude: 24.9384 }, first: 5) {
    nodes {
      id
      name
    }
  }
}
`;
const OPTIONS = {
  title: "Delivery platform",
  defaultQuery: QUERY,
  headers: JSON.stringify({ Authorization: "" }, null, 2),
  shouldPersistHeaders: true,
};

const fetcher = readFileSync(new URL("./fetcher.js", import.meta.url), "utf8").replace("export function", "function");
const written = JSON.stringify(OPTIONS);
const page = renderGraphiQL(OPTIONS);
if (page.split(written).length !== 2) throw new Error("the GraphiQL package writes its options elsewhere now");
parentPort.postMessage(
  gzipSync(
    page.replace(
      written,
      () => `{ ...${written}, fetcher: (() => {
${fetcher}
return createFetcher(new URL("/graphql", location.href).href);
})() }`,
    ),
  ),
);

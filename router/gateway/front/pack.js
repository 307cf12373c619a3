/** Thread that puts the GraphiQL page together and hands it back compressed. */

import { parentPort } from "node:worker_threads";
import { gzipSync } from "node:zlib";

import { renderGraphiQL } from "@graphql-yoga/render-graphiql";

const QUERY = `# Orders, restaurants and payments as one graph.
# Put a token into the Headers tab below, as { "Authorization": "Bearer …" }; \`make token AS=aino\` prints one.
query Restaurants {
  __typename
}
`;

const page = renderGraphiQL({
  title: "Delivery platform",
  defaultQuery: QUERY,
  headers: JSON.stringify({ Authorization: "" }, null, 2),
  shouldPersistHeaders: true,
  method: "POST",
  subscriptionsProtocol: "WS",
});
parentPort.postMessage(gzipSync(page, { level: 6 }));

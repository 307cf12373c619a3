/** Runs in the browser, inside the GraphiQL page: the headers of its editor go with requests and with sockets alike. */

export function createFetcher(url, Socket = globalThis.WebSocket) {
  return (params, { headers = {}, documentAST } = {}) => {
    const asked = documentAST?.definitions.filter(({ kind }) => kind === "OperationDefinition") ?? [];
    const chosen = asked.find(({ name }) => name?.value === params.operationName) ?? asked[0];
    return chosen?.operation === "subscription" ? subscribe(Socket, url, params, headers) : post(url, params, headers);
  };
}

async function post(url, params, headers) {
  const accept = "application/graphql-response+json, application/json";
  const response = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json", accept, ...headers },
    body: JSON.stringify(params),
  });
  return response.json();
}

/** An async iterator over the results of one subscription; `return` closes its socket. */
function subscribe(Socket, url, params, headers) {
  const socket = new Socket(url.replace(/^http/, "ws"), "graphql-transport-ws");
  const received = [];
  let wake = () => {};
  const tell = (message) => {
    received.push(message);
    wake();
  };
  const say = (message) => socket.send(JSON.stringify(message));
  socket.onopen = () => say({ type: "connection_init", payload: headers });
  socket.onclose = ({ code, reason }) => tell({ type: "closed", code, reason });
  socket.onmessage = ({ data }) => {
    const message = JSON.parse(data);
    if (message.type === "connection_ack") say({ id: "1", type: "subscribe", payload: params });
    else if (message.type === "ping") say({ type: "pong" });
    else tell(message);
  };
  const end = { value: undefined, done: true };
  return {
    [Symbol.asyncIterator]() {
      return this;
    },
    async next() {
      while (!received.length)
        await new Promise((resolve) => {
          wake = resolve;
        });
      const { type, payload, code, reason } = received.shift();
      if (type === "next") return { value: payload, done: false };
      socket.close(1000);
      if (type === "error") throw payload;
      if (type === "closed" && code !== 1000) throw new Error(`The socket was closed: ${code} ${reason}`);
      return end;
    },
    async return() {
      socket.close(1000);
      return end;
    },
  };
}

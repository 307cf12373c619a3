/** Starts the gateway by its settings, and stops it when it is told to. */

import "./thrift.js";

import { createLog, describeError } from "./log.js";
import { readSettings, SettingsInvalid } from "./settings.js";

async function start() {
  const settings = readSettings();
  const log = createLog(settings.logLevel);
  const { openGateway } = await import("./gateway.js"); // what it imports takes most of the start
  const gateway = await openGateway(settings, log);
  let stopping = false;

  async function stop(signal) {
    if (stopping) process.exit(1); // asked twice: at once
    stopping = true;
    log("info", "stopping", { signal });
    await gateway.close();
    log("info", "stopped");
    process.exit(0);
  }
  for (const signal of ["SIGTERM", "SIGINT"]) process.on(signal, stop);
  // Nothing a client or a subgraph sends may end the process; what is not foreseen is logged and costs its own request.
  process.on("uncaughtException", (error) => log("error", "uncaught exception", describeError(error)));
  process.on("unhandledRejection", (error) => log("error", "unhandled rejection", describeError(error)));
  log("info", "listening", { host: settings.host, port: gateway.port });
}

start().catch((error) => {
  const plain = error instanceof SettingsInvalid || error.code === "EADDRINUSE" || error.code === "EACCES";
  const sentence = error.syscall === "listen" ? `Port ${error.port} cannot be used: ${error.code}.` : error.message;
  process.stderr.write(`${plain ? sentence : `The gateway cannot start: ${error.message}`}\n`);
  process.exit(1);
});

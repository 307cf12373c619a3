/** Log lines: one JSON object each, on standard output. */

const LEVELS = { debug: 10, info: 20, warning: 30, error: 40 };

/**
 * A function `log(level, event, fields)`. Fields carry ids, names and numbers, never tokens, variables or documents.
 * @param {string} least @param {(line: string) => void} write
 */
export function createLog(least, write = (line) => process.stdout.write(line)) {
  const threshold = LEVELS[least];
  return (level, event, fields = {}) => {
    if (LEVELS[level] < threshold) return;
    write(`${JSON.stringify({ at: new Date().toISOString(), level, logger: "gateway", event, ...fields })}\n`);
  };
}

/** What of an exception belongs into the log: its kind, its text and where it was thrown. */
export function describeError(error) {
  return { error: error?.name ?? typeof error, reason: String(error?.message ?? error), stack: error?.stack };
}

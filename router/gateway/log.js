/** Log lines: one JSON object each, on standard output. */

const LINES_WITHIN_MS = 50;
const LEVELS = { debug: 10, info: 20, warning: 30, error: 40 };

/**
 * A function `log(level, event, fields)`. Fields carry ids, names and numbers, never tokens, variables or documents.
 * @param {string} least @param {(line: string) => void} write
 */
export function createLog(least, write = (lines) => process.stdout.write(lines)) {
  const threshold = LEVELS[least];
  let waiting = "";
  let timer = null;

  function flush() {
    clearTimeout(timer);
    timer = null;
    if (waiting) write(waiting);
    waiting = "";
  }
  process.on("exit", flush);

  return (level, event, fields = {}) => {
    if (LEVELS[level] < threshold) return;
    waiting += `${JSON.stringify({ at: new Date().toISOString(), level, logger: "gateway", event, ...fields })}\n`;
    if (LEVELS[level] > LEVELS.info)
      flush(); // somebody may look for the reason at once, or we end
    else timer ??= setTimeout(flush, LINES_WITHIN_MS).unref(); // a write for each operation costs more than the operation's line
  };
}

/** What of an exception belongs into the log: its kind, its text and where it was thrown. */
export function describeError(error) {
  return { error: error?.name ?? typeof error, reason: String(error?.message ?? error), stack: error?.stack };
}

/** Which client takes nothing of what was sent: unsent bytes that have not shrunk for too long. */

/**
 * Watches one connection while something of it is unsent, and runs no timer otherwise.
 * @param {{unsent: () => number, limitMs: number, cut: () => void}} connection
 * @returns {{sent: (bytes: number) => void, stop: () => void}}
 */
export function watchSlowness({ unsent, limitMs, cut }) {
  let handed = 0; // bytes ever handed over
  let taken = 0; // of these, bytes that had left when last looked
  let since = 0;
  let timer = null;

  function stop() {
    clearInterval(timer);
    timer = null;
  }

  function look() {
    const left = unsent();
    if (handed - left > taken) {
      taken = handed - left;
      since = performance.now();
    }
    if (left === 0) stop();
    else if (performance.now() - since >= limitMs) {
      stop();
      cut();
    }
  }

  return {
    sent(bytes) {
      handed += bytes;
      if (timer || unsent() === 0) return;
      taken = handed - unsent();
      since = performance.now();
      timer = setInterval(look, Math.max(limitMs / 10, 5));
      timer.unref();
    },
    stop,
  };
}

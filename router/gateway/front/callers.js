/** How many sockets each caller holds. */

/** @param {number} most of one caller */
export function createCallers(most) {
  const held = new Map();
  return {
    /** A function that gives the place back, or null when the caller holds enough. */
    enter(caller) {
      const count = held.get(caller) ?? 0;
      if (count >= most) return null;
      held.set(caller, count + 1);
      let left = false;
      return () => {
        if (left) return;
        left = true;
        const remaining = held.get(caller) - 1;
        if (remaining) held.set(caller, remaining);
        else held.delete(caller);
      };
    },
  };
}

/** What was used last, by key, within bounds of number and weight. */

/**
 * @template V
 * @param {{entries: number, weight: number}} most
 */
export function createRecent(most) {
  /** @type {Map<string, {value: V, weight: number}>} the first is the one unused for longest */
  const kept = new Map();
  let total = 0;

  function drop(key) {
    total -= kept.get(key)?.weight ?? 0;
    kept.delete(key);
  }

  return {
    /** @returns {V | undefined} */
    get(key) {
      const found = kept.get(key);
      if (!found) return undefined;
      kept.delete(key);
      kept.set(key, found);
      return found.value;
    },
    set(key, value, weight) {
      drop(key);
      kept.set(key, { value, weight });
      total += weight;
      while (kept.size > most.entries || total > most.weight) drop(kept.keys().next().value);
    },
  };
}

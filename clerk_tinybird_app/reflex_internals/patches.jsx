// Makes whole values of what patches.py sends. Reflex's reducer in state.js asks here first.

// The value that a page shows, of the one it has and the one that came.
export const whole = (old, came) => (came?.$patch ? patched(old, came.$patch) : came);

const patched = (old, part) => {
  if (part === null || typeof part !== "object") return part;
  if ("v" in part) return part.v;
  if (part.f) {
    const changed = Object.entries(part.f).map(([name, own]) => [name, patched(old[name], own)]);
    return { ...old, ...Object.fromEntries(changed) };
  }
  return part.l.flatMap((item) => {
    if (!Array.isArray(item)) return [patched(undefined, item)];
    const [place, more] = item;
    return typeof more === "number" ? old.slice(place, place + more) : [patched(old[place], more)];
  });
};

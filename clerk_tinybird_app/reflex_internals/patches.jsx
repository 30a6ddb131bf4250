// Makes whole values of what patches.py sends. Reflex's reducer in state.js asks here first.

// The value that a page shows, of the one it has and the one that came.
export const whole = (old, came) => (came?.$patch ? patched(old, came.$patch) : came);

const patched = (old, patch) => {
  if ("v" in patch) return patch.v;
  if (patch.f) {
    const changed = Object.entries(patch.f).map(([name, part]) => [name, patched(old[name], part)]);
    return { ...old, ...Object.fromEntries(changed) };
  }
  return patch.l.flatMap((part) => {
    if (part.r) return old.slice(part.r[0], part.r[0] + part.r[1]);
    return [part.p ? patched(old[part.p[0]], part.p[1]) : part.v];
  });
};

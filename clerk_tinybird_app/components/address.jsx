// The query of an address without some of its parts. The others stay as they are written, so that
// they are the same view as before.
export const without = (search, names) => {
  const isKept = (part) => part && !names.some((name) => new URLSearchParams(part).has(name));
  const kept = search.replace(/^\?/, "").split("&").filter(isKept);
  return kept.length ? `?${kept.join("&")}` : "";
};

// The whole address with `frozen` in place of its own period and zone; as it is without a `frozen`.
export const frozenAddress = ({ pathname, search }, frozen) => {
  const own = frozen ? ["range", "start", "end", "zone", ...new URLSearchParams(frozen).keys()] : [];
  const rest = without(search, own);
  const query = frozen ? `?${frozen}${rest.replace("?", "&")}` : rest;
  return `${window.location.origin}${pathname}${query}`;
};

// The query of an address without some of its parts. The others stay as they are written, so that
// they are the same view as before.
export const without = (search, names) => {
  const isKept = (part) => part && !names.some((name) => new URLSearchParams(part).has(name));
  const kept = search.replace(/^\?/, "").split("&").filter(isKept);
  return kept.length ? `?${kept.join("&")}` : "";
};

import { useLayoutEffect, useRef } from "react";
import { useLocation, useNavigationType } from "react-router";

// Another view of the same page leaves it where it is scrolled to: the router would go to its top.
export const useKeptScroll = () => {
  const { pathname, search } = useLocation();
  const isBack = useNavigationType() === "POP";
  const shown = useRef(null);
  useLayoutEffect(() => {
    const isSame = shown.current === pathname;
    shown.current = pathname;
    if (!isSame || isBack) return;
    const { scrollY } = window;
    // Once the router has scrolled, and before that is seen.
    queueMicrotask(() => window.scrollTo(0, scrollY));
  }, [pathname, search]);
};

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

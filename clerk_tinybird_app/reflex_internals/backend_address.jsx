// Where the page finds its backend. Reflex's own `getBackendURL` in state.js asks here first: it
// keeps the port of the build on http and drops the page's port on https.
//
// An exported frontend does not know its backend when it is built. The host of its files names it
// in the script /backend.js, which sets `window.backend` to an origin before all others run.
import env from "$/env.json";

// The reserved domain in an export whose host was not told the backend's address yet.
const NOWHERE = ".invalid";

// What the file says, "" without one. Pages that come from their backend read no such file, and an
// element whose id is "backend" is `window.backend` too.
const named = () =>
  typeof window !== "undefined" && env.BACKEND !== "page" && typeof window.backend === "string"
    ? window.backend
    : "";

const origin = () => {
  if (typeof window === "undefined") return "";
  return named() || (env.BACKEND ? window.location.origin : "");
};

// The address of a path of the backend, null when `built`, the one of the build, is right.
export const backendURL = (built) => {
  const base = origin();
  if (!base) return null;
  const { pathname, protocol } = new URL(built);
  const url = new URL(pathname, base);
  const isSecure = url.protocol === "https:";
  url.protocol = `${protocol.startsWith("ws") ? "ws" : "http"}${isSecure ? "s" : ""}:`;
  return url;
};

// A path of the backend as the page asks for it: whole, when the backend is elsewhere.
export const atBackend = (path) =>
  named() && path?.startsWith("/") ? `${named()}${path}` : path;

// False when nobody has said where the backend is.
export const isBackendNamed = () =>
  named() ? !named().endsWith(NOWHERE) : env.BACKEND !== "file";

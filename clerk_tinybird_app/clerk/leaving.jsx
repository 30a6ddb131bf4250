// Signing out. Clerk may be out of reach when somebody leaves: the app lets go of the session at
// once, in every tab and after a reload, and Clerk is asked until it has confirmed the end.
import { useEffect, useState, useSyncExternalStore } from "react";

const KEPT = "clerk-session-to-end";
const RETRY_MS = 5_000;
const UNCONFIRMED_MS = 3_000;
// Clerk's SDK waits for an answer for as long as the browser does.
const PATIENCE_MS = 10_000;
const OK = 200;
const NO_SUCH_SESSION = [401, 404];

// A private window may have no storage; what was said then holds for this page alone.
let toEnd = "";
// A session that was once to end is never shown again, not even in the moment between Clerk's
// confirmation in one tab and its news in another.
const ended = new Set();
const listeners = new Set();

const read = () => {
  try {
    toEnd = localStorage.getItem(KEPT) ?? "";
  } catch {}
  if (toEnd) ended.add(toEnd);
  return toEnd;
};
const write = (sessionId) => {
  toEnd = sessionId;
  try {
    if (sessionId) localStorage.setItem(KEPT, sessionId);
    else localStorage.removeItem(KEPT);
  } catch {}
  for (const listener of listeners) listener();
};
// Before anything was said here: somebody left, and then loaded the page anew.
const atStart = typeof window === "undefined" ? "" : read();
const subscribe = (listener) => {
  listeners.add(listener);
  window.addEventListener("storage", listener);
  return () => {
    listeners.delete(listener);
    window.removeEventListener("storage", listener);
  };
};

// The SDK's own sign-out does not tell whether Clerk heard of it: while the browser is offline it
// takes no answer for a good one. So Clerk's API is asked, and only its answer counts.
const hasEnded = async (sdk, sessionId) => {
  const path = `/client/sessions/${sessionId}/remove`;
  const { status } = await sdk.getFapiClient().request({ method: "POST", path });
  return status === OK || NO_SUCH_SESSION.includes(status);
};

let askedAt = -Infinity;
const end = async (sdk, sessionId, finish) => {
  if (performance.now() - askedAt < PATIENCE_MS) return;
  askedAt = performance.now();
  try {
    if (!(await hasEnded(sdk, sessionId))) return;
    // What is left is the SDK's own: its cookies, its other tabs, where to go.
    if (sdk.session) await finish().catch(() => sdk.setActive({ session: null }));
    write("");
  } catch {
    // No answer; it is asked again.
  } finally {
    askedAt = -Infinity;
  }
};

// Every way out, Clerk's own menu included, goes through Clerk's SDK: there it is noted before it is
// tried.
const noteSignOuts = (sdk) => {
  if (sdk.signOut.own) return;
  const own = sdk.signOut;
  sdk.signOut = (...given) => {
    const sessionId = sdk.session?.id;
    const chosen = given.find((each) => each?.sessionId)?.sessionId;
    if (!sessionId || (chosen && chosen !== sessionId)) return own(...given);
    write(sessionId);
    return end(sdk, sessionId, () => own(...given));
  };
  sdk.signOut.own = own;
};

// `isLeaving`: this session is not to be shown. `isPending`: Clerk has not confirmed its end yet,
// and `isUnconfirmed`: not for a while.
export function useLeaving({ isLoaded, sessionId }) {
  const kept = useSyncExternalStore(subscribe, read, () => "");
  // Clerk's SDK names no session while it ends one, and after it has failed to.
  const isPending = Boolean(kept) && (!sessionId || sessionId === kept);
  const isLeaving = isPending || ended.has(sessionId);
  const [isUnconfirmed, setUnconfirmed] = useState(false);

  useEffect(() => {
    if (!isLoaded || !window.Clerk) return;
    noteSignOuts(window.Clerk);
    // Somebody has signed in since, which Clerk allows once the session before has ended.
    if (kept && sessionId && sessionId !== kept) write("");
  }, [isLoaded, sessionId, kept]);

  useEffect(() => {
    if (!isPending) return;
    const late = setTimeout(() => setUnconfirmed(true), UNCONFIRMED_MS);
    return () => {
      clearTimeout(late);
      setUnconfirmed(false);
    };
  }, [isPending]);

  useEffect(() => {
    if (!isPending) return;
    const ask = () => {
      const sdk = window.Clerk;
      if (sdk?.client) end(sdk, kept, sdk.signOut.own ?? sdk.signOut);
    };
    // The tab in which somebody left is asking already.
    if (kept === atStart) ask();
    const again = setInterval(ask, RETRY_MS);
    window.addEventListener("online", ask);
    return () => {
      clearInterval(again);
      window.removeEventListener("online", ask);
    };
  }, [isPending, isLoaded]);

  return { isLeaving, isPending, isUnconfirmed };
}

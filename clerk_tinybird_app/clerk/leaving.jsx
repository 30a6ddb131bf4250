// Sign-out. When somebody signs out, Clerk may not be reachable. The app ends the session at once,
// in all tabs and after a reload, and asks Clerk until Clerk has confirmed the end.
import { useEffect, useState, useSyncExternalStore } from "react";
import { store, stored } from "./storage.jsx";

const KEPT = "clerk-session-to-end";
const RETRY_MS = 5_000;
const UNCONFIRMED_MS = 3_000;
// Clerk's SDK has no limit of its own: it waits as long as the browser does.
const PATIENCE_MS = 10_000;
const OK = 200;
const NO_SUCH_SESSION = [401, 404];

// A session that was ended here is never shown again, also not in the moment after one tab has got
// Clerk's confirmation and before another tab knows of it.
const ended = new Set();
const listeners = new Set();

const read = () => {
  const toEnd = stored(KEPT);
  if (toEnd) ended.add(toEnd);
  return toEnd;
};
const write = (sessionId) => {
  store(KEPT, sessionId);
  for (const listener of listeners) listener();
};
// The stored value when the page was loaded: somebody signed out and then reloaded the page.
const atStart = typeof window === "undefined" ? "" : read();
const subscribe = (listener) => {
  listeners.add(listener);
  window.addEventListener("storage", listener);
  return () => {
    listeners.delete(listener);
    window.removeEventListener("storage", listener);
  };
};

// The SDK's sign-out does not say whether Clerk has got it: while the browser is offline, it treats
// no answer as success. So Clerk's API is called, and only its answer counts.
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
    // The SDK does the rest: its cookies, its other tabs, and the page to go to.
    if (sdk.session) await finish().catch(() => sdk.setActive({ session: null }));
    write("");
  } catch {
    // There was no answer; it is tried again.
  } finally {
    askedAt = -Infinity;
  }
};

// Every sign-out, also that of Clerk's menu, calls Clerk's SDK. It is recorded there before it is
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

// `isLeaving`: this session must not be shown. `isPending`: Clerk has not confirmed the end yet.
// `isUnconfirmed`: Clerk has not confirmed it for some time.
export function useLeaving({ isLoaded, sessionId }) {
  const kept = useSyncExternalStore(subscribe, read, () => "");
  // Clerk's SDK has no session while it ends one, and after it has failed to end it.
  const isPending = Boolean(kept) && (!sessionId || sessionId === kept);
  const isLeaving = isPending || ended.has(sessionId);
  const [isUnconfirmed, setUnconfirmed] = useState(false);

  useEffect(() => {
    if (!isLoaded || !window.Clerk) return;
    noteSignOuts(window.Clerk);
    // Somebody has signed in again. Clerk allows this only when the session before has ended.
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
    // The tab in which somebody signed out asks already.
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

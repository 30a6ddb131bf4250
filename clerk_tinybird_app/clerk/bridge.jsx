// The meeting point of Clerk's browser SDK and the Reflex state. Clerk says who is signed in, the
// state says whom it has accepted, and the bridge pushes session tokens until the two agree.
import { createContext, useCallback, useContext, useEffect, useMemo, useRef } from "react";
import { useNavigate } from "react-router";
import { ClerkProvider, useAuth, useClerk, useUser } from "@clerk/react";
import { EventLoopContext } from "$/utils/context-registry";

const SIGNED_OUT = "signed-out";
const TICK_MS = 1_000;
const HEARTBEAT_MS = 45_000;
const RETRY_MS = 5_000;
// A pushed token must outlive the time to the next heartbeat; Clerk's live for 60 s.
const MIN_LIFE_MS = 50_000;

const SessionContext = createContext({ phase: "loading", offline: false, retry: () => {} });

const lifeLeft = (token) => {
  const payload = token.split(".")[1].replace(/-/g, "+").replace(/_/g, "/");
  return JSON.parse(atob(payload)).exp * 1000 - Date.now();
};

const readToken = async (getToken, fresh) => {
  const token = fresh ? null : await getToken();
  return token && lifeLeft(token) >= MIN_LIFE_MS ? token : getToken({ skipCache: true });
};

// Clerk takes an absolute proxy for an https one; a local backend elsewhere has to be spelled out.
const scriptsAt = (base) => ({
  __internal_clerkJSUrl: `${base}/npm/@clerk/clerk-js@6/dist/clerk.browser.js`,
  __internal_clerkUIUrl: `${base}/npm/@clerk/ui@1/dist/ui.browser.js`,
});

// Navigation goes through the app's own router, so that Clerk never has to reload the page.
export function ClerkRoot({ children, proxyUrl, ...props }) {
  const navigate = useNavigate();
  return (
    <ClerkProvider
      routerPush={(to) => navigate(to)}
      routerReplace={(to) => navigate(to, { replace: true })}
      proxyUrl={proxyUrl}
      {...(proxyUrl?.startsWith("http:") ? scriptsAt(proxyUrl) : {})}
      {...props}
    >
      {children}
    </ClerkProvider>
  );
}

export function SessionBridge({ accepted, refused, onPush, children }) {
  const { isLoaded, isSignedIn, sessionId, orgId, orgRole, getToken } = useAuth();
  const { status } = useClerk();
  const [, connectErrors] = useContext(EventLoopContext);
  const offline = connectErrors.length > 0;
  const wanted = isSignedIn ? `${sessionId}:${orgId ?? ""}` : SIGNED_OUT;
  const agreed = isLoaded && wanted === accepted;

  // What the timers read: the latest view, without starting them anew on every render.
  const view = useRef(null);
  view.current = { isLoaded, isSignedIn, agreed, offline, wanted, getToken, onPush };
  const last = useRef({ at: 0, busy: false });

  const push = useCallback(async (fresh = false) => {
    const { isLoaded, isSignedIn, offline, wanted, getToken, onPush } = view.current;
    if (!isLoaded || offline || last.current.busy) return;
    last.current = { at: Date.now(), busy: true };
    try {
      const token = isSignedIn ? await readToken(getToken, fresh) : "";
      // Null: the session has just ended, and Clerk's next render says so. Another view: it
      // changed meanwhile, and its own effect pushes.
      if (token !== null && view.current.wanted === wanted) onPush(token);
    } catch {
      // Clerk is out of reach. The next tick tries again; the server's expiry holds meanwhile.
    } finally {
      last.current.busy = false;
      if (view.current.wanted !== wanted) push();
    }
  }, []);

  useEffect(() => {
    if (!agreed) push();
  }, [isLoaded, wanted, accepted, offline]);

  // The organization stays and the role changed: only a new session token says so.
  useEffect(() => {
    if (agreed && isSignedIn) push(true);
  }, [orgRole]);

  useEffect(() => {
    // By the clock rather than by long timers: after sleep the first tick finds itself late.
    const tick = () => {
      const { agreed } = view.current;
      if (Date.now() - last.current.at >= (agreed ? HEARTBEAT_MS : RETRY_MS)) push(!agreed);
    };
    const wake = () => document.visibilityState === "visible" && push();
    const timer = setInterval(tick, TICK_MS);
    document.addEventListener("visibilitychange", wake);
    window.addEventListener("online", wake);
    return () => {
      clearInterval(timer);
      document.removeEventListener("visibilitychange", wake);
      window.removeEventListener("online", wake);
    };
  }, []);

  let phase = "syncing";
  if (!isLoaded) phase = status === "error" ? "failed" : "loading";
  else if (!isSignedIn) phase = "signed-out";
  else if (agreed) phase = "signed-in";
  else if (refused) phase = "refused";

  const value = useMemo(() => ({ phase, offline, retry: () => push(true) }), [phase, offline]);
  return <SessionContext.Provider value={value}>{children}</SessionContext.Provider>;
}

// Shows its children in the named phases only: "loading", "failed", "signed-out", "syncing",
// "signed-in" (Clerk and the server agree), "refused".
export function Phase({ when, children }) {
  const { phase } = useContext(SessionContext);
  return when.split(" ").includes(phase) ? children : null;
}

export function Offline({ children }) {
  return useContext(SessionContext).offline ? children : null;
}

export function RetryButton({ children, ...props }) {
  const { retry } = useContext(SessionContext);
  return <button type="button" onClick={retry} {...props}>{children}</button>;
}

export function UserEmail() {
  const { user } = useUser();
  return user?.primaryEmailAddress?.emailAddress ?? null;
}

// The meeting point of Clerk's browser SDK and the Reflex state. Clerk says who is signed in, the
// state says whom it has accepted, and the bridge pushes session tokens until the two agree.
import {
  createContext,
  useCallback,
  useContext,
  useEffect,
  useLayoutEffect,
  useMemo,
  useRef,
  useState,
} from "react";
import { useNavigate } from "react-router";
import { ClerkProvider, useAuth, useClerk, useUser } from "@clerk/react";
import { buildClerkUIScriptAttributes, clerkUIScriptUrl } from "@clerk/react/internal";
import { EventLoopContext } from "$/utils/context-registry";

const TICK_MS = 1_000;
const RETRY_MS = 5_000;
const MAX_RETRY_MS = 45_000;
const TOKEN_TIMEOUT_MS = 10_000;
const ATTEMPTS_BEFORE_STALLED = 3;

const SessionContext = createContext({ phase: "loading", offline: false, retry: () => {} });

const lifeLeft = (token) => {
  const payload = token.split(".")[1].replace(/-/g, "+").replace(/_/g, "/");
  return JSON.parse(atob(payload)).exp * 1000 - Date.now();
};

// A pushed token must outlive the time to the next heartbeat; Clerk's live for 60 s.
const readToken = async (getToken, minLife, fresh) => {
  const token = fresh ? null : await getToken();
  return token && lifeLeft(token) >= minLife ? token : getToken({ skipCache: true });
};

// Clerk retries by itself for minutes; meanwhile somebody may have signed out.
const within = (ms, promise) => {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error("no token in time")), ms);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
};

// Clerk takes an absolute proxy for an https one; a local backend elsewhere has to be spelled out.
const isLocalElsewhere = (proxyUrl) => proxyUrl?.startsWith("http:") ?? false;
const sdkAt = (base) => `${base}/npm/@clerk/clerk-js@6/dist/clerk.browser.js`;
const uiAt = (base) => `${base}/npm/@clerk/ui@1/dist/ui.browser.js`;

const loadUi = (options) =>
  new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = isLocalElsewhere(options.proxyUrl) ? uiAt(options.proxyUrl) : clerkUIScriptUrl(options);
    script.crossOrigin = "anonymous";
    for (const [name, value] of Object.entries(buildClerkUIScriptAttributes(options))) {
      script.setAttribute(name, value);
    }
    script.onload = () => resolve(window.__internal_ClerkUICtor);
    script.onerror = () => {
      script.remove();
      reject(new Error("Clerk's forms and menus could not be loaded"));
    };
    document.head.append(script);
  });

// Clerk's forms and menus weigh more than the page, and who is signed in is known without them. So
// they come when one of them is to be shown, or at the first sign of a person who might want one.
// Clerk's SDK makes one of these (its type ClerkUIConstructor) and asks it for whatever it shows.
const SIGNS_OF_A_PERSON = ["pointermove", "pointerdown", "touchstart", "keydown"];

const uiOnDemand = (options) =>
  class {
    constructor(...given) {
      this.given = given;
      this.ready = new Promise((resolve) => {
        this.isReady = resolve;
      });
      const prepare = () => this.load().catch(() => {});
      for (const sign of SIGNS_OF_A_PERSON) {
        window.addEventListener(sign, prepare, { once: true, passive: true });
      }
    }

    load() {
      this.loading ??= loadUi(options).then((Ui) => new Ui(...this.given));
      this.loading.then(this.isReady, () => {
        // The next one who wants it tries again.
        this.loading = null;
      });
      return this.loading;
    }

    async ensureMounted(how) {
      // With a hint something is to be shown; without one, only what is shown already changes.
      const ui = await (how?.preloadHint ? this.load() : this.ready);
      return ui.ensureMounted(how);
    }
  };

// Navigation goes through the app's own router, so that Clerk never has to reload the page.
export function ClerkRoot({ children, proxyUrl, publishableKey, ...props }) {
  const navigate = useNavigate();
  const ui = useMemo(() => ({ ClerkUI: uiOnDemand({ proxyUrl, publishableKey }) }), []);
  return (
    <ClerkProvider
      routerPush={(to) => navigate(to)}
      routerReplace={(to) => navigate(to, { replace: true })}
      publishableKey={publishableKey}
      proxyUrl={proxyUrl}
      __internal_clerkJSUrl={isLocalElsewhere(proxyUrl) ? sdkAt(proxyUrl) : undefined}
      ui={ui}
      {...props}
    >
      {children}
    </ClerkProvider>
  );
}

export function SessionBridge({ accepted, signedOut, refused, heartbeat, onPush, children }) {
  const heartbeatMs = heartbeat * 1_000;
  const { isLoaded, isSignedIn, sessionId, orgId, orgRole, getToken } = useAuth();
  const { status } = useClerk();
  const [, connectErrors] = useContext(EventLoopContext);
  const [stalled, setStalled] = useState(false);
  const offline = connectErrors.length > 0;
  // Without the role: Clerk's membership and its token can name different ones for a moment.
  const wanted = isSignedIn ? `${sessionId}:${orgId ?? ""}` : signedOut;
  const agreed = isLoaded && wanted === accepted;

  // What timers and pushes under way read: the latest view that was drawn.
  const view = useRef(null);
  useLayoutEffect(() => {
    view.current = { isLoaded, isSignedIn, agreed, offline, wanted, getToken, onPush };
  });
  const running = useRef(null);
  const last = useRef({ at: 0, attempts: 0 });

  const push = useCallback(async (fresh = false) => {
    const { isLoaded, isSignedIn, offline, wanted, getToken, onPush } = view.current;
    const other = running.current;
    if (!isLoaded || offline) return;
    if (other?.wanted === wanted && (other.fresh || !fresh)) return;
    const mine = (running.current = { wanted, fresh });
    last.current = { at: Date.now(), attempts: last.current.attempts + 1 };
    try {
      const token = isSignedIn ? await within(TOKEN_TIMEOUT_MS, readToken(getToken, heartbeatMs + RETRY_MS, fresh)) : "";
      // A null token: the session has just ended, and Clerk's next render says so. Another push
      // or another view: that one stands for what is true now.
      if (token !== null && running.current === mine && view.current.wanted === wanted) {
        onPush(token);
      }
    } catch {
      // Clerk is out of reach. The next tick tries again; the server's expiry holds meanwhile.
    } finally {
      if (running.current === mine) running.current = null;
    }
  }, []);

  useEffect(() => {
    if (!agreed) push();
  }, [isLoaded, wanted, accepted, offline]);

  useEffect(() => {
    if (!agreed) return;
    last.current.attempts = 0;
    setStalled(false);
  }, [agreed]);

  // The organization stays and the role changed: only a new session token says so.
  useEffect(() => {
    if (agreed && isSignedIn) push(true);
  }, [orgRole]);

  useEffect(() => {
    // By the clock rather than by long timers: after sleep the first tick finds itself late. A
    // clock that was set back counts as late too.
    const since = () => Math.abs(Date.now() - last.current.at);
    const tick = () => {
      const { agreed, offline } = view.current;
      const { attempts } = last.current;
      const backoff = Math.min(MAX_RETRY_MS, RETRY_MS * 2 ** Math.max(0, attempts - 1));
      // Half a tick early rather than half a tick late.
      if (since() + TICK_MS / 2 < (agreed ? heartbeatMs : backoff)) return;
      if (!agreed && !offline && attempts >= ATTEMPTS_BEFORE_STALLED) setStalled(true);
      push(!agreed);
    };
    const wake = () => {
      if (document.visibilityState === "visible" && since() >= RETRY_MS) push();
    };
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
  else if (stalled) phase = "stalled";

  const value = useMemo(() => ({ phase, offline, retry: () => push(true) }), [phase, offline]);
  return <SessionContext.Provider value={value}>{children}</SessionContext.Provider>;
}

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

// A button for what the server has to do: it waits for the websocket.
export function OnlineButton({ onPress, children, ...props }) {
  const { offline } = useContext(SessionContext);
  return (
    <button type="button" onClick={() => onPress()} disabled={offline} {...props}>
      {children}
    </button>
  );
}

export function SignInAs({ email, children, ...props }) {
  const clerk = useClerk();
  const open = () => clerk.openSignIn({ initialValues: { emailAddress: email } });
  return <button type="button" onClick={open} {...props}>{children}</button>;
}

export function UserEmail() {
  const { user } = useUser();
  return user?.primaryEmailAddress?.emailAddress ?? null;
}

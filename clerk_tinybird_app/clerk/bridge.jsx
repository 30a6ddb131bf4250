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
import { useLocation, useNavigate } from "react-router";
import {
  ClerkProvider,
  SignIn,
  SignInButton,
  SignUp,
  useAuth,
  useClerk,
  useUser,
} from "@clerk/react";
import { useConnectErrors } from "../../reflex_internals/served_app/event_loop.jsx";
import { Expectation, expected } from "./expectation.jsx";
import { useLeaving } from "./leaving.jsx";
import { tokenLifeLeft } from "./token_age.jsx";
import { sdkUrl, uiOnDemand } from "./ui_on_demand.jsx";

const TICK_MS = 1_000;
const RETRY_MS = 5_000;
const MAX_RETRY_MS = 45_000;
const TOKEN_TIMEOUT_MS = 10_000;
const ATTEMPTS_BEFORE_STALLED = 3;
// The refusal of a token for its age alone: a fresh one cures it. See clerk/errors.py.
const EXPIRED = "session_expired";

// `cause` is what keeps the session from being confirmed, as far as it is known: "clerk".
export const SessionContext = createContext({
  phase: "loading",
  offline: false,
  cause: "",
  retry: () => {},
});

// A pushed token must outlive the time to the next heartbeat; Clerk's live for 60 s.
const readToken = async (getToken, minLife, fresh) => {
  const token = fresh ? null : await getToken();
  return token && tokenLifeLeft(token) >= minLife ? token : getToken({ skipCache: true });
};

// Clerk retries by itself for minutes; meanwhile somebody may have signed out.
const within = (ms, promise) => {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error("no token in time")), ms);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
};

// Navigation goes through the app's own router, so that Clerk never has to reload the page. Clerk
// keeps what it is given first, which may be of a render that React gave up for another.
const router = { navigate: () => {} };
const routerPush = (to) => router.navigate(to);
const routerReplace = (to) => router.navigate(to, { replace: true });

// An address that names where to go after signing in may come from anybody; Clerk would follow it to
// every host of its instance's domain.
const ORIGIN = typeof window === "undefined" ? "" : window.location.origin;
const ALLOWED_ORIGINS = [ORIGIN];

const HOME = "/";
const FormPagesContext = createContext([]);

export function ClerkRoot({ children, proxyUrl, publishableKey, signInUrl, signUpUrl, ...props }) {
  const navigate = useNavigate();
  useLayoutEffect(() => {
    router.navigate = navigate;
  });
  const formPages = useMemo(() => [signInUrl, signUpUrl], [signInUrl, signUpUrl]);
  const ui = useMemo(() => ({ ClerkUI: uiOnDemand({ proxyUrl, publishableKey }) }), []);
  return (
    <ClerkProvider
      routerPush={routerPush}
      routerReplace={routerReplace}
      publishableKey={publishableKey}
      proxyUrl={proxyUrl}
      __internal_clerkJSUrl={sdkUrl(proxyUrl)}
      ui={ui}
      allowedRedirectOrigins={ALLOWED_ORIGINS}
      signInUrl={signInUrl}
      signUpUrl={signUpUrl}
      {...props}
    >
      <FormPagesContext.Provider value={formPages}>{children}</FormPagesContext.Provider>
    </ClerkProvider>
  );
}

export function SessionBridge({ accepted, signedOut, refused, heartbeat, onPush, children }) {
  const heartbeatMs = heartbeat * 1_000;
  const { isLoaded, isSignedIn, sessionId, orgId, orgRole, getToken } = useAuth();
  const { status } = useClerk();
  const connectErrors = useConnectErrors();
  const [stalled, setStalled] = useState(false);
  const [cause, setCause] = useState("");
  const offline = connectErrors.length > 0;
  const { isLeaving, isPending, isUnconfirmed } = useLeaving({ isLoaded, sessionId });
  // Whoever leaves is gone for this app, whether Clerk has heard of it or not.
  const isKnown = isLoaded || isPending;
  const isStaying = isSignedIn && !isLeaving;
  // Without the role: Clerk's membership and its token can name different ones for a moment.
  const wanted = isStaying ? `${sessionId}:${orgId ?? ""}` : signedOut;
  const agreed = isKnown && wanted === accepted;

  // What timers and pushes under way read: the latest view that was drawn.
  const view = useRef(null);
  useLayoutEffect(() => {
    view.current = { isKnown, isStaying, agreed, offline, wanted, getToken, onPush };
  });
  const running = useRef(null);
  const last = useRef({ at: 0, attempts: 0 });

  const push = useCallback(async (fresh = false) => {
    const { isKnown, isStaying, offline, wanted, getToken, onPush } = view.current;
    const other = running.current;
    if (!isKnown || offline) return;
    if (other?.wanted === wanted && (other.fresh || !fresh)) return;
    const mine = (running.current = { wanted, fresh });
    last.current = { at: Date.now(), attempts: last.current.attempts + 1 };
    try {
      const token = isStaying ? await within(TOKEN_TIMEOUT_MS, readToken(getToken, heartbeatMs + RETRY_MS, fresh)) : "";
      setCause("");
      // A null token: the session has just ended, and Clerk's next render says so. Another push
      // or another view: that one stands for what is true now.
      if (token !== null && running.current === mine && view.current.wanted === wanted) {
        onPush(token);
      }
    } catch {
      // Clerk is out of reach. The next tick tries again; the server's expiry holds meanwhile.
      setCause("clerk");
    } finally {
      if (running.current === mine) running.current = null;
    }
  }, []);

  useEffect(() => {
    if (!agreed) push();
  }, [isKnown, wanted, accepted, offline]);

  useEffect(() => {
    if (!agreed) return;
    last.current.attempts = 0;
    setStalled(false);
  }, [agreed]);

  // The organization stays and the role changed: only a new session token says so.
  useEffect(() => {
    if (agreed && isStaying) push(true);
  }, [orgRole]);

  // Whatever a clock says: a token that the server finds too old is replaced at once.
  useEffect(() => {
    if (refused === EXPIRED) push(true);
  }, [refused]);

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
  if (isPending) phase = isUnconfirmed ? "unconfirmed" : "leaving";
  else if (!isLoaded) phase = status === "error" ? "failed" : "loading";
  else if (!isStaying) phase = "signed-out";
  else if (agreed) phase = "signed-in";
  else if (refused && (refused !== EXPIRED || stalled)) phase = "refused";
  else if (stalled) phase = "stalled";

  const value = useMemo(
    () => ({ phase, offline, cause, retry: () => push(true) }),
    [phase, offline, cause],
  );
  return (
    <SessionContext.Provider value={value}>
      <Expectation />
      {children}
    </SessionContext.Provider>
  );
}

export function Phase({ when, children }) {
  const { phase } = useContext(SessionContext);
  const names = when.split(" ");
  const hint = expected(names);
  const isShown = names.includes(phase);
  if (!hint) return isShown ? children : null;
  // The same element before and after Clerk has loaded, so that what stands in it stays.
  if (phase === "loading") return <div className={`contents ${hint}`}>{children}</div>;
  return isShown ? <div className="contents">{children}</div> : null;
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

const withoutSlash = (pathname) => pathname.replace(/(.)\/$/, "$1");

// Where to go on after signing in: where one is, but for the home page and the forms' own pages, from
// which the settings say where to go.
const useWayBack = () => {
  const { pathname, search } = useLocation();
  if ([HOME, ...useContext(FormPagesContext)].includes(withoutSlash(pathname))) return {};
  const here = `${withoutSlash(pathname)}${search}`;
  return { fallbackRedirectUrl: here, signUpFallbackRedirectUrl: here };
};

// A form's own page is told by its address. Anybody can write that, so only a page of this app
// counts.
const useAskedFor = () => {
  const { search } = useLocation();
  const formPages = useContext(FormPagesContext);
  const asked = new URLSearchParams(search).get("redirect_url");
  if (!asked || !URL.canParse(asked, ORIGIN)) return undefined;
  const to = new URL(asked, ORIGIN);
  if (to.origin !== ORIGIN || formPages.includes(withoutSlash(to.pathname))) return undefined;
  return `${to.pathname}${to.search}`;
};

export function SignInForm() {
  const to = useAskedFor();
  return <SignIn routing="hash" fallbackRedirectUrl={to} signUpFallbackRedirectUrl={to} />;
}

export function SignUpForm() {
  const to = useAskedFor();
  return <SignUp routing="hash" fallbackRedirectUrl={to} signInFallbackRedirectUrl={to} />;
}

export function SignInHere({ mode, children }) {
  return <SignInButton mode={mode} {...useWayBack()}>{children}</SignInButton>;
}

export function SignInAs({ email, children, ...props }) {
  const clerk = useClerk();
  const wayBack = useWayBack();
  const open = () => clerk.openSignIn({ initialValues: { emailAddress: email }, ...wayBack });
  return <button type="button" onClick={open} {...props}>{children}</button>;
}

export function UserEmail() {
  const { user } = useUser();
  return user?.primaryEmailAddress?.emailAddress ?? null;
}

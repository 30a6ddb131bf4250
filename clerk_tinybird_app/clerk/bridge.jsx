// The connection between Clerk's browser SDK and the Reflex state. Clerk says who is signed in, the
// state says whom it has accepted, and the bridge sends session tokens until the two agree.
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
import { atBackend } from "../../reflex_internals/served_app/backend_address.jsx";
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
// The server refuses a token with this code because it is too old; a new token helps. See
// clerk/errors.py.
const EXPIRED = "session_expired";

// `cause` is the reason why the session cannot be confirmed, if it is known: "clerk". `onSent` takes
// a function that is called after each session token that is sent, and returns what ends that.
export const SessionContext = createContext({
  phase: "loading",
  offline: false,
  cause: "",
  retry: () => {},
  onSent: () => () => {},
});

// A token that is sent must live until the next heartbeat; Clerk's tokens live for 60 seconds.
const readToken = async (getToken, minLife, fresh) => {
  const token = fresh ? null : await getToken();
  return token && tokenLifeLeft(token) >= minLife ? token : getToken({ skipCache: true });
};

// Clerk retries by itself for minutes. Somebody may sign out in that time.
const within = (ms, promise) => {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error("no token in time")), ms);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
};

// Navigation uses the app's own router, so that Clerk never has to reload the page. Clerk keeps the
// first function that it gets, which may be from a render that React dropped. So this object stays.
const router = { navigate: () => {} };
const routerPush = (to) => router.navigate(to);
const routerReplace = (to) => router.navigate(to, { replace: true });

// Anybody can write the address to go to after sign-in. Clerk would go to all hosts of its
// instance's domain.
const ORIGIN = typeof window === "undefined" ? "" : window.location.origin;
const ALLOWED_ORIGINS = [ORIGIN];

const HOME = "/";
const FormPagesContext = createContext([]);

export function ClerkRoot({ children, publishableKey, signInUrl, signUpUrl, ...props }) {
  const navigate = useNavigate();
  const proxyUrl = atBackend(props.proxyUrl);
  useLayoutEffect(() => {
    router.navigate = navigate;
  });
  const formPages = useMemo(() => [signInUrl, signUpUrl], [signInUrl, signUpUrl]);
  const ui = useMemo(() => ({ ClerkUI: uiOnDemand({ proxyUrl, publishableKey }) }), []);
  return (
    <ClerkProvider
      {...props}
      routerPush={routerPush}
      routerReplace={routerReplace}
      publishableKey={publishableKey}
      proxyUrl={proxyUrl}
      __internal_clerkJSUrl={sdkUrl(proxyUrl)}
      ui={ui}
      allowedRedirectOrigins={ALLOWED_ORIGINS}
      signInUrl={signInUrl}
      signUpUrl={signUpUrl}
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
  // A user who signs out is signed out in this app at once, also when Clerk does not know it yet.
  const isKnown = isLoaded || isPending;
  const isStaying = isSignedIn && !isLeaving;
  // Without the role, because Clerk's membership and its token can have different roles for a
  // moment.
  const wanted = isStaying ? `${sessionId}:${orgId ?? ""}` : signedOut;
  const agreed = isKnown && wanted === accepted;

  // The latest view, for timers and for pushes that have not ended.
  const view = useRef(null);
  useLayoutEffect(() => {
    view.current = { isKnown, isStaying, agreed, offline, wanted, getToken, onPush };
  });
  const running = useRef(null);
  const last = useRef({ at: 0, attempts: 0 });
  const listeners = useRef(new Set());

  const push = useCallback(async (fresh = false) => {
    const { isKnown, isStaying, offline, wanted, getToken, onPush } = view.current;
    const other = running.current;
    if (!isKnown || offline) return;
    if (other?.wanted === wanted && (other.fresh || !fresh)) return;
    const mine = (running.current = { wanted, fresh });
    last.current = { at: Date.now(), attempts: last.current.attempts + 1 };
    try {
      const read = () => readToken(getToken, heartbeatMs + RETRY_MS, fresh);
      const token = isStaying ? await within(TOKEN_TIMEOUT_MS, read()) : "";
      setCause("");
      // With a null token the session has just ended, and Clerk's next render shows that. Another
      // push or another view means that this token is out of date.
      if (token !== null && running.current === mine && view.current.wanted === wanted) {
        onPush(token);
        if (token) listeners.current.forEach((tell) => tell());
      }
    } catch {
      // Clerk cannot be reached. The next tick tries again. The session still expires on the
      // server.
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

  // When only the role has changed, only a new session token shows it.
  useEffect(() => {
    if (agreed && isStaying) push(true);
  }, [orgRole]);

  // A token that the server finds too old is replaced at once, without a look at any clock.
  useEffect(() => {
    if (refused === EXPIRED) push(true);
  }, [refused]);

  useEffect(() => {
    // Compares times instead of using a long timer: after sleep the first tick sees that it is
    // late. A clock that was set back counts as late too.
    const since = () => Math.abs(Date.now() - last.current.at);
    const tick = () => {
      const { agreed, offline } = view.current;
      const { attempts } = last.current;
      const backoff = Math.min(MAX_RETRY_MS, RETRY_MS * 2 ** Math.max(0, attempts - 1));
      // With half a tick of tolerance, so that it is not a whole tick late.
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

  const onSent = useCallback((tell) => {
    listeners.current.add(tell);
    return () => listeners.current.delete(tell);
  }, []);
  const value = useMemo(
    () => ({ phase, offline, cause, retry: () => push(true), onSent }),
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
  // The same element before and after Clerk has loaded, so that its children stay mounted.
  if (phase === "loading") return <div className={`contents ${hint}`}>{children}</div>;
  return isShown ? <div className="contents">{children}</div> : null;
}

export function RetryButton({ children, ...props }) {
  const { retry } = useContext(SessionContext);
  return <button type="button" onClick={retry} {...props}>{children}</button>;
}

// A button for an action of the server. It is disabled while the websocket is down.
export function OnlineButton({ onPress, children, ...props }) {
  const { offline } = useContext(SessionContext);
  return (
    <button type="button" onClick={() => onPress()} disabled={offline} {...props}>
      {children}
    </button>
  );
}

const withoutSlash = (pathname) => pathname.replace(/(.)\/$/, "$1");

// The address after sign-in: the current page. For the home page and the pages of the forms it is
// the one in the settings.
const useReturnAddress = () => {
  const { pathname, search } = useLocation();
  if ([HOME, ...useContext(FormPagesContext)].includes(withoutSlash(pathname))) return {};
  const here = `${withoutSlash(pathname)}${search}`;
  return { fallbackRedirectUrl: here, signUpFallbackRedirectUrl: here };
};

// On the page of a form, the address of the next page is in the query. Anybody can write that, so
// only pages of this app are accepted.
const useRequestedPage = () => {
  const { search } = useLocation();
  const formPages = useContext(FormPagesContext);
  const asked = new URLSearchParams(search).get("redirect_url");
  if (!asked || !URL.canParse(asked, ORIGIN)) return undefined;
  const to = new URL(asked, ORIGIN);
  if (to.origin !== ORIGIN || formPages.includes(withoutSlash(to.pathname))) return undefined;
  return `${to.pathname}${to.search}`;
};

export function SignInForm() {
  const to = useRequestedPage();
  return <SignIn routing="hash" fallbackRedirectUrl={to} signUpFallbackRedirectUrl={to} />;
}

export function SignUpForm() {
  const to = useRequestedPage();
  return <SignUp routing="hash" fallbackRedirectUrl={to} signInFallbackRedirectUrl={to} />;
}

export function SignInHere({ mode, children }) {
  return <SignInButton mode={mode} {...useReturnAddress()}>{children}</SignInButton>;
}

export function SignInAs({ email, password, children, ...props }) {
  const clerk = useClerk();
  const navigate = useNavigate();
  const returnAddress = useReturnAddress();
  const signIn = async () => {
    try {
      await new Promise((resolve) => clerk.addOnLoaded(resolve));
      const made = await clerk.client.signIn.create({ identifier: email, password });
      // Without a session it would sign out.
      if (made.status !== "complete") throw new Error(made.status);
      await clerk.setActive({ session: made.createdSessionId });
      // A forced address of the settings wins over it.
      const here = returnAddress.fallbackRedirectUrl;
      const params = new URLSearchParams(here ? { sign_in_fallback_redirect_url: here } : {});
      const to = new URL(clerk.buildAfterSignInUrl({ params }), ORIGIN);
      navigate(`${to.pathname}${to.search}`);
    } catch {
      // Such as a password that was changed, or a second factor: the form asks for what is missing.
      clerk.openSignIn({ initialValues: { emailAddress: email }, ...returnAddress });
    }
  };
  return <button type="button" onClick={signIn} {...props}>{children}</button>;
}

export function UserEmail() {
  const { user } = useUser();
  return user?.primaryEmailAddress?.emailAddress ?? null;
}

// Small components that work in the browser only, without a request to the server.
import { useCallback, useEffect, useState } from "react";
import { useLocation } from "react-router";

// An icon beside words that say the same, and a button with nothing but one.
export const ICON = { className: "icon", "aria-hidden": true };
export const SQUARE = "button square quiet";

const BRIEF_MS = 2_000;

// A state that is `usual` again two seconds after it was set last.
export function useBriefly(usual) {
  const [state, setState] = useState({ now: usual });
  useEffect(() => {
    if (state.now === usual) return;
    const timer = setTimeout(() => setState({ now: usual }), BRIEF_MS);
    return () => clearTimeout(timer);
  }, [state]);
  return [state.now, useCallback((now) => setState({ now }), [])];
}

export function CopyButton({ text, label, children, ...props }) {
  const [state, setState] = useBriefly("idle");
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      setState("copied");
    } catch {
      // There is no permission, or the page is not served securely and so has no clipboard.
      setState("failed");
    }
  };
  const words = { idle: "Copy", copied: "Copied", failed: "Select and copy by hand" };
  return (
    <>
      <button
        type="button"
        onClick={copy}
        aria-label={`${words[state]}: ${label}`}
        title={children && words[state]}
        data-state={state}
        {...props}
      >
        {children ?? words[state]}
      </button>
      <span role="status" className="sr-only">
        {state === "idle" ? "" : `${words[state]}: ${label}`}
      </span>
    </>
  );
}

export function ReloadButton({ children, ...props }) {
  return (
    <button type="button" onClick={() => window.location.reload()} {...props}>
      {children}
    </button>
  );
}

// It moves the focus itself, because the router would treat the fragment as a navigation.
export function SkipLink({ target, children, ...props }) {
  const skip = (event) => {
    event.preventDefault();
    document.getElementById(target)?.focus();
  };
  return <a href={`#${target}`} onClick={skip} {...props}>{children}</a>;
}

const minutes = (seconds) =>
  `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;

// The browser's clock may be wrong. So the time counts from when this page first saw the token.
const clockOffsets = new Map();
const TOLERANCE_S = 30;

const clockOffset = (issuedAt) => {
  if (!clockOffsets.has(issuedAt)) {
    const offset = issuedAt - Math.floor(Date.now() / 1000);
    clockOffsets.set(issuedAt, Math.abs(offset) > TOLERANCE_S ? offset : 0);
  }
  return clockOffsets.get(issuedAt);
};

export function Countdown({ issuedAt, expiresAt, ...props }) {
  const [now, setNow] = useState(null);
  useEffect(() => {
    const tick = () => setNow(Math.floor(Date.now() / 1000) + clockOffset(issuedAt));
    tick();
    const timer = setInterval(tick, 1_000);
    return () => clearInterval(timer);
  }, [issuedAt]);
  if (now === null || !expiresAt) return <span {...props}>–</span>;
  const left = Math.max(0, expiresAt - now);
  const share = Math.min(100, (100 * left) / Math.max(1, expiresAt - issuedAt));
  return (
    <span {...props}>
      <span role="timer">{left ? `${minutes(left)} left` : "expired"}</span>
      <span className="time" aria-hidden="true"><i style={{ width: `${share}%` }} /></span>
    </span>
  );
}

// The space stays in the text: what is read aloud or copied is the whole name.
export function RowName({ text }) {
  const end = text.indexOf(" ") + 1;
  return <>{end ? <i>{text.slice(0, end)}</i> : null}{text.slice(end)}</>;
}

// Opens what the address asks for. A reconnect or a switch draws the page anew and so opens it
// again; it is brought into view once a navigation, not under somebody who reads elsewhere.
let shownFor = null;

export function OpenFromAddress({ parameter, target, onOpen }) {
  const { search, key } = useLocation();
  useEffect(() => {
    if (!new URLSearchParams(search).has(parameter)) return;
    onOpen(search);
    if (shownFor === key) return;
    shownFor = key;
    const place = document.getElementById(target);
    place?.scrollIntoView({ block: "start" });
    place?.focus({ preventScroll: true });
  }, [search, key]);
  return null;
}

// A press can remove the pressed element, such as a filter or a form. The focus then goes to the
// page's content and not to the beginning of the page. Signing in mounts the page and this
// component again, so the element with the focus is remembered outside of it.
let lastFocused = null;

export function FocusKeeper({ target }) {
  useEffect(() => {
    const remember = (event) => {
      lastFocused = event.target;
    };
    const restore = () => {
      if (!lastFocused || lastFocused.isConnected) return;
      if (document.activeElement !== document.body) return;
      // A dialog that closes keeps the page inert for a moment. Then the next change tries again.
      document.getElementById(target)?.focus({ preventScroll: true });
    };
    const observer = new MutationObserver(restore);
    const changes = { childList: true, subtree: true, attributeFilter: ["inert"] };
    document.addEventListener("focusin", remember);
    observer.observe(document.body, changes);
    restore();
    return () => {
      document.removeEventListener("focusin", remember);
      observer.disconnect();
    };
  }, [target]);
  return null;
}

// What Clerk's dialogs lack: a name, a fitting role, the label of a field.
const GAPS = [
  [".cl-modalContent:not([aria-label])", "aria-label", "Account"],
  [".cl-menuButtonEllipsis[role=menuitem]", "role", "button"],
  [".cl-tagInputContainer input:not([aria-label])", "aria-label", "E-mail addresses"],
];

export function ClerkNames() {
  useEffect(() => {
    const mend = () => {
      for (const [place, attribute, value] of GAPS) {
        for (const element of document.querySelectorAll(place)) {
          element.setAttribute(attribute, value);
        }
      }
    };
    const observer = new MutationObserver(mend);
    observer.observe(document.body, { childList: true, subtree: true });
    return () => observer.disconnect();
  }, []);
  return null;
}

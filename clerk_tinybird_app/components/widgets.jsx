// Small pieces that live in the browser alone: no round trip for a copy or a tick of the clock.
import { useEffect, useState } from "react";
import { useLocation } from "react-router";

const COPIED_MS = 2_000;

export function CopyButton({ text, label, ...props }) {
  const [state, setState] = useState("idle");
  useEffect(() => {
    if (state === "idle") return;
    const timer = setTimeout(() => setState("idle"), COPIED_MS);
    return () => clearTimeout(timer);
  }, [state]);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      setState("copied");
    } catch {
      // No permission, or a page that is not served securely and so has no clipboard.
      setState("failed");
    }
  };
  const words = { idle: "Copy", copied: "Copied", failed: "Select and copy by hand" };
  return (
    <>
      <button type="button" onClick={copy} aria-label={`${words[state]}: ${label}`} {...props}>
        {words[state]}
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

// Moves the focus itself: the router would take the fragment for a navigation.
export function SkipLink({ target, children, ...props }) {
  const skip = (event) => {
    event.preventDefault();
    document.getElementById(target)?.focus();
  };
  return <a href={`#${target}`} onClick={skip} {...props}>{children}</a>;
}

const minutes = (seconds) =>
  `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;

// A browser's clock may be wrong: what counts is when this page first saw the token.
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
      <span className="ring" style={{ "--share": `${share}%` }} aria-hidden="true" />
      <span role="timer">{left ? `${minutes(left)} left` : "expired"}</span>
    </span>
  );
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

// A press can take away what was pressed, such as a filter. The focus then starts anew at the page's
// content rather than at its very beginning.
export function FocusKeeper({ target }) {
  useEffect(() => {
    let last = null;
    const remember = (event) => {
      last = event.target;
    };
    const observer = new MutationObserver(() => {
      if (!last || last.isConnected || document.activeElement !== document.body) return;
      last = null;
      document.getElementById(target)?.focus({ preventScroll: true });
    });
    document.addEventListener("focusin", remember);
    observer.observe(document.body, { childList: true, subtree: true });
    return () => {
      document.removeEventListener("focusin", remember);
      observer.disconnect();
    };
  }, [target]);
  return null;
}

// Clerk's modals are dialogs without a name; a screen reader would say no more than "dialog".
export function DialogNames({ name }) {
  useEffect(() => {
    const label = () => {
      for (const dialog of document.querySelectorAll(".cl-modalContent:not([aria-label])")) {
        dialog.setAttribute("aria-label", name);
      }
    };
    const observer = new MutationObserver(label);
    observer.observe(document.body, { childList: true, subtree: true });
    return () => observer.disconnect();
  }, [name]);
  return null;
}

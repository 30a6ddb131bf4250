// Whether the app's server answers, and if not, why. An open websocket proves nothing, because a
// frozen server keeps it for minutes. So the server is asked for an answer.
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
import { isBackendNamed } from "../../reflex_internals/served_app/backend_address.jsx";
import { useConnectErrors } from "../../reflex_internals/served_app/event_loop.jsx";
import { SessionContext } from "../../clerk/components/bridge.jsx";
import { hasJumped, moment, msSince } from "./moment.jsx";

const TICK_MS = 250;
const PATIENCE_MS = 2_500;
// Longer than the server waits for Clerk's keys.
const LATE_MS = 6_000;
const AGAIN_MS = 5_000;
const MAX_AGAIN_MS = 40_000;

// `heard` holds the moment of the last sign of life.
export const PulseContext = createContext({
  trouble: "",
  heard: { current: null },
  check: () => {},
  askNow: () => {},
});

const useOnLine = () => {
  const [onLine, setOnLine] = useState(true);
  useEffect(() => {
    const look = () => setOnLine(navigator.onLine);
    look();
    window.addEventListener("online", look);
    window.addEventListener("offline", look);
    return () => {
      window.removeEventListener("online", look);
      window.removeEventListener("offline", look);
    };
  }, []);
  return onLine;
};

export function Pulse({ answered, onAsk, children }) {
  const connectErrors = useConnectErrors();
  const { cause, phase, retry } = useContext(SessionContext);
  const isDown = connectErrors.length > 0;
  const isUnconfirmed = phase === "syncing" || phase === "stalled";
  const onLine = useOnLine();
  const [isSilent, setSilent] = useState(false);
  // A machine without a network can still reach an app on the same machine.
  const [isReached, setReached] = useState(true);
  const heard = useRef(null);
  const asked = useRef(null);
  const send = useRef(null);
  useLayoutEffect(() => {
    send.current = () => onAsk(Date.now());
  });

  const check = useCallback(() => {
    if (asked.current) return;
    asked.current = { at: moment(), sent: moment(), tries: 0 };
    send.current();
  }, []);

  const askNow = useCallback(() => {
    asked.current ??= { at: moment(), tries: 0 };
    asked.current.sent = moment();
    send.current();
  }, []);

  useEffect(() => {
    heard.current = moment();
    asked.current = null;
    setSilent(false);
    setReached(true);
    // What the page sent meanwhile is lost, and the bridge would wait for its next try.
    if (isSilent && isUnconfirmed) retry();
  }, [answered]);

  // A server can take a page's websocket and fail at all of its events, from the first one on.
  useEffect(() => {
    const late = setTimeout(() => isUnconfirmed && check(), LATE_MS);
    return () => clearTimeout(late);
  }, [isUnconfirmed]);

  // When the connection has changed, earlier questions may never be answered.
  useEffect(() => {
    if (isDown || (onLine && !asked.current)) return;
    asked.current = null;
    setReached(onLine);
    check();
  }, [isDown, onLine]);

  // Every press may need the server.
  useEffect(() => {
    const pressed = (event) => {
      if (event.type === "change" || event.target.closest?.("button")) check();
    };
    document.addEventListener("click", pressed, true);
    document.addEventListener("change", pressed, true);
    const timer = setInterval(() => {
      const waiting = asked.current;
      if (!waiting) return;
      // The server could not answer while this machine slept.
      if (hasJumped(waiting.at)) waiting.at = moment();
      if (msSince(waiting.at) > PATIENCE_MS) setSilent(true);
      if (msSince(waiting.sent) < Math.min(MAX_AGAIN_MS, AGAIN_MS * 2 ** waiting.tries)) return;
      waiting.sent = moment();
      waiting.tries += 1;
      send.current();
    }, TICK_MS);
    return () => {
      document.removeEventListener("click", pressed, true);
      document.removeEventListener("change", pressed, true);
      clearInterval(timer);
    };
  }, []);

  // An answer of the server rules out all causes but this one.
  let trouble = cause === "clerk" ? "clerk" : "";
  if (isDown || isSilent) trouble = isBackendNamed() ? "app" : "unnamed";
  if (!onLine && (trouble || !isReached)) trouble = "offline";
  const value = useMemo(() => ({ trouble, heard, check, askNow }), [trouble]);
  return <PulseContext.Provider value={value}>{children}</PulseContext.Provider>;
}

export function CheckButton({ children, ...props }) {
  const { askNow } = useContext(PulseContext);
  return <button type="button" onClick={askNow} {...props}>{children}</button>;
}

export function Trouble({ when, children }) {
  return useContext(PulseContext).trouble === when ? children : null;
}

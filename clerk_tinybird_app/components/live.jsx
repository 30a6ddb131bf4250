// The dashboard's pulse: the browser decides when to ask, because only it knows whether anybody
// looks. The server asks Tinybird and answers through the state.
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
import { useLocation } from "react-router";
import { EventLoopContext } from "$/utils/context-registry";

const TICK_MS = 250;
// A refresh that has not ended by now was lost with its websocket.
const LOST_MS = 40_000;

const LiveContext = createContext({ paused: false, toggle: () => {}, now: () => {}, every: 0 });

const zone = () => Intl.DateTimeFormat().resolvedOptions().timeZone ?? "UTC";

export function LiveView({ every, isLive, finished, onRefresh, children }) {
  const { pathname, search } = useLocation();
  const [, connectErrors] = useContext(EventLoopContext);
  const offline = connectErrors.length > 0;
  const [paused, setPaused] = useState(false);
  const last = useRef({ number: 0, at: 0 });

  // What the timer reads: the latest view that was drawn.
  const view = useRef(null);
  useLayoutEffect(() => {
    view.current = { pathname, search, offline, paused, isLive, finished, onRefresh };
  });

  const refresh = useCallback(() => {
    const { pathname, search, offline, onRefresh } = view.current;
    if (offline) return;
    // By the clock, so that a number of an earlier visit to the page never looks finished.
    last.current = { number: Date.now(), at: Date.now() };
    onRefresh(last.current.number, pathname, search, zone());
  }, []);

  useEffect(() => {
    refresh();
  }, [pathname, search, offline]);

  useEffect(() => {
    const tick = () => {
      const { paused, isLive, finished } = view.current;
      if (paused || !isLive || document.hidden) return;
      const since = Math.abs(Date.now() - last.current.at);
      const isUnderWay = finished !== last.current.number && since < LOST_MS;
      if (!isUnderWay && since + TICK_MS / 2 >= every * 1_000) refresh();
    };
    const timer = setInterval(tick, TICK_MS);
    document.addEventListener("visibilitychange", tick);
    return () => {
      clearInterval(timer);
      document.removeEventListener("visibilitychange", tick);
    };
  }, [every]);

  const toggle = useCallback(() => setPaused((value) => !value), []);
  const value = useMemo(() => ({ paused, toggle, refresh }), [paused]);
  return <LiveContext.Provider value={value}>{children}</LiveContext.Provider>;
}

export function PauseButton(props) {
  const { paused, toggle } = useContext(LiveContext);
  const label = paused ? "Resume live updates" : "Pause live updates";
  return (
    <button type="button" onClick={toggle} aria-pressed={paused} aria-label={label} title={label} {...props}>
      <span aria-hidden="true">{paused ? "▶" : "❚❚"}</span>
    </button>
  );
}

export function RefreshButton({ children, ...props }) {
  const { refresh } = useContext(LiveContext);
  return <button type="button" onClick={refresh} {...props}>{children}</button>;
}

const ago = (seconds) => {
  if (seconds < 60) return `${seconds} s ago`;
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min ago`;
  return `${Math.floor(seconds / 3_600)} h ago`;
};

// A browser's clock may be wrong: an age counts from when this page first saw the data.
const arrivals = new Map();
const arrival = (at) => {
  if (!arrivals.has(at)) {
    if (arrivals.size > 500) arrivals.clear();
    arrivals.set(at, Date.now());
  }
  return arrivals.get(at);
};

function useAge(at) {
  const [age, setAge] = useState(0);
  useEffect(() => {
    if (!at) return;
    const since = arrival(at);
    const tick = () => setAge(Math.max(0, Math.floor((Date.now() - since) / 1_000)));
    tick();
    const timer = setInterval(tick, 1_000);
    return () => clearInterval(timer);
  }, [at]);
  return age;
}

export function Age({ at, ...props }) {
  const age = useAge(at);
  return <span {...props}>{at ? ago(age) : ""}</span>;
}

export function LiveStatus({ at, isLive, stale, ...props }) {
  const { paused } = useContext(LiveContext);
  const age = useAge(at);
  let word = isLive ? "live" : "fixed period";
  if (paused) word = "paused";
  if (stale) word = "stale";
  const tone = stale ? "bg-bad" : paused || !isLive ? "bg-soft" : "bg-ok";
  return (
    <span {...props}>
      <span className={`inline-block size-2 rounded-full mr-1.5 ${tone}`} aria-hidden="true" />
      {word}{at ? `, ${ago(age)}` : ""}
    </span>
  );
}

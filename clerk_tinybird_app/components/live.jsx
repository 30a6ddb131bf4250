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
const DAY_S = 86_400;
const RATES_S = [2, 5, 10, 30, 60, 300];
const KEPT_RATE = "dashboard-refresh-seconds";

const LiveContext = createContext({
  paused: false,
  toggle: () => {},
  refresh: () => {},
  every: 0,
  rates: [],
  choose: () => {},
});

// A reconnect or a switch draws the page anew; whoever paused it has paused it all the same.
let keptPaused = false;

// A private window may have no storage; the rate then holds until the page is left.
const keptRate = () => {
  try {
    return Number(localStorage.getItem(KEPT_RATE));
  } catch {
    return 0;
  }
};
const keepRate = (seconds) => {
  try {
    localStorage.setItem(KEPT_RATE, String(seconds));
  } catch {}
};

const zone = () => Intl.DateTimeFormat().resolvedOptions().timeZone ?? "UTC";

export function LiveView({ usual, least, isLive, isFailing, finished, onRefresh, children }) {
  const { pathname, search } = useLocation();
  const [, connectErrors] = useContext(EventLoopContext);
  const offline = connectErrors.length > 0;
  const [paused, setPaused] = useState(keptPaused);
  const [chosen, setChosen] = useState(keptRate);
  const rates = useMemo(
    () => [...new Set([...RATES_S.filter((rate) => rate >= least), usual])].sort((a, b) => a - b),
    [usual, least],
  );
  const every = rates.includes(chosen) ? chosen : usual;
  const last = useRef({ number: 0, at: 0 });

  // What the timer reads: the latest view that was drawn.
  const view = useRef(null);
  useLayoutEffect(() => {
    view.current = { pathname, search, offline, paused, isLive, isFailing, finished, onRefresh };
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
      const { paused, isLive, isFailing, finished } = view.current;
      // A period that has ended stays as it is, once it is there.
      if (paused || document.hidden || !(isLive || isFailing)) return;
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

  const toggle = useCallback(() => {
    keptPaused = !keptPaused;
    setPaused(keptPaused);
  }, []);
  const choose = useCallback((seconds) => {
    keepRate(seconds);
    setChosen(seconds);
  }, []);
  const value = useMemo(
    () => ({ paused, toggle, refresh, every, rates, choose }),
    [paused, every, rates],
  );
  return <LiveContext.Provider value={value}>{children}</LiveContext.Provider>;
}

export function PauseButton(props) {
  const { paused, toggle } = useContext(LiveContext);
  const label = paused ? "Resume live updates" : "Pause live updates";
  return (
    <button type="button" onClick={toggle} aria-label={label} title={label} {...props}>
      <span aria-hidden="true">{paused ? "▶" : "❚❚"}</span>
    </button>
  );
}

const rateName = (seconds) => (seconds % 60 ? `${seconds} s` : `${seconds / 60} min`);

export function RateChoice({ queries, label, ...props }) {
  const { every, rates, choose } = useContext(LiveContext);
  const cost = Math.round((DAY_S / every) * queries).toLocaleString("en");
  return (
    <label {...props}>
      {label}{" "}
      <select
        value={every}
        onChange={(event) => choose(Number(event.target.value))}
        className="bg-bg text-ink border border-control font-mono text-[13px] px-1 py-0.5"
      >
        {rates.map((rate) => (
          <option key={rate} value={rate}>{rateName(rate)}</option>
        ))}
      </select>{" "}
      <span>{cost} queries a day</span>
    </label>
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

// A browser's clock may be wrong: the server's times are shifted by as much as the data that came
// the fastest seems to have come late.
let skew = Infinity;
const arrival = (at) => {
  skew = Math.min(skew, Date.now() - at * 1_000);
  return at * 1_000 + skew;
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

const clock = (at) => new Date(arrival(at)).toLocaleTimeString("en-GB");

// What holds only while the page asks by itself.
export function Unpaused({ children }) {
  return useContext(LiveContext).paused ? null : children;
}

// The time from which what is shown is out of date, by the viewer's own clock.
export function Since({ at, ...props }) {
  return <span {...props}>{at ? clock(at) : ""}</span>;
}

export function LiveStatus({ at, isLive, isFailing, staleSince, ...props }) {
  const { paused } = useContext(LiveContext);
  const age = useAge(at);
  let word = isLive ? "live" : "fixed period";
  if (paused) word = "paused";
  if (isFailing) word = "incomplete";
  if (staleSince) word = `stale since ${clock(staleSince)}`;
  const tone = isFailing ? "bg-bad" : paused || !isLive ? "bg-soft" : "bg-ok";
  return (
    <span {...props}>
      <span className={`inline-block size-2 rounded-full mr-1.5 ${tone}`} aria-hidden="true" />
      {word}{at && !staleSince ? `, ${ago(age)}` : ""}
    </span>
  );
}

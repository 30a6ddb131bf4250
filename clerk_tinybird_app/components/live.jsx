// The refreshes of the dashboard. The browser decides when to ask, because only it knows whether
// somebody looks. The server asks Tinybird and answers through the state.
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
import { ChevronDown, Pause, Play, TriangleAlert } from "lucide-react";
import { useLocation } from "react-router";
import { SessionContext } from "../../clerk/components/bridge.jsx";
import { store, stored } from "../../clerk/components/storage.jsx";
import { useConnectErrors } from "../../reflex_internals/served_app/event_loop.jsx";
import { earlier, hasJumped, moment, msSince, ownZone, timeOfDay } from "../pulse/moment.jsx";
import { PulseContext } from "../pulse/pulse.jsx";
import { ICON } from "../widgets/widgets.jsx";
import { useKeptScroll, without } from "./address.jsx";
import { ifFree, inTurn } from "./tab_turns.jsx";

const TICK_MS = 250;
// After this time a refresh without an answer is lost: its websocket has closed.
const LOST_MS = 40_000;
// The same of one that went out early: the server may have had it before the session.
const EARLY_LOST_MS = 5_000;
// How long a page holds its turn for the session token that its first refresh waits for.
const AHEAD_MS = 2_000;
// Data that is older than so many refreshes is not live any more.
const LATE_REFRESHES = 3;
// When a refresh takes longer than this, the reason is looked for.
const SLOW_MS = 2_000;
// The longest wait between two tries after a failure, unless the viewer's own interval is longer.
const MAX_RETRY_S = 10;
const DAY_S = 86_400;
const RATES_S = [2, 5, 10, 30, 60, 300];
const KEPT_RATE = "dashboard-refresh-seconds";

const NOT_YET = "The numbers have not come yet.";
const NOT_NEW_YET = "The newest numbers have not come yet.";
const ON_TIME = { since: "", cause: "" };
// What keeps every answer away, and not this page's alone.
const CUT_OFF = { offline: "Offline", app: "No connection" };

const LiveContext = createContext({
  paused: false,
  toggle: () => {},
  refresh: () => {},
  every: 0,
  at: 0,
  behind: 0,
  hasEnded: false,
  isLive: true,
  isFailing: false,
  rates: [],
  choose: () => {},
  delay: ON_TIME,
  cutOff: "",
  zone: "",
});

// A reconnect or a switch of the tenant mounts the page again. A paused page stays paused.
let keptPaused = false;

// The moment that each data set is of, by this tab's clock. Its time on the server only identifies
// it, because the clocks differ: what counts is how far behind the data was when it came. The data
// on the page is looked up every second, so it is never among the oldest entries.
const KEPT_ARRIVALS = 100;
const arrivals = new Map();
const arrival = (at, behind) => {
  const then = arrivals.get(at) ?? earlier(moment(), behind * 1_000);
  arrivals.delete(at);
  arrivals.set(at, then);
  if (arrivals.size > KEPT_ARRIVALS) arrivals.delete(arrivals.keys().next().value);
  return then;
};

// The server's time in seconds, whatever this machine's clock says.
const serverNow = (at, behind) => at + msSince(arrival(at, behind)) / 1_000;

// Failures make the interval longer. A random part spreads the tabs that failed at the same time.
const pauseMs = (every, failures, chance) => {
  if (!failures) return every * 1_000;
  const longer = Math.min(every * 2 ** failures, Math.max(every, MAX_RETRY_S));
  return longer * (0.75 + chance / 2) * 1_000;
};

// The first refresh of a page goes out right behind the session token, and not when the page has
// been drawn: the two take about as long. The view that is then drawn takes it over.
let early = null;
// Whether this tab has its turn for that one: a view that queued then would wait for itself.
let hasEarlyTurn = false;
// Uses or gives back the turn that was taken ahead.
let settleTurn = () => {};

export function EarlyRefresh({ apart, least, onRefresh }) {
  const { phase, onSent } = useContext(SessionContext);
  const { pathname, search } = useLocation();
  const view = useRef(null);
  useLayoutEffect(() => {
    view.current = { phase, pathname, search: without(search, apart), onRefresh };
  });
  useEffect(() => {
    const ask = () => {
      const { phase, pathname, search, onRefresh } = view.current ?? {};
      // A page that stands already asks for itself.
      if (!onRefresh || phase === "signed-in") return false;
      early = { number: Date.now(), asked: moment(), pathname, search };
      const kept = Number(stored(KEPT_RATE));
      const every = RATES_S.includes(kept) && kept >= least ? kept : 0;
      onRefresh(early.number, pathname, search, ownZone(), every);
      return true;
    };
    // Behind other tabs it would not be early.
    const takeTurn = async (ready) => {
      hasEarlyTurn = true;
      await ifFree(least * 1_000, ready, ask);
      hasEarlyTurn = false;
    };
    // Turns are the browser's to give, which takes a while, so this one is taken while Clerk loads.
    if (!hasEarlyTurn && view.current.phase !== "signed-in") {
      const ready = new Promise((done) => { settleTurn = done; });
      setTimeout(settleTurn, AHEAD_MS, false);
      takeTurn(ready);
    }
    const unsubscribe = onSent(() => {
      // What went out behind an earlier token may not be answered for this one.
      early = null;
      if (hasEarlyTurn) settleTurn(true);
      else takeTurn(true);
    });
    return () => {
      view.current = null;
      settleTurn(false);
      unsubscribe();
    };
  }, []);
  return null;
}

const NOT_ASKED = { number: 0, asked: null };
const takeEarly = (pathname, search) => {
  settleTurn(false);
  const taken = early;
  early = null;
  const isIts = taken && taken.pathname === pathname && taken.search === search;
  const { number, asked } = isIts && msSince(taken.asked) < SLOW_MS ? taken : NOT_ASKED;
  const lostMs = EARLY_LOST_MS;
  return { number, asked, lostMs, isLost: false, failures: 0, chance: Math.random() };
};

export function LiveView(props) {
  const { usual, least, at, behind, isLive, isFailing, finished, zone, children } = props;
  const { pathname, search: whole } = useLocation();
  const search = without(whole, props.apart);
  useKeptScroll();
  const connectErrors = useConnectErrors();
  const { trouble, heard, check } = useContext(PulseContext);
  const isDown = connectErrors.length > 0;
  const isMounted = useRef(false);
  const [paused, setPaused] = useState(keptPaused);
  const [chosen, setChosen] = useState(() => Number(stored(KEPT_RATE)));
  const [delay, setDelay] = useState(ON_TIME);
  const rates = useMemo(
    () => [...new Set([...RATES_S.filter((rate) => rate >= least), usual])].sort((a, b) => a - b),
    [usual, least],
  );
  const every = rates.includes(chosen) ? chosen : usual;

  // The latest view, for the timer.
  const view = useRef(null);
  useLayoutEffect(() => {
    view.current = { ...props, pathname, search, isDown, trouble, paused, every };
  });
  // The last refresh. `isLost` when its answer is no longer expected.
  const last = useRef(null);
  last.current ??= takeEarly(pathname, search);
  const isAsked = useRef(Boolean(last.current.asked));
  // Whether any refresh of this page has ended: before that nothing is known of the data.
  const hasEnded = useRef(false);
  if (finished && finished === last.current.number) hasEnded.current = true;
  // How long the turns of other tabs take before this one.
  const waitMs = useRef(0);
  const isQueued = useRef(false);
  // When a refresh last ended, for a page without data, and when the server was asked for the
  // reason.
  const ended = useRef(null);
  ended.current ??= moment();
  const checked = useRef(ended.current);

  const ask = useCallback((failures = 0) => {
    const { pathname, search, every, onRefresh } = view.current;
    // The time as the number, so that a number of an earlier visit is never taken for this one.
    const number = Date.now();
    last.current = {
      ...{ number, asked: moment(), lostMs: LOST_MS },
      ...{ isLost: false, failures, chance: Math.random() },
    };
    onRefresh(number, pathname, search, ownZone(), every);
  }, []);

  const isDue = useCallback(() => {
    const { isDown, paused, isLive, isFailing, finished, every, at, behind, turnsAt } =
      view.current;
    const { number, asked, lostMs, isLost, failures, chance } = last.current;
    if (isDown) return false;
    if (!asked) return true;
    if (paused || document.hidden) return false;
    const hasEnded = finished === number;
    // The data of a past period does not change, so it is fetched only once: yesterday's until
    // midnight.
    const isAnother = turnsAt && at && serverNow(at, behind) >= turnsAt;
    if (!isLive && hasEnded && !isFailing && !isAnother) return false;
    // After sleep the page is out of date and a running refresh is lost. A clock that was set looks
    // the same.
    if (isLost || hasJumped(asked)) return true;
    const since = msSince(asked);
    if (!hasEnded) return since >= lostMs;
    // With half a tick of tolerance, so that it is not a whole tick late.
    return since + TICK_MS / 2 >= pauseMs(every, failures, chance);
  }, []);

  const askInTurn = useCallback(async () => {
    if (isQueued.current || hasEarlyTurn || !isDue()) return;
    isQueued.current = true;
    const queued = (ms) => {
      waitMs.current = ms;
    };
    await inTurn(least * 1_000, queued, () => {
      if (!isMounted.current || !isDue()) return false;
      const { number, asked, failures } = last.current;
      const { finished, isFailing } = view.current;
      const wentWell = !asked || (finished === number && !isFailing);
      ask(wentWell ? 0 : failures + 1);
      return true;
    });
    isQueued.current = false;
  }, [least]);

  // The age of the data alone decides whether it is out of date. The reason may come later.
  const look = useCallback(() => {
    const { at, behind, staleSince, staleReason, isLive, isFailing, finished, every, paused } =
      view.current;
    const { trouble, zone } = view.current;
    const { number, asked, failures, chance } = last.current;
    const isSlow = asked && finished !== number && msSince(asked) > SLOW_MS;
    if (isSlow && msSince(checked.current) > SLOW_MS) {
      checked.current = moment();
      check();
    }
    const shown = staleSince || at;
    const then = shown ? arrival(shown, behind) : ended.current;
    // What was behind already when it came on time is not late.
    const lateMs =
      behind * 1_000 + LATE_REFRESHES * (pauseMs(every, failures, chance) + waitMs.current);
    const isAwaited = isLive || (!hasEnded.current && !at);
    const isLate = isAwaited && !paused && msSince(then) > lateMs;
    let next = ON_TIME;
    if (staleSince || isLate) {
      // What failed before anything came is said in the place of the data.
      const isSaid = isFailing && !at;
      const isTinybird = isSlow && !isSaid && msSince(heard.current) < msSince(asked);
      const reason = staleReason || (isTinybird ? (at ? NOT_NEW_YET : NOT_YET) : "");
      // Problems of the whole app are shown above the page.
      next = { since: timeOfDay(then, zone), cause: CUT_OFF[trouble] ? "" : reason };
    }
    setDelay((now) => (now.since === next.since && now.cause === next.cause ? now : next));
  }, []);

  useEffect(() => {
    ended.current = moment();
  }, [finished]);

  useEffect(() => {
    isMounted.current = true;
    const tick = () => {
      look();
      askInTurn();
    };
    const timer = setInterval(tick, TICK_MS);
    document.addEventListener("visibilitychange", tick);
    return () => {
      isMounted.current = false;
      clearInterval(timer);
      document.removeEventListener("visibilitychange", tick);
    };
  }, [askInTurn]);

  useEffect(() => {
    if (isDown) return;
    const isAskedAlready = isAsked.current;
    isAsked.current = false;
    if (isAskedAlready) return;
    // A new view is asked for at once. A page that was only mounted again may be one of many tabs.
    if (last.current.asked) ask();
    else askInTurn();
  }, [pathname, search, isDown]);

  useEffect(() => {
    if (!trouble) return;
    return () => {
      last.current.isLost = true;
    };
  }, [trouble]);

  const toggle = useCallback(() => {
    keptPaused = !keptPaused;
    setPaused(keptPaused);
  }, []);
  const choose = useCallback((seconds) => {
    store(KEPT_RATE, String(seconds));
    setChosen(seconds);
  }, []);
  const refresh = useCallback(() => {
    check();
    const { number, asked, isLost } = last.current;
    // Its answer is on the way: asking anew would only put it off.
    const isUnderWay = asked && !isLost && view.current.finished !== number;
    if (isUnderWay && msSince(asked) < SLOW_MS) return;
    if (!view.current.isDown) ask();
  }, []);
  const cutOff = CUT_OFF[trouble] ?? "";
  const value = useMemo(
    () => ({
      ...{ at, behind, isLive, isFailing, every, rates, paused, delay, cutOff, zone },
      ...{ hasEnded: hasEnded.current, toggle, refresh, choose },
    }),
    [at, behind, isLive, isFailing, every, rates, paused, delay, cutOff, zone, hasEnded.current],
  );
  return <LiveContext.Provider value={value}>{children}</LiveContext.Provider>;
}

// Data that is out of date stays, and is dimmed.
export function Dimmed({ children, className = "", ...props }) {
  const { delay, cutOff } = useContext(LiveContext);
  const isOld = delay.since || cutOff;
  return <div className={isOld ? `${className} old` : className} {...props}>{children}</div>;
}

const pauseLabel = (paused) => (paused ? "Resume live updates" : "Pause live updates");

// What the button does, as an item of a menu says it.
export function PauseFace() {
  const { paused } = useContext(LiveContext);
  const Icon = paused ? Play : Pause;
  return <><Icon {...ICON} />{pauseLabel(paused)}</>;
}

export function PauseButton(props) {
  const { paused, toggle, cutOff } = useContext(LiveContext);
  const label = pauseLabel(paused);
  const Icon = paused ? Play : Pause;
  return (
    <button
      type="button"
      onClick={toggle}
      disabled={Boolean(cutOff)}
      aria-label={label}
      title={`${label} (P)`}
      aria-keyshortcuts="P"
      {...props}
    >
      <Icon {...ICON} className="icon filled" />
    </button>
  );
}

const rateName = (seconds) => (seconds % 60 ? `${seconds} s` : `${seconds / 60} min`);

export function Rate() {
  const { every } = useContext(LiveContext);
  return (
    <>
      <span className="sr-only">Refresh rate: </span>
      {rateName(every)}
      <ChevronDown {...ICON} />
    </>
  );
}

export function RateChoice({ queries, label, ...props }) {
  const { every, rates, choose } = useContext(LiveContext);
  const cost = Math.round((DAY_S / every) * queries).toLocaleString("en");
  return (
    <>
      <label {...props}>
        <span>{label}</span>
        <select
          value={every}
          onChange={(event) => choose(Number(event.target.value))}
          className="input"
        >
          {rates.map((rate) => (
            <option key={rate} value={rate}>{rateName(rate)}</option>
          ))}
        </select>
      </label>
      {queries ? <p className="font-mono">{cost} queries a day</p> : null}
    </>
  );
}

export function RefreshButton({ children, ...props }) {
  const { refresh, cutOff } = useContext(LiveContext);
  return (
    <button type="button" onClick={refresh} disabled={Boolean(cutOff)} {...props}>
      {children}
    </button>
  );
}

const ago = (seconds) => {
  if (seconds < 60) return `${seconds} s ago`;
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min ago`;
  return `${Math.floor(seconds / 3_600)} h ago`;
};

function useAge(at) {
  const { behind } = useContext(LiveContext);
  const [age, setAge] = useState(0);
  useEffect(() => {
    if (!at) return;
    const tick = () => setAge(Math.floor(msSince(arrival(at, behind)) / 1_000));
    tick();
    const timer = setInterval(tick, 1_000);
    document.addEventListener("visibilitychange", tick);
    return () => {
      clearInterval(timer);
      document.removeEventListener("visibilitychange", tick);
    };
  }, [at]);
  return age;
}

// The time from which what is shown is out of date, by the viewer's own clock, in the view's zone.
export function Since({ at, ...props }) {
  const { behind, zone } = useContext(LiveContext);
  useAge(at);
  return <span {...props}>{at ? timeOfDay(arrival(at, behind), zone) : ""}</span>;
}

// The reason for a delay that concerns only this page, with its children after it.
export function DelayNotice({ children, ...props }) {
  const { at, paused, delay } = useContext(LiveContext);
  if (!delay.cause) return null;
  const stays = at ? " The last data stays." : "";
  return (
    <div {...props}>
      <TriangleAlert {...ICON} />
      <span>
        <b>{delay.cause}</b>
        {stays}
        {paused ? "" : " It is being tried again by itself."}
      </span>
      {children}
    </div>
  );
}

// A dot's look, a text's, and the words.
const told = (live, age) => {
  const { at, behind, hasEnded, isLive, isFailing, paused, delay, cutOff, zone } = live;
  const until = delay.since || (at ? timeOfDay(arrival(at, behind), zone) : "");
  if (cutOff) return ["off", "text-bad", until ? `${cutOff} since ${until}` : cutOff];
  // A tenant without rows has no data either, and is told so by an answer.
  if (!at && (isFailing || !hasEnded)) {
    return isFailing || delay.since ? ["late", "text-warn", "No data yet"] : ["still", "", "Loading"];
  }
  if (delay.since) return ["late", "text-warn", `Delayed, data until ${until}`];
  const updated = at ? `, updated ${ago(age)}` : "";
  if (isFailing) return ["late", "text-warn", `Incomplete${updated}`];
  if (paused) return ["still", "", `Paused${updated}`];
  return isLive ? ["live", "", `Live${updated}`] : ["still", "", `Fixed period${updated}`];
};

export function LiveStatus(props) {
  const live = useContext(LiveContext);
  const [dot, tone, words] = told(live, useAge(live.at));
  return (
    <span {...props}>
      <span className={`dot ${dot}`} aria-hidden="true" />
      <span className={tone}>{words}</span>
    </span>
  );
}

// The filters of a dashboard: a button and the chips of what is chosen, which open a box in which
// every filter has its values, each with how often it is there. A value is a link to the view with
// or without it, so a choice is in force at once and the box stays open.
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
import { Check, Search, TriangleAlert } from "lucide-react";
import { Link, useLocation, useNavigate } from "react-router";
import { useLeaving } from "../../popover/popover.jsx";
import { ownZone } from "../../pulse/moment.jsx";
import { ICON } from "../../widgets/widgets.jsx";
import { chosenIn, toggled, withChosen } from "./filter_address.jsx";

const FIND_MS = 250;
// After this time an answer is not expected any more.
const LOST_MS = 15_000;
const LOST = "No answer came.";
const PLACES = [88, 64, 72, 48, 56, 40, 60, 36];

const isTouch = () => window.matchMedia("(pointer: coarse)").matches;

const FilterContext = createContext(null);

// Props: see filters.py. `filters` are those of the page: name, label, isMany, hasFixed, isTyped.
export function FilterBar({ filters, hidden, children, ...props }) {
  const { offered, problem, finished, mostTyped, onAsk, ...others } = props;
  const [open, setOpen] = useState("");
  const opener = useRef(null);
  const shown = filters.filter(({ name }) => !hidden.includes(name));
  const toggle = useCallback((name, button) => {
    opener.current = button;
    setOpen((now) => (now && (!name || name === now) ? "" : name || "?"));
  }, []);
  const close = useCallback(() => {
    setOpen("");
    const button = opener.current?.isConnected ? opener.current : null;
    (button ?? document.getElementById("filter-button"))?.focus();
  }, []);
  const leave = useCallback(() => setOpen(""), []);
  const value = useMemo(
    () => ({ open, toggle, names: shown.map(({ name }) => name) }),
    [open, hidden],
  );
  const current = shown.find(({ name }) => name === open) ?? shown[0];
  return (
    <FilterContext.Provider value={value}>
      <div {...others}>
        {children}
        {open && current ? (
          <Picker
            {...{ current, offered, problem, finished, mostTyped, onAsk, close, leave }}
            filters={shown}
            pick={setOpen}
          />
        ) : null}
      </div>
    </FilterContext.Provider>
  );
}

// Opens the box, at the filter `name` where there is one; words alone where it is not offered.
export function OpenFilter({ name = "", children, ...props }) {
  const { open, toggle, names } = useContext(FilterContext);
  if (name && !names.includes(name)) return <span title={props.title}>{children}</span>;
  return (
    <button
      type="button"
      aria-haspopup="dialog"
      aria-expanded={name ? open === name : Boolean(open)}
      onClick={(event) => toggle(name, event.currentTarget)}
      {...props}
    >
      {children}
    </button>
  );
}

// The address as it is, or as it is about to be: the next press goes on from there, however soon.
function useWanted() {
  const { search: shown } = useLocation();
  const [search, setSearch] = useState(shown);
  const wanted = useRef(null);
  useEffect(() => {
    if (wanted.current !== null && wanted.current !== shown) return;
    wanted.current = null;
    setSearch(shown);
  }, [shown]);
  const want = (next) => {
    wanted.current = next === shown ? null : next;
    setSearch(next);
  };
  return [search, want];
}

// What the server knows of a filter's values, asked for when it is looked at.
function useOffered({ current, offered, problem, finished, onAsk }, text, search) {
  const others = withChosen(search, current.name, { values: [] });
  const [asked, setAsked] = useState({ number: 0, name: "", text: "" });
  const [tries, setTries] = useState(0);
  const [isLost, setLost] = useState(false);
  const [held, setHeld] = useState("");
  // While somebody types, the question before is no answer to what is in the field.
  const isAsked = asked.name === current.name && asked.text === text;
  const isFresh = isAsked && finished === asked.number;
  useEffect(() => {
    const ask = () => {
      const number = Date.now();
      setAsked({ number, name: current.name, text });
      setLost(false);
      onAsk(number, current.name, text, search, ownZone());
    };
    const timer = setTimeout(ask, text ? FIND_MS : 0);
    return () => clearTimeout(timer);
  }, [current.name, text, others, tries]);
  useEffect(() => {
    if (isFresh) {
      setHeld(current.name);
      return;
    }
    const timer = setTimeout(() => setLost(true), LOST_MS);
    return () => clearTimeout(timer);
  }, [isFresh, asked]);
  return {
    isFresh,
    isLoading: !isFresh && held !== current.name,
    failure: isFresh ? problem : isLost ? LOST : "",
    offered: held === current.name || isFresh ? offered : [],
    again: () => setTries((count) => count + 1),
  };
}

// Arrows, Home and End among the elements of one kind.
const moved = (event, all) => {
  const at = all.indexOf(document.activeElement);
  const to = {
    ArrowDown: at + 1,
    ArrowRight: at + 1,
    ArrowUp: at - 1,
    ArrowLeft: at - 1,
    Home: 0,
    End: all.length - 1,
  }[event.key];
  if (to === undefined || !all.length) return false;
  event.preventDefault();
  all[Math.min(Math.max(to, 0), all.length - 1)].focus();
  return true;
};

function Picker(props) {
  const { filters, current, mostTyped, pick, close, leave } = props;
  const [search, want] = useWanted();
  const navigate = useNavigate();
  const [text, setText] = useState("");
  const [typedNot, setTypedNot] = useState(false);
  const box = useRef(null);
  const found = useOffered(props, text, search);
  const { name, label, isMany, isTyped } = current;
  const inAddress = chosenIn(search, name);
  // Before anything is chosen, "is not" is a choice of its own.
  const isExcluded = inAddress.values.length ? inAddress.isExcluded : typedNot;
  const chosen = { ...inAddress, isExcluded };
  const go = (next) => {
    const to = withChosen(search, name, next);
    want(to);
    navigate({ search: to }, { preventScrollReset: true });
  };

  useLeaving(box, { leave, close, opener: "[aria-haspopup=dialog]" });
  useLayoutEffect(() => {
    setText("");
    setTypedNot(false);
    const all = box.current;
    const [field, tab] = [all.querySelector("input"), all.querySelector("[aria-selected=true]")];
    if (all.contains(document.activeElement)) return;
    if (isTouch()) all.focus();
    else (field ?? tab)?.focus();
  }, [name]);
  // What had the focus can be gone, such as a value or "Try again".
  useLayoutEffect(() => {
    if (document.activeElement === document.body) box.current.focus();
  });

  const values = () => [...box.current.querySelectorAll("[role=checkbox]")];
  const onKeyDown = (event) => {
    // The keys of an input method choose among its own words.
    if (event.nativeEvent.isComposing) return;
    const isField = event.target.tagName === "INPUT";
    if (event.target.getAttribute("role") === "tab") {
      if (event.key === "ArrowRight" && values().length) {
        event.preventDefault();
        values()[0].focus();
        return;
      }
      moved(event, [...box.current.querySelectorAll("[role=tab]")]);
    } else if (isField && event.key === "ArrowDown") {
      event.preventDefault();
      values()[0]?.focus();
    } else if (isField && event.key === "Enter" && text) {
      event.preventDefault();
      const first = isTyped ? text : found.isFresh && found.offered[0]?.value;
      if (typeof first === "string") go(toggled(chosen, first, isMany));
    } else if (event.target.getAttribute("role") === "checkbox") {
      if (event.key === " ") {
        event.preventDefault();
        event.target.click();
      } else if (event.key === "ArrowUp" && event.target === values()[0]) {
        event.preventDefault();
        box.current.querySelector("input")?.focus();
      } else if (!moved(event, values()) && event.key.length === 1 && !event.ctrlKey && !event.metaKey) {
        // Typing finds, wherever the focus is.
        box.current.querySelector("input")?.focus();
      }
    }
  };
  return (
    <>
      <div className="backdrop" />
      <div
        ref={box}
        role="dialog"
        aria-label="Filter"
        tabIndex={-1}
        onKeyDown={onKeyDown}
        className="pop picker sheet"
      >
        <Tabs {...{ filters, current, pick, search }} />
        <div
          role="tabpanel"
          id="filter-values"
          aria-label={`Values of ${label}`}
          className="values"
        >
          <div className="row">
            {current.hasFixed ? (
              <span className="found">{label}</span>
            ) : (
              <label className="find">
                <Search {...ICON} />
                <input
                  value={text}
                  onChange={(event) => setText(event.target.value)}
                  placeholder={isTyped ? `Type a ${label}` : `Find a ${label}`}
                  aria-label={isTyped ? `Type a ${label}` : `Find a ${label}`}
                  autoComplete="off"
                  spellCheck={false}
                  maxLength={mostTyped}
                />
              </label>
            )}
            {isMany ? <Verb {...{ label, chosen, go, setTypedNot }} /> : null}
          </div>
          <Values {...{ current, chosen, found, text, search, want }} />
        </div>
        <footer>
          <span className="keys">
            <kbd>↑</kbd>
            <kbd>↓</kbd> <kbd>Space</kbd> choose <kbd>Esc</kbd> close
          </span>
          <button
            type="button"
            aria-disabled={!chosen.values.length}
            onClick={() => chosen.values.length && go({ values: [] })}
            className="button quiet"
          >
            Clear
          </button>
          <button type="button" onClick={close} className="button">Done</button>
        </footer>
      </div>
    </>
  );
}

function Tabs({ filters, current, pick, search }) {
  return (
    <div role="tablist" aria-label="Filters" aria-orientation="vertical" className="tabs">
      {filters.map(({ name, label }) => {
        const { values } = chosenIn(search, name);
        const isCurrent = name === current.name;
        return (
          <button
            key={name}
            type="button"
            role="tab"
            aria-selected={isCurrent}
            aria-controls="filter-values"
            tabIndex={isCurrent ? 0 : -1}
            onClick={() => pick(name)}
            onFocus={() => pick(name)}
            className="item"
          >
            {label}{" "}
            {values.length ? (
              <span className="push">
                {values.length}
                <span className="sr-only"> chosen</span>
              </span>
            ) : null}
          </button>
        );
      })}
    </div>
  );
}

function Verb({ label, chosen, go, setTypedNot }) {
  const choose = (isExcluded) => {
    setTypedNot(isExcluded);
    if (chosen.values.length) go({ ...chosen, isExcluded });
  };
  return (
    <div role="group" aria-label={`What the ${label} is to be`} className="segmented">
      {[[false, "is"], [true, "is not"]].map(([isExcluded, words]) => (
        <button
          key={words}
          type="button"
          aria-pressed={chosen.isExcluded === isExcluded}
          onClick={() => choose(isExcluded)}
        >
          {words}
        </button>
      ))}
    </div>
  );
}

function Values({ current, chosen, found, text, search, want }) {
  const { name, label, isMany, isTyped } = current;
  const { failure, isLoading, isFresh, offered, again } = found;
  if (failure) {
    return (
      <div role="alert" className="options told">
        <TriangleAlert {...ICON} />
        <b>The values could not be loaded</b>
        <p>{failure}</p>
        <button type="button" onClick={again} className="button">Try again</button>
      </div>
    );
  }
  if (isLoading) {
    return (
      <div role="status" className="options">
        <span className="sr-only">Loading</span>
        {PLACES.map((wide) => (
          <div key={wide} className="item">
            <span className="skeleton" style={{ width: `${wide}%` }} />
          </div>
        ))}
      </div>
    );
  }
  // What was typed by hand is a value like any other.
  const listed = isTyped ? chosen.values.map((value) => ({ value, label: value })) : offered;
  if (!listed.length) {
    const words = isTyped ? "Press Enter to filter by it" : text ? "No value matches" : "No values";
    return <div role="status" className="options told"><p>{words}</p></div>;
  }
  return (
    <div
      role="group"
      aria-label={`${label} ${chosen.isExcluded ? "is not" : "is"}`}
      aria-busy={!isFresh}
      className="options"
    >
      {listed.map((each, index) => {
        const isChosen = chosen.values.includes(each.value);
        const to = withChosen(search, name, toggled(chosen, each.value, isMany));
        // With a key held, it is another tab's address.
        const press = ({ ctrlKey, metaKey, shiftKey }) => ctrlKey || metaKey || shiftKey || want(to);
        const words = each.tone ? `badge ${each.tone}` : "name";
        return (
          <Link
            key={each.value}
            to={{ search: to }}
            preventScrollReset
            onClick={press}
            role="checkbox"
            aria-checked={isChosen}
            aria-label={each.count ? `${each.label}, ${each.count}` : each.label}
            tabIndex={index ? -1 : 0}
            title={each.label}
            className="item value"
            style={{ "--w": `${each.percent ?? 0}%` }}
          >
            <span className="check">{isChosen ? <Check {...ICON} /> : null}</span>
            <span className={words}>{each.label}</span>
            <span className="push">{each.count}</span>
          </Link>
        );
      })}
    </div>
  );
}

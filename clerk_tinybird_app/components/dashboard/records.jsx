// Lists of records: the drawer with one of them, and the rows that wait above a list that is read.
import { useCallback, useEffect, useLayoutEffect, useRef, useState } from "react";
import { createPortal } from "react-dom";
import { ArrowDown, ArrowUp, Check, Link2, X } from "lucide-react";
import { useLocation, useNavigate } from "react-router";
import { TYPED_INTO, keysOf, targetOf } from "../../commands/keys.jsx";
import { frozenAddress, without } from "../../live/address.jsx";
import { ownZone } from "../../pulse/moment.jsx";
import { CopyButton, ICON, SQUARE } from "../../widgets/widgets.jsx";

// What lies over the list, so that a row there is not seen: the header and the toolbar, its head.
const STICKY_PX = 120;
const HEAD_PX = 33;

const listOf = (panel) => document.querySelector(`#panel-${panel} .scroll`);
const rowOf = (panel, id) =>
  [...document.querySelectorAll(`#panel-${panel} [data-record]`)].find(
    (row) => row.dataset.record === id,
  );

const bringIntoView = (row, list) => {
  if (!row || !list) return;
  const { top, bottom } = row.getBoundingClientRect();
  const frame = list.getBoundingClientRect();
  const isSeen =
    top >= Math.max(frame.top + HEAD_PX, STICKY_PX) &&
    bottom <= Math.min(frame.bottom, window.innerHeight);
  if (!isSeen) row.scrollIntoView({ block: "center" });
};

// Whether the page is scrolled into a list, as on a phone, where a list is longer than the screen.
const isScrolledInto = (list) => {
  if (!list) return false;
  const { top, bottom } = list.getBoundingClientRect();
  return top < 0 && bottom > 0;
};

// Whether a key is pressed in what lies over the drawer, or on the button that has opened it.
const isOver = (target, drawer) => {
  if (document.querySelector("dialog[open]")) return true;
  const own = target.closest?.(".pop, [role=dialog], [aria-expanded=true]");
  return Boolean(own) && own !== drawer;
};

// Open while the address names a record. It keeps the focus, and gives it back to the row.
export function RecordDrawer(props) {
  const { panel, parameter, rows } = props;
  const { search, state } = useLocation();
  const id = new URLSearchParams(search).get(parameter);
  // The record that has given way to what is around it, and the rows that were there before.
  const around = id ? null : state?.around;
  const before = useRef(null);
  const onLeave = () => {
    before.current = rows;
  };
  useEffect(() => {
    const row = around && before.current !== rows ? rowOf(panel, around) : null;
    if (!row) return;
    row.setAttribute("aria-current", "true");
    if (before.current) {
      before.current = null;
      bringIntoView(row, listOf(panel));
      row.querySelector("a")?.focus({ preventScroll: true });
    }
    return () => row.removeAttribute("aria-current");
  }, [around, rows]);
  return id ? <Drawer id={id} onLeave={onLeave} {...props} /> : null;
}

// The row before or after another one that leads elsewhere: an event can have been sent twice.
const beside = (rows, place, by) => {
  let next = place + by;
  while (rows[next] && rows[next].open_href === rows[place].open_href) next += by;
  return rows[next] ?? null;
};

function Drawer(props) {
  const { id, parameter, panel, noun, rows, frozen, hasMore, onOpen, onMore, onLeave } = props;
  const { asked, isAsking, isFilled, children } = props;
  const { pathname, search, state } = useLocation();
  const navigate = useNavigate();
  const box = useRef(null);
  // Whether a record has been shown here: it stays, dimmed, until something comes of the next one.
  const hasShown = useRef(false);
  // From which record on the next older one is wanted, which is being loaded.
  const wanted = useRef("");
  // The view that the links of the record lead on from.
  const from = useRef("");
  // Going back takes a moment, in which a second step would leave the page.
  const isClosing = useRef(false);
  // The server forgets what was asked when the session's permissions change.
  const isAsked = asked === id;
  const isShown = isAsked && !isAsking;
  if (isShown) hasShown.current = true;
  const place = rows.findIndex((row) => row.key === id);
  const newer = place < 0 ? null : beside(rows, place, -1);
  const older = place < 0 ? null : beside(rows, place, 1);
  const canLoad = place >= 0 && !older && hasMore;

  const rest = without(search, [parameter]);
  const to = (href, told) =>
    navigate(href, { replace: true, preventScrollReset: true, state: { ...state, ...told } });
  const close = () => {
    if (isClosing.current) return;
    isClosing.current = true;
    // Where the list is the page before, going back leaves no second one behind.
    if (state?.fromList) navigate(-1);
    else to(pathname + rest);
  };
  // Keys can be faster than the address: a step starts where the one before it leads.
  const going = useRef(id);
  const step = (by) => {
    const at = rows.findIndex((row) => row.key === going.current);
    const next = at < 0 ? null : beside(rows, at, by);
    if (next?.open_href) {
      going.current = next.key;
      to(next.open_href);
    } else if (by > 0 && canLoad) {
      wanted.current = id;
      onMore(panel);
    }
  };
  const goOlder = () => step(1);
  const goNewer = () => step(-1);

  useEffect(() => {
    if (isAsked && from.current === pathname + rest) return;
    from.current = pathname + rest;
    onOpen(panel, id, pathname, rest, ownZone());
  }, [id, isAsked, pathname + rest]);
  useEffect(() => {
    if (older && wanted.current === id) to(older.open_href);
    wanted.current = "";
  }, [id, older?.key]);
  useEffect(() => bringIntoView(rowOf(panel, id), listOf(panel)), [id, place < 0]);
  useEffect(() => {
    const row = rowOf(panel, id);
    row?.setAttribute("aria-current", "true");
    return () => row?.removeAttribute("aria-current");
  }, [id, rows]);

  const now = useRef({});
  useLayoutEffect(() => {
    going.current = id;
    isClosing.current = false;
  }, [id]);
  useLayoutEffect(() => {
    now.current = { id, close, older: goOlder, newer: goNewer, to, onLeave };
  });
  useLayoutEffect(() => {
    box.current.focus({ preventScroll: true });
    return () => {
      const row = rowOf(panel, now.current.id);
      (row?.querySelector("a") ?? listOf(panel))?.focus({ preventScroll: true });
    };
  }, []);
  useEffect(() => {
    const pressed = (event) => {
      const { key, target, defaultPrevented } = event;
      if (isOver(target, box.current)) return;
      if (key === "Tab") return keepInside(event, box.current);
      if (defaultPrevented || target.closest?.(TYPED_INTO)) return;
      const act = key === "Escape" ? now.current.close : now.current[targetOf(event)];
      if (!act) return;
      act();
      event.preventDefault();
    };
    // Another row takes the place of this one, also for the way back.
    const clicked = (event) => {
      const link = event.target.closest?.("[data-record] a, [data-around]");
      if (!link || event.button || event.ctrlKey || event.metaKey || event.shiftKey) return;
      const { id, to, onLeave } = now.current;
      const href = link.getAttribute("href");
      if (!link.matches("[data-around]")) {
        event.preventDefault();
        to(href);
      } else if (box.current.offsetWidth >= document.documentElement.clientWidth) {
        // Over the whole page the record would hide what is around it.
        event.preventDefault();
        onLeave();
        const [path, query] = href.split("?");
        to(path + without(query, [parameter]), { around: id });
      }
    };
    document.addEventListener("keydown", pressed);
    document.addEventListener("click", clicked, true);
    return () => {
      document.removeEventListener("keydown", pressed);
      document.removeEventListener("click", clicked, true);
    };
  }, []);

  return (
    <div
      ref={box}
      tabIndex={-1}
      role="dialog"
      aria-modal="true"
      aria-label={`${id}, one of the ${noun}`}
      aria-busy={!isShown}
      className="drawer"
    >
      <header>
        <span className="id" title={id}>{id}</span>
        <Step label="Newer" name="newer" isOff={!newer} onClick={goNewer} Icon={ArrowUp} />
        <Step label="Older" name="older" isOff={!older && !canLoad} onClick={goOlder} Icon={ArrowDown} />
        <CopyButton
          text={frozenAddress({ pathname, search }, frozen)}
          label="link to this"
          className={SQUARE}
        >
          <Link2 className="icon before" aria-hidden="true" />
          <Check className="icon after" aria-hidden="true" />
        </CopyButton>
        <button type="button" onClick={close} aria-label="Close" title="Close (Esc)" className={SQUARE}>
          <X {...ICON} />
        </button>
      </header>
      {isShown || (hasShown.current && isFilled) ? (
        <div className={isShown ? "record" : "record other-view"}>{children}</div>
      ) : (
        <Loading />
      )}
    </div>
  );
}

function Step({ label, name, isOff, onClick, Icon }) {
  return (
    <button
      type="button"
      onClick={onClick}
      aria-disabled={isOff}
      aria-label={label}
      aria-keyshortcuts={keysOf(name)}
      title={`${label} (${keysOf(name)})`}
      className={SQUARE}
    >
      <Icon {...ICON} />
    </button>
  );
}

const WIDTHS = [40, 62, 34, 52, 26, 70, 46, 58];

function Loading() {
  return (
    <div className="record">
      <p role="status" className="sr-only">Loading</p>
      <div className="rows-skeleton" aria-hidden="true">
        {WIDTHS.map((wide) => (
          <div key={wide}>
            <span className="skeleton" style={{ "--wide": `${wide}%` }} />
          </div>
        ))}
      </div>
    </div>
  );
}

const keepInside = (event, box) => {
  const all = [...box.querySelectorAll("a[href], button")].filter((each) => each.offsetParent);
  const focused = document.activeElement;
  const last = all[all.length - 1];
  const isInside = box.contains(focused) && focused !== box;
  let next = null;
  if (event.shiftKey && (!isInside || focused === all[0])) next = last;
  if (!event.shiftKey && (!isInside || focused === last)) next = all[0];
  if (!next) return;
  event.preventDefault();
  next.focus();
};

// Says to the server whether somebody reads the list: it is scrolled, has the focus, or one of its
// records is open. What is new waits then, behind this button.
export function NewRecords({ panel, parameter, count, isRead, isDone, onRead, onShow, children, ...props }) {
  const { search } = useLocation();
  const isOpen = new URLSearchParams(search).has(parameter);
  const button = useRef(null);
  // Whether the head of the list, where the button is, is above the screen.
  const [isAfloat, setAfloat] = useState(false);
  const open = useRef(isOpen);
  const told = useRef(isRead);
  const focused = useRef(null);

  const look = useCallback(() => {
    const list = listOf(panel);
    const focus = document.activeElement;
    const isFocused = focus === button.current || Boolean(list?.contains(focus));
    const isInto = isScrolledInto(list);
    setAfloat(isInto);
    const reads = open.current || isFocused || list?.scrollTop > 0 || isInto;
    if (reads === told.current) return;
    told.current = reads;
    onRead(panel, reads);
  }, [panel]);
  useEffect(() => {
    open.current = isOpen;
    told.current = isRead;
    look();
  }, [isOpen, isRead]);
  useEffect(() => {
    const section = document.getElementById(`panel-${panel}`);
    const moved = (event) => {
      focused.current = event.target;
      look();
    };
    // The focus is nowhere until it has come where it goes.
    const left = () => setTimeout(look);
    // Of the list and of the page.
    window.addEventListener("scroll", look, true);
    window.addEventListener("resize", look);
    section.addEventListener("focusin", moved);
    section.addEventListener("focusout", left);
    return () => {
      window.removeEventListener("scroll", look, true);
      window.removeEventListener("resize", look);
      section.removeEventListener("focusin", moved);
      section.removeEventListener("focusout", left);
    };
  }, [panel]);
  // The last rows take the button for more of them away.
  useLayoutEffect(() => {
    const isGone = focused.current && !focused.current.isConnected;
    if (isDone && isGone && document.activeElement === document.body) {
      listOf(panel)?.focus({ preventScroll: true });
    }
  }, [isDone]);

  const show = (event) => {
    const list = listOf(panel);
    list?.scrollTo({ top: 0 });
    if (isScrolledInto(list)) list.closest("section").scrollIntoView({ block: "start" });
    // By keyboard the focus goes on from the list.
    if (event.detail === 0) list?.focus({ preventScroll: true });
    onShow(panel);
  };
  if (!count) return null;
  const shown = (
    <button
      ref={button}
      type="button"
      onClick={show}
      {...props}
      className={isAfloat ? `${props.className} afloat` : props.className}
    >
      {children}
      <span>{`${count} new`}</span>
    </button>
  );
  return isAfloat ? createPortal(shown, document.getElementById(`panel-${panel}`)) : shown;
}

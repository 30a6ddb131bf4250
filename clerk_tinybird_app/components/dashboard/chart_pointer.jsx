// What is pointed at and marked, the same moment in all charts of a page, and the ways to do so:
// mouse, finger and keys.
import { useEffect, useId, useRef, useSyncExternalStore } from "react";
import { placeOf } from "./chart_scales.jsx";

// `at` is a moment in seconds since the epoch, `source` the chart that it was pointed at in, `mark`
// the first moment of a marked period and the one after its last.
const NOTHING = { at: null, source: null, mark: null };
let pointed = NOTHING;
const listeners = new Set();
const listen = (listener) => {
  listeners.add(listener);
  return () => listeners.delete(listener);
};
const point = (changes) => {
  pointed = { ...pointed, ...changes };
  listeners.forEach((listener) => listener());
};

export const usePointed = () =>
  useSyncExternalStore(listen, () => pointed, () => NOTHING);

// Where in the tab's history a period was set in a chart: so far a double click can go back.
let marks = [];
const historyPlace = () => window.history.state?.idx ?? 0;
const marksBehind = () => (marks = marks.filter((place) => place < historyPlace()));

const HOLD_MS = 350;
const DRAG_PX = 4;
const DOUBLE_MS = 250;

// The handlers of a chart. `groups` are its buckets, `placeAt` says which of them is at a place on
// the screen, `narrows` whether a press there sets the period to it, `onMark` gets the period.
export function usePointer({ groups, placeAt, narrows, onMark }) {
  const source = useId();
  const drag = useRef(null);
  const key = useRef(null);
  // What a click would narrow to, the timer that waits whether it is a double click, and whether
  // one has narrowed already.
  const pressed = useRef(null);
  const waiting = useRef(0);
  const hasNarrowed = useRef(false);

  useEffect(() => () => {
    clearTimeout(waiting.current);
    if (pointed.source === source) point(NOTHING);
  }, [source]);

  const show = (place) => point({ at: groups[place]?.start ?? null, source });
  const leave = () => {
    drag.current = null;
    key.current = null;
    if (pointed.source === source) point(NOTHING);
  };
  const markBetween = (one, other) => {
    const [first, last] = one <= other ? [one, other] : [other, one];
    if (!groups[first] || !groups[last]) return;
    const [start, end] = [groups[first].start, groups[last].end];
    point({ at: groups[other].start, source, mark: [start, end] });
  };
  const set = (start, end) => {
    leave();
    marks = [...marksBehind(), historyPlace()];
    onMark(start, end);
  };

  const onPointerDown = (event) => {
    if (event.button !== 0) return;
    const place = placeAt(event.clientX);
    const isTouch = event.pointerType === "touch";
    clearTimeout(drag.current?.timer);
    const begun = { place, x: event.clientX, isMarking: false, isTouch };
    drag.current = begun;
    // A finger reads first.
    const isRead = pointed.source === source && placeOf(groups, pointed.at) === place;
    pressed.current = null;
    if (narrows(place) && (isRead || !isTouch)) pressed.current = { ...groups[place], isTouch };
    if (!isTouch) {
      event.currentTarget.setPointerCapture(event.pointerId);
      return;
    }
    // A finger that moves at once reads, or scrolls; one that has waited marks.
    begun.timer = setTimeout(() => {
      begun.isMarking = true;
      markBetween(begun.place, begun.place);
    }, HOLD_MS);
    show(place);
  };
  const onPointerMove = (event) => {
    const place = placeAt(event.clientX);
    const begun = drag.current;
    if (begun) {
      const hasMoved = Math.abs(event.clientX - begun.x) > DRAG_PX;
      if (hasMoved) pressed.current = null;
      if (hasMoved && begun.isTouch && !begun.isMarking) clearTimeout(begun.timer);
      if (hasMoved && !begun.isTouch) begun.isMarking = true;
      if (begun.isMarking) {
        markBetween(begun.place, place);
        return;
      }
    }
    show(place);
  };
  const onPointerUp = () => {
    const begun = drag.current;
    clearTimeout(begun?.timer);
    drag.current = null;
    if (!begun?.isMarking) return;
    pressed.current = null;
    if (pointed.mark) set(...pointed.mark);
  };
  const onPointerCancel = () => {
    clearTimeout(drag.current?.timer);
    leave();
  };
  const onPointerLeave = (event) => {
    // What a finger has pointed at stays until it points elsewhere.
    if (event.pointerType !== "touch" && !drag.current) leave();
  };
  const onClick = ({ detail }) => {
    clearTimeout(waiting.current);
    if (detail === 1) hasNarrowed.current = false;
    const bucket = pressed.current;
    pressed.current = null;
    if (!bucket || hasNarrowed.current) return;
    const narrow = () => {
      hasNarrowed.current = true;
      set(bucket.start, bucket.end);
    };
    // A double click is waited for where it would go back; a finger's second tap is none.
    if (bucket.isTouch || !marksBehind().length) narrow();
    else if (detail === 1) waiting.current = setTimeout(narrow, DOUBLE_MS);
  };
  const onDoubleClick = () => {
    if (hasNarrowed.current || !marksBehind().length) return;
    marks.pop();
    leave();
    window.history.back();
  };
  const onKeyDown = (event) => {
    const now = pointed.source === source ? placeOf(groups, pointed.at) : -1;
    const last = groups.length - 1;
    const next = {
      ArrowLeft: now < 0 ? last : Math.max(0, now - 1),
      ArrowRight: now < 0 ? 0 : Math.min(last, now + 1),
      Home: 0,
      End: last,
    }[event.key];
    if (next !== undefined) {
      event.preventDefault();
      if (event.shiftKey) {
        key.current ??= now < 0 ? next : now;
        markBetween(key.current, next);
      } else {
        key.current = null;
        point({ mark: null });
        show(next);
      }
    } else if (event.key === "Enter" && (pointed.mark || narrows(now))) {
      event.preventDefault();
      set(...(pointed.mark ?? [groups[now].start, groups[now].end]));
    } else if (event.key === "Escape" && (pointed.source === source || drag.current)) {
      event.preventDefault();
      leave();
    }
  };
  const handlers = {
    onPointerDown,
    onPointerMove,
    onPointerUp,
    onPointerCancel,
    onPointerLeave,
    onClick,
    onDoubleClick,
    onKeyDown,
    onBlur: leave,
    // A finger that waits would open it.
    onContextMenu: (event) => {
      if (drag.current?.isTouch) event.preventDefault();
    },
  };
  return { source, handlers };
}

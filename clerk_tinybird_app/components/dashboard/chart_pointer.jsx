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

// How often the period was set by marking it in this tab: so far a double click can go back.
let steps = 0;

const HOLD_MS = 350;
const DRAG_PX = 4;

// The handlers of a chart. `groups` are its buckets, `placeAt` says which of them is at a place on
// the screen, `onMark` gets a period that was marked.
export function usePointer({ groups, placeAt, onMark }) {
  const source = useId();
  const drag = useRef(null);
  const key = useRef(null);

  useEffect(() => () => {
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
  const set = () => {
    const { mark } = pointed;
    leave();
    if (!mark) return;
    steps += 1;
    onMark(...mark);
  };

  const onPointerDown = (event) => {
    if (event.button !== 0) return;
    const place = placeAt(event.clientX);
    const isTouch = event.pointerType === "touch";
    clearTimeout(drag.current?.timer);
    const begun = { place, x: event.clientX, isMarking: false, isTouch };
    drag.current = begun;
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
    if (begun?.isMarking) set();
  };
  const onPointerCancel = () => {
    clearTimeout(drag.current?.timer);
    leave();
  };
  const onPointerLeave = (event) => {
    // What a finger has pointed at stays until it points elsewhere.
    if (event.pointerType !== "touch" && !drag.current) leave();
  };
  const onDoubleClick = () => {
    if (!steps) return;
    steps -= 1;
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
    } else if (event.key === "Enter" && pointed.mark) {
      event.preventDefault();
      set();
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

// A button that opens a small box beside it.
import { Children, useEffect, useLayoutEffect, useRef, useState } from "react";
import { useLocation } from "react-router";

const EDGE_PX = 8;

// Moves a box that is outside of the window's left or right edge back inside.
const keepInside = (box) => {
  if (!box) return;
  const { left, right } = box.getBoundingClientRect();
  const width = document.documentElement.clientWidth;
  const shift = Math.max(EDGE_PX - left, 0) + Math.min(width - EDGE_PX - right, 0);
  box.style.translate = `${shift}px`;
};

// Ends a box that is open: by `close` for Escape, by `leave` for a press or the focus elsewhere, but
// not on what matches `opener`.
export function useLeaving(box, { leave, close, isOpen = true, opener = "" }) {
  const end = useRef({});
  useLayoutEffect(() => {
    end.current = { leave, close };
  });
  useEffect(() => {
    if (!isOpen) return;
    const look = ({ target }) => {
      const isOwn = box.current?.contains(target) || (opener && target.closest?.(opener));
      if (!isOwn) end.current.leave();
    };
    const press = ({ key, isComposing }) => {
      // The keys of an input method choose among its own words.
      if (key === "Escape" && !isComposing) end.current.close();
    };
    document.addEventListener("pointerdown", look);
    document.addEventListener("focusin", look);
    document.addEventListener("keydown", press);
    return () => {
      document.removeEventListener("pointerdown", look);
      document.removeEventListener("focusin", look);
      document.removeEventListener("keydown", press);
    };
  }, [isOpen]);
}

// Closes by Escape, by a press or the focus elsewhere, when the address changes, and, as a menu,
// once something in it was chosen. The first child is the button's face, the others are the box.
export function Popover(props) {
  const { label, isMenu, isCurrent, buttonId, buttonClass, boxClass, keys } = props;
  const [face, ...content] = Children.toArray(props.children);
  const [open, setOpen] = useState(false);
  const { pathname, search } = useLocation();
  const root = useRef(null);
  const button = useRef(null);
  const box = useRef(null);

  useEffect(() => {
    if (root.current?.contains(document.activeElement)) button.current?.focus();
    setOpen(false);
  }, [pathname, search]);
  const leave = () => setOpen(false);
  const close = () => {
    setOpen(false);
    button.current?.focus();
  };
  useLeaving(root, { leave, close, isOpen: open });

  useLayoutEffect(() => keepInside(box.current), [open]);

  const chosen = (event) => {
    if (isMenu && event.target.closest("button, a")) close();
  };
  return (
    <div ref={root} className="anchor">
      <button
        ref={button}
        id={buttonId}
        type="button"
        onClick={() => setOpen((value) => !value)}
        aria-expanded={open}
        aria-current={isCurrent}
        aria-label={label || undefined}
        title={props.title || label || undefined}
        aria-keyshortcuts={keys || undefined}
        className={buttonClass}
      >
        {face}
      </button>
      {/* Or a press on what takes no focus would give it to the page, and so close the box. */}
      {open ? (
        <div ref={box} tabIndex={-1} onClick={chosen} className={boxClass}>{content}</div>
      ) : null}
    </div>
  );
}

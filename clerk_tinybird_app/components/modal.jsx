// A box in front of the page, which waits until it is closed: by Escape, or by a press beside it.
import { useEffect, useRef } from "react";

export function Modal({ label, className, onClose, children }) {
  const box = useRef(null);
  useEffect(() => {
    if (!box.current.open) box.current.showModal();
  }, []);
  const press = (event) => {
    // Its own area is all filled, so what is pressed there is the page behind it.
    if (event.target === box.current) box.current.close();
  };
  return (
    <dialog
      ref={box}
      aria-label={label}
      className={className}
      onClose={onClose}
      onPointerDown={press}
    >
      {children}
    </dialog>
  );
}

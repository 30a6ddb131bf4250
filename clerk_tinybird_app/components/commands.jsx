// All that can be done on a dashboard in one list.
import { useRef, useState } from "react";
import { Command } from "lucide-react";
import { useNavigate } from "react-router";
import { ICON } from "../widgets/widgets.jsx";
import { Finder } from "./finder.jsx";
import { isThere, keysOf, nameOf, press } from "./keys.jsx";
import { Modal } from "./modal.jsx";

const PANELS = "main section[id^=panel-]";

const linked = (choices, go, name = "") =>
  choices.map(({ label, href, is_current }, index) => ({
    label,
    isCurrent: is_current,
    keys: name && keysOf(`${name}-${index + 1}`),
    run: () => go(href),
  }));

const pressed = (pairs) =>
  pairs
    .filter(([, target]) => isThere(target))
    .map(([label, target]) => ({
      label: label || nameOf(target),
      keys: keysOf(target),
      run: () => press(target),
    }));

const jump = (panel) => {
  panel.scrollIntoView({ block: "start" });
  panel.tabIndex = -1;
  panel.focus({ preventScroll: true });
};
const panels = () =>
  [...document.querySelectorAll(PANELS)].map((panel) => ({
    label: panel.querySelector("h2")?.textContent ?? panel.id,
    run: () => jump(panel),
  }));

// Props: `periods` and `comparisons` are links; `pages` names and paths; `actions` names, "" for the
// own name of what they press, and what they press.
export function Commands({ periods, comparisons, pages, actions }) {
  const [isOpen, setOpen] = useState(false);
  const chosen = useRef(null);
  const navigate = useNavigate();
  const groups = () => [
    { name: "Period", options: linked(periods, navigate, "range") },
    { name: "Compared with", options: linked(comparisons, navigate) },
    { name: "Actions", options: pressed(actions) },
    { name: "Panels", options: panels() },
    {
      name: "Pages",
      options: pages.map(([label, path]) => ({ label, run: () => navigate(path) })),
    },
  ];
  const choose = (option) => {
    chosen.current = option;
    document.querySelector("dialog.palette").close();
  };
  // Only now the page takes the focus again.
  const close = () => {
    setOpen(false);
    chosen.current?.run();
    chosen.current = null;
  };
  return (
    <>
      <button
        id="commands"
        type="button"
        onClick={() => setOpen(true)}
        aria-label="Commands"
        aria-keyshortcuts="Control+K Meta+K"
        title="Commands (Ctrl K)"
        className="button square not-phone"
      >
        <Command {...ICON} />
      </button>
      {isOpen ? (
        <Modal label="Commands" className="modal palette" onClose={close}>
          <Finder
            label="Search commands"
            groups={groups()}
            onChoose={choose}
            none={(text) => `No command is called “${text}”.`}
          />
        </Modal>
      ) : null}
    </>
  );
}

// An item of a menu that presses another element.
export function Press({ target, children, ...props }) {
  return <button type="button" onClick={() => press(target)} {...props}>{children}</button>;
}

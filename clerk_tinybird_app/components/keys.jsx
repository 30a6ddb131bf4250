// Single keys: each presses or focuses one element of the page, wherever the focus is.
import { useEffect, useState } from "react";
import { X } from "lucide-react";
import { store, stored } from "../../clerk/components/storage.jsx";
import { ICON, SQUARE } from "../widgets/widgets.jsx";
import { Modal } from "./modal.jsx";

// The keys, what they press, and what they do; without `does`, what the pressed element says. A
// target is an id, or the `data-key` of an element that every list has. What is in a box of its own
// is there for the elements that match `of`.
const KEYS = [
  { keys: ["F"], targets: ["filter-button"], does: "Filter" },
  {
    keys: ["1", "2", "3", "4", "5"],
    targets: ["range-1", "range-2", "range-3", "range-4", "range-5"],
    does: "The periods that end now",
  },
  { keys: ["T"], targets: ["period"], does: "Any other period" },
  { keys: ["Z"], targets: ["zone"], does: "Time zone" },
  { keys: ["C"], targets: ["comparison"], does: "What it is compared with" },
  { keys: ["R"], targets: ["refresh-now"], does: "Refresh now" },
  { keys: ["P"], targets: ["pause"] },
  { keys: ["L"], targets: ["copy-link"], does: "Copy link" },
  { keys: ["/"], targets: ["search"], does: "Search the list" },
  { keys: ["N"], targets: ["new"], does: "Show what is new" },
  { keys: ["M"], targets: ["more"], does: "Load more" },
  {
    keys: ["J", "K"],
    targets: ["older", "newer"],
    does: "The next in the list, the one before",
    of: "[data-record] a",
  },
  { keys: ["?"], targets: ["keys"], does: "These keys" },
];
const COMMANDS = "commands";
const KEPT = "single-keys";
const OFF = "off";
export const TYPED_INTO = "input, textarea, select, [contenteditable=true]";
const IN_FRONT = "dialog[open], [aria-modal=true]";

const isOff = () => stored(KEPT) === OFF;

// Of several lists, that in which the focus is has the keys, or else the first.
const found = (target) => {
  const all = [...document.querySelectorAll(`#${target}, [data-key="${target}"]`)];
  const isNear = (element) => element.closest("section")?.contains(document.activeElement);
  return all.find(isNear) ?? all[0];
};
export const isThere = (target) => Boolean(found(target)) && !found(target).disabled;
const isSeen = (target) =>
  isThere(target) && (found(target).hidden || found(target).getClientRects().length > 0);

// What an element is called that says so itself, because it changes.
export const nameOf = (target) => found(target)?.getAttribute("aria-label") ?? "";

export const keysOf = (target) => {
  const own = KEYS.find(({ targets }) => targets.includes(target));
  return own?.keys[own.targets.indexOf(target)];
};

// Presses an element; a field and what opens a box get the focus too.
export const press = (target) => {
  const element = found(target);
  if (!isThere(target)) return;
  const isField = element.matches(TYPED_INTO);
  if (isField || element.hasAttribute("aria-expanded")) element.focus();
  if (!isField) element.click();
};

// What a single key presses, "" for none or while it is typed into a field.
export const targetOf = ({ key, target, ctrlKey, metaKey, altKey }) => {
  const name = key.toUpperCase();
  if (ctrlKey || metaKey || altKey || isOff() || target.closest?.(TYPED_INTO)) return "";
  for (const { keys, targets } of KEYS) {
    const place = keys.indexOf(name);
    if (place >= 0) return targets[place];
  }
  return "";
};

const listen = (event) => {
  const { key, target, ctrlKey, metaKey, altKey, repeat, defaultPrevented } = event;
  if (repeat || defaultPrevented || document.querySelector(IN_FRONT)) return;
  if (key.toLowerCase() === "k" && (ctrlKey || metaKey) && !altKey && isThere(COMMANDS)) {
    event.preventDefault();
    press(COMMANDS);
    return;
  }
  const pressed = targetOf(event);
  if (!pressed || !isSeen(pressed) || target.closest?.("[role=dialog]")) return;
  // Or the key would also be typed into what gets the focus.
  event.preventDefault();
  press(pressed);
};

const isOffered = ({ targets, of }) =>
  of ? document.querySelector(of) !== null : targets.some(isSeen);

function Row({ keys, does }) {
  return (
    <div>
      <dt>{does}</dt>
      <dd>{keys.map((key) => <kbd key={key}>{key}</kbd>)}</dd>
    </div>
  );
}

export function Keys() {
  const [isOpen, setOpen] = useState(false);
  const [off, setOff] = useState(false);
  useEffect(() => {
    setOff(isOff());
    document.addEventListener("keydown", listen);
    return () => document.removeEventListener("keydown", listen);
  }, []);
  const change = (event) => {
    store(KEPT, event.target.checked ? "" : OFF);
    setOff(isOff());
  };
  const close = (event) => event.target.closest("dialog").close();
  return (
    <>
      <button
        id="keys"
        type="button"
        hidden
        aria-keyshortcuts={keysOf("keys")}
        onClick={() => setOpen(true)}
      >
        Keys
      </button>
      {isOpen ? (
        <Modal label="Keys" className="modal key-list" onClose={() => setOpen(false)}>
          <header>
            <h2 className="title-2">Keys</h2>
            <button
              type="button"
              onClick={close}
              aria-label="Close"
              title="Close"
              className={SQUARE}
            >
              <X {...ICON} />
            </button>
          </header>
          <dl tabIndex={0}>
            <Row keys={["Ctrl", "K"]} does="Commands" />
            {KEYS.filter(isOffered).map(({ keys, does, targets }) => (
              <Row key={targets[0]} keys={keys} does={does ?? nameOf(targets[0])} />
            ))}
            {document.querySelector(".chart") ? (
              <>
                <Row keys={["←", "→"]} does="Read a chart, with Shift mark a period" />
                <Row keys={["Enter"]} does="Set the period to it" />
              </>
            ) : null}
            <Row keys={["Esc"]} does="Close what is open" />
          </dl>
          <label>
            <input type="checkbox" checked={!off} onChange={change} />
            Single keys work on this device
          </label>
        </Modal>
      ) : null}
    </>
  );
}

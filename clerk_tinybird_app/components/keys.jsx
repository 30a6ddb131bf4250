// Single keys: each presses or focuses one element of the page, wherever the focus is.
import { useEffect, useState } from "react";
import { X } from "lucide-react";
import { Modal } from "./modal.jsx";

// The keys, the ids of their elements, and what they do.
export const KEYS = [
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
  { keys: ["P"], targets: ["pause"], does: "Pause or go on" },
  { keys: ["L"], targets: ["copy-link"], does: "Copy link" },
  { keys: ["/"], targets: ["records-search"], does: "Search the list" },
  { keys: ["N"], targets: ["records-new"], does: "Show what is new" },
  { keys: ["M"], targets: ["records-more"], does: "Load more" },
  { keys: ["?"], targets: ["keys"], does: "These keys" },
];
const COMMANDS = "commands";
const KEPT = "single-keys";
const OFF = "off";
const TYPED_INTO = "input, textarea, select, [contenteditable=true]";
const IN_FRONT = "dialog[open], [aria-modal=true]";

// A private window may have no storage. The choice is then kept until the page is left.
let isOff = false;
const readOff = () => {
  try {
    isOff = localStorage.getItem(KEPT) === OFF;
  } catch {}
  return isOff;
};
const keepOff = (off) => {
  isOff = off;
  try {
    if (off) localStorage.setItem(KEPT, OFF);
    else localStorage.removeItem(KEPT);
  } catch {}
};

const found = (id) => document.getElementById(id);
export const isThere = (id) => Boolean(found(id)) && !found(id).disabled;
const isSeen = (id) => isThere(id) && (found(id).hidden || found(id).getClientRects().length > 0);

// Presses an element; a field and what opens a box get the focus too.
export const press = (id) => {
  const element = found(id);
  if (!isThere(id)) return;
  const isField = element.matches(TYPED_INTO);
  if (isField || element.hasAttribute("aria-expanded")) element.focus();
  if (!isField) element.click();
};

const targetOf = ({ key }) => {
  const name = key.toUpperCase();
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
  if (isOff || ctrlKey || metaKey || altKey) return;
  if (target.closest?.(`${TYPED_INTO}, [role=dialog]`)) return;
  const id = targetOf(event);
  if (!id || !isSeen(id)) return;
  // Or the key would also be typed into what gets the focus.
  event.preventDefault();
  press(id);
};

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
    setOff(readOff());
    document.addEventListener("keydown", listen);
    return () => document.removeEventListener("keydown", listen);
  }, []);
  const change = (event) => {
    keepOff(!event.target.checked);
    setOff(!event.target.checked);
  };
  const close = (event) => event.target.closest("dialog").close();
  return (
    <>
      <button id="keys" type="button" hidden onClick={() => setOpen(true)}>Keys</button>
      {isOpen ? (
        <Modal label="Keys" className="modal key-list" onClose={() => setOpen(false)}>
          <header>
            <h2 className="title-2">Keys</h2>
            <button
              type="button"
              onClick={close}
              aria-label="Close"
              title="Close"
              className="button square quiet"
            >
              <X className="icon" aria-hidden="true" />
            </button>
          </header>
          <dl>
            <Row keys={["Ctrl", "K"]} does="Commands" />
            {KEYS.filter(({ targets }) => targets.some(isSeen)).map((each) => (
              <Row key={each.does} {...each} />
            ))}
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

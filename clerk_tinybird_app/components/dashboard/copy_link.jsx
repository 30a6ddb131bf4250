// Copies the address of what is shown, with the period that it shows now.
import { useEffect, useRef, useState } from "react";
import { Check, Link2, X } from "lucide-react";
import { useLocation } from "react-router";

const COPIED_MS = 2_000;
const ICON = { className: "icon", "aria-hidden": true };

// The address with `frozen` in place of its own period and zone. What else it says stays as it is.
const frozenAddress = ({ pathname, search }, frozen) => {
  const replaced = new Set(["range", "start", "end", "zone", ...new URLSearchParams(frozen).keys()]);
  const name = (pair) => new URLSearchParams(pair).keys().next().value;
  const kept = search.slice(1).split("&").filter((pair) => pair && !replaced.has(name(pair)));
  return `${window.location.origin}${pathname}?${[frozen, ...kept].join("&")}`;
};

// What could not be copied, to copy by hand.
function ByHand({ address, onClose }) {
  const box = useRef(null);
  useEffect(() => {
    const field = box.current.querySelector("input");
    field.focus();
    field.select();
    const leave = (event) => {
      if (!box.current?.contains(event.target)) onClose();
    };
    document.addEventListener("pointerdown", leave);
    return () => document.removeEventListener("pointerdown", leave);
  }, []);
  const escape = (event) => {
    if (event.key === "Escape") onClose();
  };
  return (
    <div ref={box} className="pop right form by-hand" onKeyDown={escape}>
      <label className="field">
        <span>This browser does not let the page copy. The link:</span>
        <input
          readOnly
          value={address}
          onFocus={(event) => event.target.select()}
          className="input"
        />
      </label>
      <button type="button" onClick={onClose} className="button">
        <X {...ICON} />
        Close
      </button>
    </div>
  );
}

export function CopyLink({ frozen }) {
  const location = useLocation();
  const button = useRef(null);
  const [copied, setCopied] = useState(0);
  const [byHand, setByHand] = useState("");
  useEffect(() => {
    if (!copied) return;
    const timer = setTimeout(() => setCopied(0), COPIED_MS);
    return () => clearTimeout(timer);
  }, [copied]);
  useEffect(() => setByHand(""), [location.pathname, location.search]);
  const copy = async () => {
    const address = frozenAddress(location, frozen);
    try {
      await navigator.clipboard.writeText(address);
      setByHand("");
      setCopied((times) => times + 1);
    } catch {
      setByHand(address);
    }
  };
  const close = () => {
    setByHand("");
    button.current?.focus();
  };
  const Icon = copied ? Check : Link2;
  return (
    <div className="anchor copy-link">
      <button
        ref={button}
        id="copy-link"
        type="button"
        onClick={copy}
        disabled={!frozen}
        aria-label="Copy link"
        aria-keyshortcuts="L"
        title="Copy a link to this view and this period (L)"
        className="button"
      >
        <Icon {...ICON} />
        <span className="word">
          <span className={copied ? "unseen" : undefined}>Copy link</span>
          <span className={copied ? undefined : "unseen"}>Copied</span>
        </span>
      </button>
      <span role="status" className={copied ? "spoken told" : "spoken"}>
        {copied ? "Link copied" : ""}
      </span>
      {byHand ? <ByHand address={byHand} onClose={close} /> : null}
    </div>
  );
}

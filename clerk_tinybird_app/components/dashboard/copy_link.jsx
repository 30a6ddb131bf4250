// Copies the address of what is shown, with the period that it shows now.
import { useEffect, useRef, useState } from "react";
import { Check, Link2, X } from "lucide-react";
import { useLocation } from "react-router";
import { keysOf } from "../../commands/keys.jsx";
import { frozenAddress } from "../../live/address.jsx";
import { useLeaving } from "../../popover/popover.jsx";
import { ICON, useBriefly } from "../../widgets/widgets.jsx";

// What could not be copied, to copy by hand.
function ByHand({ address, leave, close }) {
  const box = useRef(null);
  useEffect(() => {
    const field = box.current.querySelector("input");
    field.focus();
    field.select();
  }, []);
  useLeaving(box, { leave, close });
  return (
    <div ref={box} className="pop right form by-hand sheet">
      <label className="field">
        <span>This browser does not let the page copy. The link:</span>
        <input
          readOnly
          value={address}
          onFocus={(event) => event.target.select()}
          className="input"
        />
      </label>
      <button type="button" onClick={close} className="button">
        <X {...ICON} />
        Close
      </button>
    </div>
  );
}

export function CopyLink({ frozen }) {
  const location = useLocation();
  const button = useRef(null);
  const [copied, setCopied] = useBriefly(false);
  const [byHand, setByHand] = useState("");
  useEffect(() => setByHand(""), [location.pathname, location.search]);
  const copy = async () => {
    const address = frozenAddress(location, frozen);
    try {
      await navigator.clipboard.writeText(address);
      setByHand("");
      setCopied(true);
    } catch {
      setByHand(address);
    }
  };
  const leave = () => setByHand("");
  const close = () => {
    leave();
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
        aria-keyshortcuts={keysOf("copy-link")}
        title={`Copy a link to this view and this period (${keysOf("copy-link")})`}
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
      {byHand ? <ByHand address={byHand} leave={leave} close={close} /> : null}
    </div>
  );
}

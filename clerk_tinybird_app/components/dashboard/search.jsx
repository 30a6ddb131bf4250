// The search in a list of records. The address has its text, so a search can be shared.
import { useEffect, useRef, useState } from "react";
import { Search } from "lucide-react";
import { useLocation, useNavigate } from "react-router";
import { without } from "../../live/address.jsx";
import { ICON } from "../../widgets/widgets.jsx";

const PAUSE_MS = 300;

// Goes to the same view with another text; an open record is closed.
const useSearch = (parameter, record) => {
  const navigate = useNavigate();
  return (text, replace) => {
    const { pathname, search } = window.location;
    const rest = without(search, [parameter, record]);
    const own = text ? `${rest ? "&" : "?"}${new URLSearchParams({ [parameter]: text })}` : "";
    navigate(pathname + rest + own, { replace, preventScrollReset: true });
  };
};

// `props` are the field's own.
export function RecordSearch({ parameter, record, label, ...props }) {
  const { search } = useLocation();
  const go = useSearch(parameter, record);
  const told = new URLSearchParams(search).get(parameter) ?? "";
  const [text, setText] = useState(told);
  const sent = useRef(told);
  const timer = useRef(0);
  // The address of the back button, or a search that was cleared elsewhere.
  useEffect(() => {
    if (told === sent.current) return;
    sent.current = told;
    setText(told);
  }, [told]);
  useEffect(() => () => clearTimeout(timer.current), []);

  const send = (value) => {
    clearTimeout(timer.current);
    const next = value.trim();
    if (next === sent.current) return;
    // The way back leads to the list without a search, not through each of its letters.
    go(next, sent.current !== "");
    sent.current = next;
  };
  const typed = (event) => {
    const { value } = event.target;
    setText(value);
    clearTimeout(timer.current);
    timer.current = setTimeout(() => send(value), PAUSE_MS);
  };
  const pressed = (event) => {
    if (event.key === "Enter") send(text);
    if (event.key !== "Escape" || !text) return;
    event.preventDefault();
    setText("");
    send("");
  };
  return (
    <label className="search">
      <Search {...ICON} />
      <input
        type="search"
        value={text}
        onChange={typed}
        onKeyDown={pressed}
        placeholder="Search"
        aria-label={label}
        autoComplete="off"
        spellCheck={false}
        {...props}
      />
    </label>
  );
}

export function ClearSearch({ parameter, record, children, ...props }) {
  const go = useSearch(parameter, record);
  return <button type="button" onClick={() => go("", false)} {...props}>{children}</button>;
}

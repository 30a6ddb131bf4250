// A field over a list: type to find, arrow keys to go, Enter to choose.
import { useEffect, useId, useLayoutEffect, useRef, useState } from "react";
import { Check, Search } from "lucide-react";
import { ICON } from "../widgets/widgets.jsx";

// In lower case, and with the minus sign that a keyboard has.
const plain = (text) => text.toLowerCase().replaceAll("\u2212", "-");

const holdsAll = (words, texts) => {
  const text = plain(texts.join(" "));
  return words.every((word) => text.includes(word));
};

const matching = (groups, text) => {
  const words = plain(text).split(/\s+/).filter(Boolean);
  return groups
    .map(({ name, options }) => ({
      name,
      options: options.filter(({ label, note }) => holdsAll(words, [name, label, note])),
    }))
    .filter(({ options }) => options.length);
};

// `groups` are lists of options under a name; an option has a label, and may have a note, keys and
// isCurrent. `none` is said when no option matches.
export function Finder({ label, groups, onChoose, none }) {
  const id = useId();
  const [text, setText] = useState("");
  const [at, setAt] = useState(0);
  const field = useRef(null);
  const list = useRef(null);
  const found = matching(groups, text);
  const options = found.flatMap((group) => group.options);
  const place = Math.min(at, options.length - 1);

  useEffect(() => {
    // By touch, the keyboard on the screen would cover the list.
    if (!matchMedia("(pointer: coarse)").matches) field.current.focus({ preventScroll: true });
  }, []);
  useLayoutEffect(() => {
    const option = list.current.querySelector(".at");
    if (!option) return;
    const { top, bottom } = list.current.getBoundingClientRect();
    const own = option.getBoundingClientRect();
    if (place === 0) list.current.scrollTop = 0;
    else if (own.top < top) list.current.scrollTop -= top - own.top;
    else if (own.bottom > bottom) list.current.scrollTop += own.bottom - bottom;
  }, [place, text]);

  const press = (event) => {
    // The keys of an input method choose among its own words.
    if (event.nativeEvent.isComposing) return;
    const last = options.length - 1;
    const next = { ArrowDown: place < last ? place + 1 : 0, ArrowUp: place > 0 ? place - 1 : last };
    if (event.key in next) setAt(Math.max(next[event.key], 0));
    else if (event.key === "Enter" && options[place]) onChoose(options[place]);
    else return;
    event.preventDefault();
  };
  const type = (event) => {
    setText(event.target.value);
    setAt(0);
  };
  const option = (each) => {
    const index = options.indexOf(each);
    return (
      <div
        key={`${each.label} ${each.note ?? ""}`}
        id={`${id}-${index}`}
        role="option"
        aria-selected={index === place}
        onMouseDown={(event) => event.preventDefault()}
        onClick={() => onChoose(each)}
        className={index === place ? "item at" : "item"}
      >
        <span className="words">
          {each.label}
          {each.isCurrent ? <span className="sr-only">, chosen</span> : null}
        </span>
        {each.isCurrent ? <Check {...ICON} /> : null}
        {each.note ? <span className="note">{each.note}</span> : null}
        {each.keys ? <kbd>{each.keys}</kbd> : null}
      </div>
    );
  };
  return (
    <div className="finder">
      <label className="finder-field">
        <Search {...ICON} />
        <input
          ref={field}
          role="combobox"
          aria-expanded="true"
          aria-autocomplete="list"
          aria-controls={id}
          aria-activedescendant={place < 0 ? undefined : `${id}-${place}`}
          aria-label={label}
          placeholder={label}
          value={text}
          onChange={type}
          onKeyDown={press}
          autoComplete="off"
          spellCheck="false"
        />
      </label>
      <div ref={list} id={id} role="listbox" aria-label={label} className="finder-list">
        {found.map(({ name, options }) => (
          <div key={name} role="group" aria-label={name}>
            <div className="group" aria-hidden="true">{name}</div>
            {options.map(option)}
          </div>
        ))}
      </div>
      <p role="status" className={options.length ? "sr-only" : "none"}>
        {options.length ? "" : none(text)}
      </p>
    </div>
  );
}

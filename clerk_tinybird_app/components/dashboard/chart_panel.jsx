// A panel with a chart: what its parts know together, and what its head and its menu offer.
import { createContext, useCallback, useContext, useMemo, useRef, useState } from "react";
import { useBriefly } from "../../widgets/widgets.jsx";
import { hasBefore, nameBefore } from "./chart_layout.jsx";
import { savePng } from "./chart_png.jsx";
import { FOLDS } from "./chart_scales.jsx";
import { inUnit, onAxis } from "./units.jsx";

const ChartContext = createContext(null);
export const useChart = () => useContext(ChartContext);

// A reconnect or a switch draws the page anew; how a chart is looked at stays while the page lives.
const kept = {};

// The same object as long as the same stands in it under each name.
const useSame = (value) => {
  const same = useRef(value);
  const names = Object.keys({ ...same.current, ...value });
  const isSame = names.every((name) => Object.is(same.current[name], value[name]));
  if (!isSame) same.current = value;
  return same.current;
};

// Props: see time_series.py. `modes` are the ways to divide the vertical axis, the first one first.
export function ChartPanel({ children, series, modes, limit, ...props }) {
  const { name, chart } = props;
  // These stand in the page's own source, so every render makes them anew.
  const declared = useMemo(
    () => ({ series, modes, limit }),
    [JSON.stringify([series, modes, limit])],
  );
  const first = { asTable: false, mode: modes[0][0], hidden: [] };
  const [look, setLook] = useState(kept[name] ?? first);
  const [fold, setFold] = useState(1);
  const [hasNoPng, setNoPng] = useBriefly(false);
  const svg = useRef(null);
  const change = useCallback((changes) => {
    kept[name] = { ...(kept[name] ?? first), ...changes };
    setLook(kept[name]);
  }, [name]);
  const hide = useCallback((label) => {
    const { hidden } = kept[name] ?? first;
    const others = hidden.filter((each) => each !== label);
    change({ hidden: others.length < hidden.length ? others : [...hidden, label] });
  }, [name]);
  const value = useSame({
    ...props,
    ...declared,
    limit: chart.has_limit ? declared.limit : undefined,
    ...look,
    change,
    hide,
    fold,
    setFold,
    hasNoPng,
    setNoPng,
    svg,
  });
  return <ChartContext.Provider value={value}>{children}</ChartContext.Provider>;
}

export function AsChart({ children }) {
  return useChart().asTable ? null : children;
}

export function AsTable({ children }) {
  return useChart().asTable ? children : null;
}

// What stands beside the heading: the note, and how wide a bar is.
export function ChartNote({ note }) {
  const { axis, fold, isStacked, hasNoPng } = useChart();
  if (hasNoPng) return "This browser could not save the picture";
  const step = axis.steps[isStacked ? FOLDS.indexOf(fold) : 0];
  if (!step) return note;
  return note ? `${note}, per ${step}` : `per ${step}`;
}

// The limit, beside the heading: what the dotted line and the marks below the buckets mean.
export function ChartLimit() {
  const { limit } = useChart();
  if (!limit) return null;
  return (
    <span className="chart-limit">
      <span className={`swatch limit-line tone-${limit.tone}`} aria-hidden="true" />
      {limit.label} {onAxis(limit.unit)(limit.above)}
    </span>
  );
}

export function ModeChoice({ label }) {
  const { modes, mode, change } = useChart();
  return (
    <div className="segmented s" role="group" aria-label={label}>
      {modes.map(([name, text]) => (
        <button
          key={name}
          type="button"
          aria-pressed={mode === name}
          onClick={() => change({ mode: name, asTable: false })}
        >
          {text}
        </button>
      ))}
    </div>
  );
}

export function TableToggle(props) {
  const { asTable, change } = useChart();
  return (
    <button type="button" onClick={() => change({ asTable: !asTable })} {...props}>
      {asTable ? "Show as a chart" : "Show as a table"}
    </button>
  );
}

export function HideToggle({ label, ...props }) {
  const { hidden, hide } = useChart();
  return (
    <button type="button" onClick={() => hide(label)} {...props}>
      {hidden.includes(label) ? "Show" : "Hide"} {label}
    </button>
  );
}

// A picture leaves the page, so it says of when and of what it is.
export function PngItem({ period, chips, ...props }) {
  const shown = useChart();
  const { svg, name, title, mode, asTable, isStacked, hidden, setNoPng } = shown;
  if (asTable) return null;
  const series = shown.series.filter(({ label }) => !hidden.includes(label));
  const before = hasBefore(shown) && mode !== "percent" ? nameBefore(shown) : "";
  const filters = chips.map(({ label, verb, chosen }) => `${label} ${verb} ${chosen}`);
  const caption = [period, ...filters].join(", ");
  const save = () =>
    savePng(svg.current, { name, title, caption, series, isStacked, before }).then(
      () => setNoPng(false),
      () => setNoPng(true),
    );
  return <button type="button" onClick={save} {...props}>Save as PNG</button>;
}

// The same numbers as rows of a table.
export function ChartRows({ cellClass, numberClass }) {
  const { axis, chart, series, unit } = useChart();
  return axis.words.map((words, index) => (
    <tr key={axis.starts[index]}>
      <td className={cellClass}>
        {words}
        {index === axis.open ? ` ${axis.open_note}` : ""}
      </td>
      {series.map(({ label }, row) => (
        <td key={label} className={numberClass}>{inUnit(unit, chart.values[row]?.[index])}</td>
      ))}
    </tr>
  ));
}

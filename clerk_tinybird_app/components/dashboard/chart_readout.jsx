// What a chart says in numbers: its legend, which is also the readout, and the box at the moment
// that is pointed at.
import { useLayoutEffect, useMemo, useRef } from "react";
import { Link } from "react-router";
import { hasBefore, nameBefore } from "./chart_layout.jsx";
import { useChart } from "./chart_panel.jsx";
import { usePointed } from "./chart_pointer.jsx";
import { folded, gathered, placeOf, sum, tipPlace } from "./chart_scales.jsx";
import { changeIn, fixed, inUnit } from "./units.jsx";

const isKnown = (value) => value != null;

// The values of one bucket as it is drawn.
export const readingOf = ({ chart, series, isStacked, beforeOf }, group) => {
  const by = isStacked ? sum : ([one]) => one;
  const of = (values) => (values ? gathered(values, group, by) : null);
  const values = series.map((each, index) => ({ ...each, value: of(chart.values[index]) }));
  const compared = values.find(({ label }) => label === beforeOf);
  const total = isStacked ? sum(values.map(({ value }) => value)) : (compared?.value ?? null);
  return { values, total, before: chart.before.length ? of(chart.before) : null };
};

const spoken = (shown, group) => {
  const { values } = readingOf(shown, group);
  const said = values.map(({ label, value }) => `${label} ${inUnit(shown.unit, value)}`);
  const note = group.isOpen ? ` ${shown.axis.open_note}` : "";
  return `${group.words}${note}: ${said.join(", ")}`;
};
export const spokenOf = (shown, groups, place) =>
  place < 0 ? "the whole period" : spoken(shown, groups[place]);

function Entry({ href, isCurrent, isHidden, onHide, title, children }) {
  const className = isHidden ? "off" : undefined;
  const press = (event) => {
    if (href && !event.altKey && !isHidden) return;
    event.preventDefault();
    onHide();
  };
  if (!href) {
    return (
      <button type="button" aria-pressed={!isHidden} className={className} onClick={press}>
        {children}
      </button>
    );
  }
  return (
    <Link
      to={href}
      className={className}
      aria-current={isCurrent ? "true" : "false"}
      title={title}
      onClick={press}
    >
      {children}
    </Link>
  );
}

export function Legend() {
  const shown = useChart();
  const { axis, chart, series, choices, unit, hidden, hide, fold } = shown;
  const { at } = usePointed();
  const groups = useMemo(() => folded(axis, fold), [axis, fold]);
  const place = placeOf(groups, at);
  const reading = place < 0 ? null : readingOf(shown, groups[place]);
  const whole = (index) => inUnit(unit, chart.totals[index]);
  // A sum speaks for itself; a percentile could be one of the buckets', or their mean.
  const isMeasured = !shown.isStacked && chart.totals.some(isKnown);
  return (
    <div className="legend">
      {series.map(({ label, tone }, index) => {
        const choice = choices.find((each) => each.label === label);
        const value = reading ? inUnit(unit, reading.values[index].value) : whole(index);
        return (
          <Entry
            key={label}
            href={choice?.href}
            isCurrent={choice?.is_current}
            isHidden={hidden.includes(label)}
            onHide={() => hide(label)}
            title={`Show ${label} alone; with Alt, hide it`}
          >
            <span className={`swatch tone-${tone} ${shown.isStacked ? "" : "stroke"}`} />
            <span>{label}</span> <b style={{ minWidth: `${whole(index).length}ch` }}>{value}</b>
          </Entry>
        );
      })}
      {isMeasured ? (
        // As wide for both, so that nothing moves.
        <span style={{ minWidth: "6.5em" }}>{reading ? "this moment" : "whole period"}</span>
      ) : null}
      {hasBefore({ ...shown, hidden: hidden.filter(isKnown) }) ? (
        <Entry isHidden={hidden.includes(null)} onHide={() => hide(null)}>
          <span className="swatch before" />
          <span>
            {nameBefore(shown)}
            {chart.before_note ? `, ${chart.before_note}` : ""}
          </span>{" "}
          <b>{inUnit(unit, reading ? reading.before : chart.before_total)}</b>
        </Entry>
      ) : null}
    </div>
  );
}

function Rows({ shown, group }) {
  const { unit, hidden, isStacked } = shown;
  const { values, total, before } = readingOf(shown, group);
  const listed = values.filter(({ label }) => !hidden.includes(label));
  const hasShares = isStacked && listed.length > 1;
  return (
    <dl>
      {(isStacked ? listed : [...listed].reverse()).map(({ label, tone, value }) => (
        <div key={label}>
          <dt>
            <span className={`swatch tone-${tone} ${isStacked ? "" : "stroke"}`} />
            {label}
          </dt>
          <dd>{inUnit(unit, value)}</dd>
          <dd className="share">
            {hasShares && total && isKnown(value) ? `${fixed((value / total) * 100, 1)} %` : ""}
          </dd>
        </div>
      ))}
      {hasShares ? (
        <div className="total">
          <dt>total</dt>
          <dd>{inUnit(unit, total)}</dd>
          <dd className="share" />
        </div>
      ) : null}
      {hasBefore(shown) ? (
        <div className={hasShares ? undefined : "total"}>
          <dt>
            <span className="swatch before" />
            {nameBefore(shown)}
          </dt>
          <dd>{inUnit(unit, before)}</dd>
          <dd className="share">{changeIn(unit, total, before)}</dd>
        </div>
      ) : null}
    </dl>
  );
}

// It is in its chart, which would take what is pressed on it for its own.
const stop = (event) => event.stopPropagation();
const KEPT = Object.fromEntries(
  ["PointerDown", "PointerMove", "PointerUp", "Click", "DoubleClick"].map((kind) => [`on${kind}`, stop]),
);

// Beside the line at `x`, as wide as it needs to be: where the chart has no room, outside of it.
export function Tip({ group, x, isNarrowing }) {
  const shown = useChart();
  const box = useRef(null);
  useLayoutEffect(() => {
    const { current } = box;
    const chart = current.parentElement.getBoundingClientRect();
    const { clientWidth: width } = document.documentElement;
    const { left, top } = tipPlace(x, current.getBoundingClientRect(), chart, width);
    Object.assign(current.style, { left: `${left}px`, top: `${top}px` });
  });
  return (
    <div ref={box} className="chart-tip" {...KEPT}>
      <header>
        {group.words}
        {group.isOpen ? <span> {shown.axis.open_note}</span> : null}
      </header>
      <Rows shown={shown} group={group} />
      <footer>{isNarrowing ? "Click or drag to set the period" : "Drag to set the period"}</footer>
      {isNarrowing ? <footer className="touch">Tap again to set the period</footer> : null}
    </div>
  );
}

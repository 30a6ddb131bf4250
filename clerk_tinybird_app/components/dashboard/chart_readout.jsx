// What a chart says in numbers: its legend, which is also the readout, and the box at the moment
// that is pointed at.
import { useLayoutEffect, useMemo, useRef, useState } from "react";
import { Link } from "react-router";
import { useChart } from "./chart_panel.jsx";
import { usePointed } from "./chart_pointer.jsx";
import { folded, gathered, placeOf, sum } from "./chart_scales.jsx";
import { inUnit } from "./units.jsx";

const NONE = "–";
const MOST_PER_CENT = 300;
const BESIDE_PX = 14;

// How much more it is than before, as a factor where per cent would say little.
const changeOf = (now, before, unit) => {
  if (now == null || !before) return "";
  if (unit === "percent") {
    const points = (now - before) * 100;
    return `${points < 0 ? "−" : "+"}${Math.abs(points).toFixed(2)} pt`;
  }
  const percent = (now / before - 1) * 100;
  if (percent > MOST_PER_CENT) return `×${(now / before).toFixed(0)}`;
  return `${percent < 0 ? "−" : "+"}${Math.abs(percent).toFixed(0)} %`;
};

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
      {chart.before.length ? (
        <Entry isHidden={hidden.includes(null)} onHide={() => hide(null)}>
          <span className="swatch before" />
          <span>{chart.before_name}</span>{" "}
          <b>{inUnit(unit, reading ? reading.before : chart.before_total)}</b>
        </Entry>
      ) : null}
      {isMeasured ? (
        <span style={{ visibility: reading ? "hidden" : "visible" }}>whole period</span>
      ) : null}
    </div>
  );
}

function Rows({ shown, group }) {
  const { unit, hidden, isStacked, beforeOf, chart } = shown;
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
            {hasShares && total && isKnown(value) ? `${((value / total) * 100).toFixed(1)} %` : ""}
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
      {chart.before.length && !hidden.includes(null) ? (
        <div className={hasShares ? undefined : "total"}>
          <dt>
            <span className="swatch before" />
            {isStacked || !beforeOf ? "" : `${beforeOf} `}
            {chart.before_name}
          </dt>
          <dd>{isKnown(before) ? inUnit(unit, before) : NONE}</dd>
          <dd className="share">{changeOf(total, before, unit)}</dd>
        </div>
      ) : null}
    </dl>
  );
}

// Beside the line at `x`, on the side that has room; narrower where neither has.
export function Tip({ group, x, width, isNarrowing }) {
  const shown = useChart();
  const box = useRef(null);
  const [own, setOwn] = useState(0);
  const room = Math.max(x, width - x) - BESIDE_PX;
  const isNarrow = own > room;
  useLayoutEffect(() => {
    // As wide as it would be with all the room that there is.
    const { style, classList } = box.current;
    const { maxWidth } = style;
    const wasNarrow = classList.replace("narrow", "wide");
    style.maxWidth = "none";
    setOwn(box.current.offsetWidth);
    style.maxWidth = maxWidth;
    if (wasNarrow) classList.replace("wide", "narrow");
  }, [group.start, shown.hidden]);
  const isRight = x + BESIDE_PX + Math.min(own, room) <= width;
  const style = isRight
    ? { left: `${x + BESIDE_PX}px`, maxWidth: `${width - x - BESIDE_PX}px` }
    : { right: `${width - x + BESIDE_PX}px`, maxWidth: `${x - BESIDE_PX}px` };
  return (
    <div ref={box} className={isNarrow ? "chart-tip narrow" : "chart-tip"} style={style}>
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

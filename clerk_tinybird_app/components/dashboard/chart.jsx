// A chart over time, drawn in SVG.
import { useEffect, useId, useMemo, useRef, useState } from "react";
import { layoutOf } from "./chart_layout.jsx";
import { Marks } from "./chart_marks.jsx";
import { useChart } from "./chart_panel.jsx";
import { usePointed, usePointer } from "./chart_pointer.jsx";
import { readingOf, spokenOf, Tip } from "./chart_readout.jsx";
import { joined, placeOf, textPx } from "./chart_scales.jsx";

const useSize = (node) => {
  const [size, setSize] = useState({ width: 0, height: 0 });
  useEffect(() => {
    // Kept here: the observer may call once more after the chart has left the page.
    const box = node.current;
    const measure = () => {
      const { clientWidth: width, clientHeight: height } = box;
      setSize((now) => (now.width === width && now.height === height ? now : { width, height }));
    };
    const observer = new ResizeObserver(measure);
    observer.observe(box);
    measure();
    return () => observer.disconnect();
  }, []);
  return size;
};

// Where the buckets from one moment to another are drawn, null for none.
const spanOf = ({ groups, x, bar }, [start, end]) => {
  const marked = groups.filter((group) => group.start < end && group.end > start);
  if (!marked.length) return null;
  const [first, last] = [marked[0], marked.at(-1)];
  return {
    from: x(first.first),
    to: x(last.first) + bar,
    words: joined(first.words, last.words),
  };
};

function Brush({ layout, mark }) {
  const span = spanOf(layout, mark);
  if (!span) return null;
  const { top, bottom, left, right } = layout;
  const { from, to, words } = span;
  const half = textPx(words) / 2;
  const middle = Math.max(left + half, Math.min((from + to) / 2, right - half));
  return (
    <>
      <rect className="brush" x={from} width={to - from} y={top - 4} height={bottom - top + 4} />
      {[from, to].map((at) => (
        <line key={at} className="brush-edge" x1={at} x2={at} y1={top - 4} y2={bottom} />
      ))}
      <text className="brush-text" x={middle} y={top + 8} textAnchor="middle">{words}</text>
    </>
  );
}

function Crosshair({ shown, layout, group, at }) {
  const { top, bottom, y, lower = -Infinity } = layout;
  const { values } = readingOf(shown, group);
  const isOn = ({ label, value }) =>
    value != null && value >= lower && !shown.hidden.includes(label);
  return (
    <>
      <line className="crosshair" x1={at} x2={at} y1={top - 4} y2={bottom} />
      {shown.isStacked
        ? null
        : values.filter(isOn).map(({ label, tone, value }) => (
            <circle key={label} className={`dot tone-${tone}`} cx={at} cy={y(value)} r="3.5" />
          ))}
    </>
  );
}

export function Chart({ label, summaryId }) {
  const shown = useChart();
  const { axis, chart, mode, hidden, series, isStacked, onMark, fold, setFold, svg } = shown;
  const host = useRef(null);
  const { width, height } = useSize(host);
  const id = useId().replace(/\W/g, "");
  const layout = useMemo(
    () => layoutOf(shown, { width, height }),
    [axis, chart, series, mode, hidden, width, height],
  );
  const { groups } = layout;
  useEffect(() => {
    if (width && layout.fold && layout.fold !== fold) setFold(layout.fold);
  }, [layout.fold, width, fold]);

  const placeAt = (clientX) => {
    const { left } = host.current.getBoundingClientRect();
    const place = Math.floor((clientX - left - layout.left) / layout.bar);
    return Math.max(0, Math.min(groups.length - 1, place));
  };
  // The only bar there is would be no narrower a period.
  const narrows = (place) => isStacked && groups.length > 1 && layout.totals[place] > 0;
  const { source, handlers } = usePointer({ groups, placeAt, narrows, onMark });
  const pointed = usePointed();
  const place = placeOf(groups, pointed.at);
  const group = groups[place];
  const at = group ? Math.round(layout.x(group.first) + layout.bar / 2) + 0.5 : 0;
  const isRead = pointed.source === source && !pointed.mark;
  const isNarrowing = isRead && narrows(place);
  return (
    <div
      ref={host}
      className={isNarrowing ? "chart narrowing" : "chart"}
      role="slider"
      tabIndex={0}
      aria-label={label}
      aria-describedby={summaryId}
      aria-valuemin={0}
      aria-valuemax={groups.length}
      aria-valuenow={place + 1}
      aria-valuetext={spokenOf(shown, groups, place)}
      {...handlers}
    >
      {width ? (
        <svg ref={svg} viewBox={`0 0 ${width} ${height}`} aria-hidden="true">
          <Marks shown={shown} layout={layout} id={id} />
          {pointed.mark ? <Brush layout={layout} mark={pointed.mark} /> : null}
          {group ? <Crosshair shown={shown} layout={layout} group={group} at={at} /> : null}
        </svg>
      ) : null}
      {group && isRead ? (
        <Tip group={group} x={at} isNarrowing={isNarrowing} />
      ) : null}
    </div>
  );
}

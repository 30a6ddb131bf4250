// What is drawn of a chart itself: axes, bars, lines. It is drawn anew for new data or another
// size, never for what is pointed at.
import { memo } from "react";
import { hasLine, summed } from "./chart_layout.jsx";
import {
  fittingTicks,
  gathered,
  pathOf,
  smoothed,
  spread,
  stacked,
  sum,
  textPx,
} from "./chart_scales.jsx";

// Narrower than this, the noise of a line is drawn as a band.
const LEAST_STEP_PX = 6;
const PADDING_PX = 14;
const THINNEST_PX = 1.25;
const HAIRLINE_PX = 0.75;
const NAME_PX = 13;

export const Marks = memo(function Marks({ shown, layout, id }) {
  return (
    <>
      <Axes shown={shown} layout={layout} />
      {shown.isStacked ? (
        <Bars shown={shown} layout={layout} id={id} />
      ) : (
        <Lines shown={shown} layout={layout} />
      )}
    </>
  );
});

function Axes({ shown, layout }) {
  const { axis, chart, limit } = shown;
  const { left, right, bottom, lines, y, x, format, groups } = layout;
  const ticks = fittingTicks(axis.ticks, x).filter(
    (tick) => tick.x >= left - 1 && tick.x <= right + 1,
  );
  const above = new Set(chart.above);
  return (
    <>
      {lines.map(([value, hasLabel], index) => (
        <g key={value}>
          <line
            className={index ? (hasLabel ? "grid-line" : "grid-line faint") : "base-line"}
            x1={left}
            x2={right}
            y1={Math.round(y(value))}
            y2={Math.round(y(value))}
          />
          {hasLabel ? (
            <text x={left - 8} y={Math.round(y(value)) + 4} textAnchor="end">{format(value)}</text>
          ) : null}
        </g>
      ))}
      {ticks.map(({ x: at, text, isDay }) => {
        // Into the panel's padding, not outside of it.
        const middle = Math.min(at, right + PADDING_PX - textPx(text) / 2);
        return (
          <g key={`${at} ${text}`}>
            <line className="base-line" x1={at} x2={at} y1={bottom} y2={bottom + 4} />
            <text
              x={shown.isStacked ? middle : at}
              y={bottom + 18}
              textAnchor="middle"
              className={isDay ? "day" : undefined}
            >
              {text}
            </text>
          </g>
        );
      })}
      {limit
        ? groups
            .filter(({ first, last }) => {
              for (let index = first; index <= last; index += 1) if (above.has(index)) return true;
              return false;
            })
            .map(({ first, last }) => (
              <rect
                key={first}
                className={`above tone-${limit.tone}`}
                x={x(first)}
                y={bottom + 1}
                width={Math.max(2, x(last + 1) - x(first))}
                height={2}
              />
            ))
        : null}
    </>
  );
}

function Bars({ shown, layout, id }) {
  const { groups, visible, bar, x, top, bottom, totals, upper } = layout;
  const isPercent = shown.mode === "percent";
  const gap = Math.max(1, Math.min(3, bar * 0.22));
  const width = Math.max(1, bar - gap);
  // Errors, which are declared last, stand on the baseline.
  const parts = [...visible].reverse();
  // The bar that fills has none yet: a line would end in a fall.
  const beforeAt = (value, place) =>
    value == null || groups[place].isOpen
      ? null
      : [x(groups[place].first) + bar / 2, layout.y(value)];
  return (
    <>
      <defs>
        {parts.map(({ label, tone }, index) => (
          <pattern
            key={label}
            id={`${id}-${index}`}
            width="4"
            height="4"
            patternUnits="userSpaceOnUse"
            patternTransform="rotate(45)"
          >
            <rect width="1.6" height="4" className={`fill tone-${tone}`} />
          </pattern>
        ))}
      </defs>
      {groups.map((group, place) => {
        const values = parts.map((part) => gathered(part.values, group, sum) ?? 0);
        const of = isPercent ? totals[place] : upper;
        const bars = stacked(values, {
          bottom,
          height: bottom - top,
          of,
          thinnest: THINNEST_PX + HAIRLINE_PX,
        });
        const left = x(group.first) + gap / 2;
        return (
          <g key={group.start} className="bar">
            {bars.map(({ y, height }, index) => {
              if (!height) return null;
              const isLowest = !bars.slice(0, index).some((each) => each.height);
              const drawn = Math.max(THINNEST_PX, height - (isLowest ? 0 : HAIRLINE_PX));
              const { label, tone } = parts[index];
              const box = { x: left, y, width };
              if (!group.isOpen) {
                return <rect key={label} className={`fill tone-${tone}`} {...box} height={drawn} />;
              }
              return (
                <g key={label}>
                  <rect fill={`url(#${id}-${index})`} {...box} height={drawn} />
                  <rect className={`fill tone-${tone}`} {...box} height={Math.min(1.5, drawn)} />
                </g>
              );
            })}
          </g>
        );
      })}
      {isPercent || !layout.before.length ? null : (
        <path className="line-before" d={pathOf(summed(groups, layout.before).map(beforeAt))} />
      )}
    </>
  );
}

// The points of a line that lie on another one, where more than one in a row do.
const shared = (points, others) => {
  const on = points.map((point, index) => {
    const other = others[index];
    return point && other && Math.abs(point[1] - other[1]) < 1 ? point : null;
  });
  return on.map((point, index) => (on[index - 1] || on[index + 1] ? point : null));
};

function Lines({ shown, layout }) {
  const { limit } = shown;
  const { groups, visible, before, x, y, bar, lower = -Infinity } = layout;
  const { left, right, top, bottom } = layout;
  const size = Math.max(1, Math.ceil(LEAST_STEP_PX / bar));
  const open = groups.findIndex(({ isOpen }) => isOpen);
  const stands = (value) => value != null && value >= lower && (lower > 0 ? value > 0 : true);
  // A line ends with the last bucket that is whole.
  const drawn = (values) => smoothed(open < 0 ? values : values.slice(0, open), size, shown.axis);
  const pointOf = (each) => (stands(each.mean) ? [x(each.bucket), y(each.mean)] : null);
  const isDrawn = hasLine(shown);
  // Beside a line's last point. The highest first, so that it stays above the others at the same
  // height.
  const ends = [...visible]
    .reverse()
    .map(({ label, values }) => {
      const whole = drawn(values).findLast(({ mean }) => stands(mean));
      const value = stands(values[open]) ? values[open] : whole?.mean;
      return value === undefined ? null : { label, y: y(value) };
    })
    .filter(Boolean);
  return (
    <>
      {isDrawn && limit.above <= layout.upper && stands(limit.above) ? (
        <line
          className={`limit-line tone-${limit.tone}`}
          x1={left}
          x2={right}
          y1={Math.round(y(limit.above)) + 0.5}
          y2={Math.round(y(limit.above)) + 0.5}
        />
      ) : null}
      {before.length ? (
        <path className="line-before" d={pathOf(drawn(before).map(pointOf))} />
      ) : null}
      {visible.map(({ label, tone, values }, index) => {
        const wide = drawn(values);
        const points = wide.map(pointOf);
        const next = drawn(visible[index + 1]?.values ?? []).map(pointOf);
        const last = open < 0 ? null : values[open];
        return (
          <g key={label} className={`tone-${tone}`}>
            {size > 1 ? <path className="band" d={bandOf(wide, x, y, stands)} /> : null}
            {/* So that it is seen on both sides of one that is drawn on it. */}
            <path className="line-below" d={pathOf(shared(points, next))} />
            <path className="line" d={pathOf(points)} />
            {stands(last) ? (
              <circle className="open-point" cx={x(open + 0.5)} cy={y(last)} r="2.5" />
            ) : null}
          </g>
        );
      })}
      {spread(ends, NAME_PX, { top, bottom }).map(({ label, y: at }) => (
        <text key={label} className="series-name" x={right + 8} y={at + 4}>{label}</text>
      ))}
    </>
  );
}

const bandOf = (wide, x, y, stands) => {
  const runs = [[]];
  for (const each of wide) {
    if (stands(each.least) && stands(each.most)) runs.at(-1).push(each);
    else runs.push([]);
  }
  return runs
    .filter((run) => run.length > 1)
    .map((run) => {
      const upper = run.map((each) => `${x(each.bucket).toFixed(1)} ${y(each.most).toFixed(1)}`);
      const lower = run.map((each) => `${x(each.bucket).toFixed(1)} ${y(each.least).toFixed(1)}`);
      return `M${[...upper, ...lower.reverse()].join("L")}Z`;
    })
    .join("");
};

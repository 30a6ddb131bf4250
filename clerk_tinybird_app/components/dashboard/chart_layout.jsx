// Where everything of a chart stands, before it is drawn.
import { folded, foldOf, gathered, linearScale, logScale, sum, textPx } from "./chart_scales.jsx";
import { onAxis } from "./units.jsx";

const TOP = 10;
const FOOT = 26;
const LEFT_PX = 36;
const LEAST_BAR_PX = 5;

export const summed = (groups, values) => groups.map((group) => gathered(values, group, sum));

// Whether the period before is shown: not without the series that it is told of. It is hidden by
// null, as no series is.
export const hasBefore = ({ chart, hidden, beforeOf }) =>
  chart.before.length > 0 && ![null, beforeOf].some((each) => hidden.includes(each));

// Of parts it is that of their whole.
export const nameBefore = ({ chart, isStacked, beforeOf }) =>
  isStacked || !beforeOf ? chart.before_name : `${beforeOf} ${chart.before_name}`;

const visibleOf = (shown) => ({
  visible: shown.series
    .map((each, index) => ({ ...each, values: shown.chart.values[index] ?? [] }))
    .filter(({ label }) => !shown.hidden.includes(label)),
  before: hasBefore(shown) ? shown.chart.before : [],
});

const barsScale = ({ mode, unit }, { visible, before }, groups, area) => {
  const totalOf = (group) => sum(visible.map(({ values }) => gathered(values, group, sum)));
  const totals = groups.map(totalOf);
  if (mode === "percent") return { ...percent(area), totals };
  const highest = Math.max(0, ...totals, ...summed(groups, before));
  return { ...linearScale(highest, area, unit === "count"), totals };
};

export const hasLine = ({ limit, series }) =>
  limit && series.some(({ column }) => column === limit.column);

const linesScale = (shown, { visible, before }, area) => {
  const { mode, unit, limit } = shown;
  const values = [...visible.flatMap((each) => each.values), ...before].filter((v) => v != null);
  const highest = Math.max(0, ...values);
  // A limit far above everything would flatten the lines.
  const isNear = hasLine(shown) && limit.above < 1.5 * highest;
  const upper = isNear ? Math.max(highest, limit.above) : highest;
  const positive = values.filter((value) => value > 0);
  if (mode === "log" && positive.length) return logScale(Math.min(...positive), upper, area);
  return linearScale(upper, area, unit === "count");
};

// Everything's place: `groups` are the buckets as they are drawn, `bar` the width of each, `x` the
// left edge of a bucket.
export const layoutOf = (shown, { width, height }) => {
  const { axis, mode, isStacked, unit } = shown;
  const drawn = visibleOf(shown);
  const area = { top: TOP, bottom: height - FOOT };
  const fold = isStacked ? foldOf(axis.starts.length, width - LEFT_PX, LEAST_BAR_PX) : 1;
  const groups = folded(axis, fold);
  const scale = isStacked ? barsScale(shown, drawn, groups, area) : linesScale(shown, drawn, area);
  const format = mode === "percent" ? (value) => `${Math.round(value * 100)} %` : onAxis(unit);
  const texts = scale.lines.filter(([, hasLabel]) => hasLabel).map(([value]) => format(value));
  const left = Math.ceil(Math.max(LEFT_PX, ...texts.map((text) => textPx(text) + 8)));
  const widths = drawn.visible.map(({ label }) => textPx(label) + 12);
  const names = isStacked ? 0 : Math.max(0, ...widths);
  const inner = Math.max(10, width - left - names);
  const first = groups[0]?.first ?? 0;
  return {
    ...area,
    ...scale,
    ...drawn,
    groups,
    fold,
    format,
    left,
    right: left + inner,
    bar: inner / Math.max(1, groups.length),
    x: (bucket) => left + ((bucket - first) / Math.max(1, groups.length * fold)) * inner,
  };
};

const percent = ({ top, bottom }) => ({
  y: (share) => bottom - share * (bottom - top),
  lines: [0, 0.25, 0.5, 0.75, 1].map((share) => [share, true]),
  upper: 1,
});

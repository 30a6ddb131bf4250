// Formats the numbers of a time series in their unit, and reads them from a row of a chart.
const written = (value, most) => value.toLocaleString("en", { maximumFractionDigits: most });

const SIZES = ["B", "kB", "MB", "GB", "TB", "PB"];
const size = (value, most) => {
  let index = 0;
  for (; Math.abs(value) >= 1_000 && index < SIZES.length - 1; index += 1) value /= 1_000;
  return `${written(value, most)} ${SIZES[index]}`;
};

const IN_FULL = {
  percent: (value) => `${written(value * 100, 2)} %`,
  milliseconds: (value) =>
    value < 1_000 ? `${written(value, value < 10 ? 1 : 0)} ms` : `${written(value / 1_000, 2)} s`,
  bytes: (value) => size(value, 2),
};

const SHORT = {
  percent: (value) => `${written(value * 100, 1)} %`,
  milliseconds: (value) =>
    value < 1_000 ? `${written(value, 1)} ms` : `${written(value / 1_000, 1)} s`,
  bytes: (value) => size(value, 1),
};

// The text in a table and in a chart's tooltip; an en dash for no value.
export const inUnit = (unit, value) =>
  value == null ? "–" : (IN_FULL[unit] ?? ((number) => written(number, 2)))(Number(value));

const short = (value) =>
  value.toLocaleString("en", { notation: "compact", maximumFractionDigits: 1 });

// The text on an axis, where there is little space.
export const onAxis = (unit) => SHORT[unit] ?? short;

const readers = {};

// Returns the function with which a chart reads a series from a row, always the same one. A
// function, because recharts reads a name with a dot as a path. On a log axis it leaves out zeros.
export const valueOf = (label, isLog) => {
  readers[`${isLog} ${label}`] ??= (row) => (isLog && !(row[label] > 0) ? null : row[label]);
  return readers[`${isLog} ${label}`];
};

// Numbers of a time series in their unit, and where a chart finds them.
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

// What a table and a chart's tooltip say; an en dash where there is no value.
export const inUnit = (unit, value) =>
  value == null ? "–" : (IN_FULL[unit] ?? ((number) => written(number, 2)))(Number(value));

const short = (value) =>
  value.toLocaleString("en", { notation: "compact", maximumFractionDigits: 1 });

// What stands beside a chart, where there is little room.
export const onAxis = (unit) => SHORT[unit] ?? short;

const readers = {};

// How a chart reads a series off a row, the same function each time. By a function, because a path
// is what recharts takes a name with a dot for; without zero where that has no place on the axis.
export const valueOf = (label, isLog) => {
  readers[`${isLog} ${label}`] ??= (row) => (isLog && !(row[label] > 0) ? null : row[label]);
  return readers[`${isLog} ${label}`];
};

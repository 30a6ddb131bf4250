// Numbers of a time series in their unit.
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
  milliseconds: (value) => {
    if (value === 0) return "0";
    return value < 1_000 ? `${written(value, 1)} ms` : `${written(value / 1_000, 2)} s`;
  },
  bytes: (value) => size(value, 1),
};

// What a table and a chart's tooltip say; an en dash where there is no value.
export const inUnit = (unit, value) =>
  value == null ? "–" : (IN_FULL[unit] ?? ((number) => written(number, 2)))(Number(value));

const short = (value) => {
  const power = [9, 6, 3].find((each) => Math.abs(value) >= 10 ** each) ?? 0;
  return `${written(value / 10 ** power, 2)}${{ 9: "B", 6: "M", 3: "k" }[power] ?? ""}`;
};

// What stands beside a chart, where there is little room.
export const onAxis = (unit) => SHORT[unit] ?? short;

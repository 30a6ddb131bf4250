// How a chart writes its numbers: as dashboard/texts.py writes all others. A test compares the two.
export const NONE = "–";
const MINUS = "−";
const MOST_PER_CENT = 300;

// With so many decimals, halves rounded away from zero, thousands divided.
export const fixed = (value, digits) => {
  if (!Number.isFinite(value)) return NONE;
  const text = Math.abs(value).toFixed(digits);
  const [whole, decimals] = text.split(".");
  const divided = whole.replace(/\B(?=(\d{3})+$)/g, ",") + (decimals ? `.${decimals}` : "");
  return value < 0 && /[1-9]/.test(text) ? MINUS + divided : divided;
};

// With its sign, none for what rounds to nothing.
const signed = (value, digits) => {
  const text = fixed(value, digits);
  return value > 0 && /[1-9]/.test(text) ? `+${text}` : text;
};

// From the smallest: below which value, what it is divided by, decimals, and the unit.
const STEPS = {
  count: [[Infinity, 1, 0, ""]],
  milliseconds: [
    [9.95, 1, 1, " ms"],
    [999.5, 1, 0, " ms"],
    [9_995, 1_000, 2, " s"],
    [Infinity, 1_000, 1, " s"],
  ],
  bytes: [
    [999.5, 1, 0, " B"],
    [99.95e3, 1e3, 1, " kB"],
    [999.5e3, 1e3, 0, " kB"],
    [99.95e6, 1e6, 1, " MB"],
    [999.5e6, 1e6, 0, " MB"],
    [99.95e9, 1e9, 1, " GB"],
    [999.5e9, 1e9, 0, " GB"],
    [99.95e12, 1e12, 1, " TB"],
    [999.5e12, 1e12, 0, " TB"],
    [Infinity, 1e15, 1, " PB"],
  ],
};
const stepsOf = (unit) => STEPS[unit] ?? STEPS.count;
const stepOf = (unit, value) => stepsOf(unit).findIndex(([below]) => Math.abs(value) < below);
const inStep = (unit, value, index, write) => {
  const [, divisor, digits, name] = stepsOf(unit)[index];
  return write(value / divisor, digits) + name;
};

// What a table, a legend and a tooltip say; an en dash where there is no value.
export const inUnit = (unit, value) => {
  if (value == null || !Number.isFinite(value)) return NONE;
  if (unit === "percent") return `${fixed(value * 100, 2)} %`;
  return inStep(unit, value, stepOf(unit, value), fixed);
};

// How a value differs from the one before, "" where one of them is none.
export const changeIn = (unit, now, before) => {
  if (now == null || before == null) return "";
  const difference = now - before;
  if (unit === "percent") return `${signed(100 * difference, 2)} pt`;
  if (unit !== "milliseconds" && before) {
    const [more, times] = [(100 * difference) / before, now / before];
    if (more <= MOST_PER_CENT) return `${signed(more, 1)} %`;
    return `×${fixed(times, times < 9.95 ? 1 : 0)}`;
  }
  // No finer than the value that it stands beside.
  const index = Math.max(stepOf(unit, now), stepOf(unit, difference));
  return inStep(unit, difference, index, signed);
};

// An axis and a limit have round numbers: they are as short as can be.
const short = (value) => value.toLocaleString("en", { maximumSignificantDigits: 4 });
const SIZES = ["B", "kB", "MB", "GB", "TB", "PB"];
const LETTERS = ["", "k", "M", "B"];
const thousandfold = (value, names) => {
  let index = 0;
  for (; Math.abs(value) >= 1_000 && index < names.length - 1; index += 1) value /= 1_000;
  return [short(value), names[index]];
};
const SHORT = {
  count: (value) => thousandfold(value, LETTERS).join(""),
  percent: (value) => `${short(value * 100)} %`,
  milliseconds: (value) => (value === 0 ? "0" : thousandfold(value, ["ms", "s"]).join(" ")),
  bytes: (value) => (value === 0 ? "0" : thousandfold(value, SIZES).join(" ")),
};
export const onAxis = (unit) => SHORT[unit] ?? SHORT.count;

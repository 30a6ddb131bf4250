// Where things stand in a chart, in pixels; nothing here knows React.

const LINES = 4;
const CHARACTER_PX = 6.7;

// How wide a text of 11 px is.
export const textPx = (text) => text.length * CHARACTER_PX;

const written = (value) => Math.round(value * 1e9) / 1e9;

// The distance between the lines of an axis: 1, 2, 2.5 or 5 times a power of ten.
export const niceStep = (most, isWhole) => {
  const raw = most / LINES;
  const power = 10 ** Math.floor(Math.log10(raw));
  const factors = isWhole && power < 10 ? [1, 2, 5, 10] : [1, 2, 2.5, 5, 10];
  const step = factors.find((factor) => factor * power >= raw * (1 - 1e-9)) * power;
  return isWhole ? Math.max(1, step) : step;
};

// A scale is where a value stands, and its lines: [value, whether it has a label].
export const linearScale = (most, { top, bottom }, isWhole) => {
  const step = niceStep(most || 1, isWhole);
  const upper = Math.ceil((most || 1) / step - 1e-9) * step;
  const lines = [];
  for (let value = 0; value <= upper * (1 + 1e-9); value += step) {
    lines.push([written(value), true]);
  }
  return { y: (value) => bottom - (value / upper) * (bottom - top), lines, upper };
};

const ONE_TWO_FIVE = [1, 2, 5];

export const logScale = (least, most, { top, bottom }) => {
  const power = 10 ** Math.floor(Math.log10(least));
  const lower = [5, 2, 1].find((factor) => factor * power <= least * (1 + 1e-9)) * power;
  const upper = Math.max(most * 1.1, lower * 2);
  const [from, to] = [Math.log10(lower), Math.log10(upper)];
  const values = [];
  for (let decade = power; decade <= upper; decade *= 10) {
    for (const factor of ONE_TWO_FIVE) {
      const value = written(factor * decade);
      if (value >= lower && value <= upper) values.push([value, factor === 1]);
    }
  }
  // Where there is hardly a decade, the lines between are all that tells values.
  const hasDecades = values.filter(([, isDecade]) => isDecade).length > 1;
  const lines = values.map(([value, isDecade]) => [
    value,
    isDecade || value === lower || !hasDecades,
  ]);
  return {
    y: (value) => bottom - ((Math.log10(value) - from) / (to - from)) * (bottom - top),
    lines,
    upper,
    lower,
  };
};

// How many buckets may be drawn as one; `axis.steps` has the width of each, in the same order.
export const FOLDS = [1, 2, 4];

// How many buckets are drawn as one, so that each is wide enough to be seen.
export const foldOf = (count, width, least) =>
  FOLDS.find((fold) => (width * fold) / count >= least) ?? FOLDS.at(-1);

// The words of a time that begins as one does and ends as another.
export const joined = (first, last) =>
  first === last ? first : `${first.split(" to ")[0]} to ${last.split(" to ").at(-1)}`;

// The buckets of so many in one: {first, last, start, end, words} for each. They begin at round
// times, so that they stay the same while the period moves on; a first one that is not whole is
// left out.
export const folded = (axis, fold) => {
  const { starts, words, seconds, end } = axis;
  let first = 0;
  const isRound = (start) => Math.round(start / seconds) % fold === 0;
  while (fold > 1 && first < starts.length && !isRound(starts[first])) first += 1;
  if (first >= starts.length) first = 0;
  const groups = [];
  for (let index = first; index < starts.length; index += fold) {
    const last = Math.min(index + fold, starts.length) - 1;
    groups.push({
      first: index,
      last,
      start: starts[index],
      end: starts[last + 1] ?? end,
      words: joined(words[index], words[last]),
      isOpen: axis.open >= 0 && last >= axis.open,
    });
  }
  return groups;
};

// The place of the bucket that a moment is in, -1 for none.
export const placeOf = (groups, at) => {
  if (at == null || !groups.length || at < groups[0].start || at >= groups.at(-1).end) return -1;
  let place = 0;
  while (place + 1 < groups.length && groups[place + 1].start <= at) place += 1;
  return place;
};

const known = (values) => values.filter((value) => value != null);
export const sum = (values) =>
  known(values).length ? known(values).reduce((all, value) => all + value, 0) : null;
export const mean = (values) => (known(values).length ? sum(values) / known(values).length : null);
export const least = (values) => (known(values).length ? Math.min(...known(values)) : null);
export const most = (values) => (known(values).length ? Math.max(...known(values)) : null);
export const gathered = (values, { first, last }, by) => by(values.slice(first, last + 1));

// Lines of buckets too narrow for the eye: their mean, and between which values they lie. Which of
// them are one goes by the clock, so that a line stays the same while the period moves on.
export const smoothed = (values, size, { starts, seconds }) => {
  const wide = [];
  const isFirst = (index) => Math.round(starts[index] / seconds) % size === 0;
  for (let index = 0; index < values.length; index = wide.at(-1).next) {
    let last = index;
    while (last + 1 < values.length && !isFirst(last + 1)) last += 1;
    const range = { first: index, last };
    wide.push({
      next: last + 1,
      bucket: (index + last + 1) / 2,
      mean: gathered(values, range, mean),
      least: gathered(values, range, least),
      most: gathered(values, range, most),
    });
  }
  return wide;
};

// A line through points [x, y], with a gap for every null; a lonely point is a dot.
export const pathOf = (points) => {
  let path = "";
  points.forEach((point, index) => {
    if (!point) return;
    const isFirst = !points[index - 1];
    path += `${isFirst ? "M" : "L"}${point[0].toFixed(1)} ${point[1].toFixed(1)}`;
    if (isFirst && !points[index + 1]) path += "h.01";
  });
  return path;
};

// Where each part of a bar begins and ends, from the baseline up. What is there can be seen,
// however little it is: the largest part gives way.
export const stacked = (values, { bottom, height, of, thinnest }) => {
  const total = sum(values) || 0;
  const whole = of ? (total / of) * height : 0;
  const heights = values.map((value) =>
    value > 0 ? Math.max((value / total) * whole, thinnest) : 0,
  );
  const over = heights.reduce((all, value) => all + value, 0) - whole;
  const largest = heights.indexOf(Math.max(...heights));
  if (over > 0) heights[largest] = Math.max(thinnest, heights[largest] - over);
  let y = bottom;
  return heights.map((part) => {
    y -= part;
    return { y, height: part };
  });
};

// More than a character.
const GAP_PX = 8;

const overlap = (ticks) =>
  ticks.some(({ x, text }, index) => {
    const before = ticks[index - 1];
    const half = (name) => textPx(name) / 2;
    return before && x - before.x < half(text) + half(before.text) + GAP_PX;
  });

// The densest marks of time that fit.
export const fittingTicks = (ticks, x) => {
  const placed = ticks.map(([at, text, rank, isDay]) => ({ x: x(at), text, rank, isDay }));
  const ranks = [...new Set(placed.map(({ rank }) => rank))].sort((a, b) => a - b);
  for (const rank of ranks) {
    const shown = placed.filter((tick) => tick.rank >= rank);
    if (!overlap(shown)) return shown;
  }
  return placed.filter(({ rank }) => rank === ranks.at(-1)).slice(0, 1);
};

// Texts at these heights, moved apart where they would stand on each other, each as little as can
// be.
export const spread = (places, distance, { top, bottom }) => {
  const sorted = [...places].sort((a, b) => a.y - b.y);
  // Of texts that touch: where the first one stands, and how many they are.
  const heaps = [];
  for (const [index, place] of sorted.entries()) {
    let heap = { y: place.y - index * distance, count: 1 };
    while (heaps.length && heaps.at(-1).y > heap.y) {
      const { y, count } = heaps.pop();
      const all = count + heap.count;
      heap = { y: (y * count + heap.y * heap.count) / all, count: all };
    }
    heaps.push(heap);
  }
  const lowest = bottom - (sorted.length - 1) * distance;
  return heaps
    .flatMap(({ y, count }) => Array(count).fill(Math.max(top, Math.min(y, lowest))))
    .map((y, index) => ({ ...sorted[index], y: y + index * distance }));
};

const BESIDE_PX = 14;
const EDGE_PX = 8;

// Where a box stands that tells of what is at `x`, in pixels from a chart's corner: to the right of
// it, or to the left, within the chart if it can be. Where a page is too narrow for that, it stands
// over the chart, or below one that is at the top.
export const tipPlace = (x, { width, height }, chart, pageWidth) => {
  const [first, last] = [EDGE_PX - chart.left, pageWidth - EDGE_PX - chart.left];
  const [left, right] = [x - BESIDE_PX - width, x + BESIDE_PX];
  // The same wherever `x` is, so that nothing jumps: in the page's middle there is the least room.
  const middle = Math.max(0, Math.min((first + last) / 2, chart.width));
  if (Math.max(middle - first, last - middle) - BESIDE_PX < width) {
    const over = Math.max(first, Math.min(x - width / 2, last - width));
    return { left: over, top: chart.top < height + EDGE_PX ? chart.height : -height };
  }
  const places = [
    [right, right + width <= chart.width],
    [left, left >= 0],
    [right, right + width <= last],
  ];
  return { left: (places.find(([, isFree]) => isFree) ?? [left])[0], top: 0 };
};

// A chart as a picture, in the colours that it has on the page.

const SCALE = 2;
const PAD = 20;
const HEAD = 56;
const FOOT = 36;
const STYLES = [
  ...["fill", "fill-opacity", "stroke", "stroke-opacity", "stroke-width", "stroke-dasharray"],
  ...["stroke-linecap", "stroke-linejoin", "opacity", "font-family", "font-size", "font-weight"],
  ...["text-anchor", "paint-order", "visibility"],
];

// A copy that looks the same without the page's style sheets.
const resolved = (svg, width, height) => {
  const copy = svg.cloneNode(true);
  const from = [svg, ...svg.querySelectorAll("*")];
  [copy, ...copy.querySelectorAll("*")].forEach((node, index) => {
    const style = getComputedStyle(from[index]);
    for (const name of STYLES) node.setAttribute(name, style.getPropertyValue(name));
    node.removeAttribute("class");
    node.removeAttribute("style");
  });
  copy.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  // What stands over its edges, such as the last time, is in the picture too.
  copy.setAttribute("viewBox", `${-PAD} 0 ${width + 2 * PAD} ${height}`);
  copy.setAttribute("width", width + 2 * PAD);
  copy.setAttribute("height", height);
  return new XMLSerializer().serializeToString(copy);
};

const picture = (text) =>
  new Promise((done, fail) => {
    const image = new Image();
    image.onload = () => done(image);
    image.onerror = fail;
    image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(text)}`;
  });

const colour = (node, name) => getComputedStyle(node).getPropertyValue(name);

// The mark of a series: a square, or a line as thick as the one in the chart.
const mark = (pen, host, { tone, isLine, x, y }) => {
  const probe = document.createElement("span");
  probe.className = `swatch tone-${tone} ${isLine ? "stroke" : ""}`;
  host.append(probe);
  const thick = parseFloat(colour(probe, "border-top-width"));
  pen.fillStyle = colour(probe, isLine ? "border-top-color" : "background-color");
  probe.remove();
  if (isLine) pen.fillRect(x, y - 4 - thick / 2, 14, thick);
  else pen.fillRect(x, y - 9, 10, 10);
};

const legend = (pen, host, { series, isStacked, before }, y) => {
  let x = PAD;
  const ink = colour(host, "color");
  const beside = isStacked ? 16 : 20;
  const write = (label) => {
    pen.fillStyle = ink;
    pen.fillText(label, x + beside, y);
    x += beside + pen.measureText(label).width + 18;
  };
  for (const { label, tone } of series) {
    mark(pen, host, { tone, isLine: !isStacked, x, y });
    write(label);
  }
  if (!before) return;
  pen.fillStyle = ink;
  for (const dash of [0, 5, 10]) pen.fillRect(x + dash, y - 5, 3, 1.5);
  write(before);
};

// The text, or as much of it as there is room for.
const fitting = (pen, text, room) => {
  let fit = text;
  while (fit.length > 1 && pen.measureText(fit).width > room) fit = fit.slice(0, -2).trimEnd() + "…";
  return fit;
};

export async function savePng(svg, { name, title, caption, ...named }) {
  const { width, height } = svg.getBoundingClientRect();
  const image = await picture(resolved(svg, width, height));
  const host = svg.closest("section") ?? svg.parentElement;
  const canvas = document.createElement("canvas");
  canvas.width = (width + 2 * PAD) * SCALE;
  canvas.height = (height + HEAD + FOOT + PAD) * SCALE;
  const pen = canvas.getContext("2d");
  pen.scale(SCALE, SCALE);
  pen.fillStyle = colour(host, "background-color");
  pen.fillRect(0, 0, canvas.width, canvas.height);
  pen.drawImage(image, 0, HEAD, width + 2 * PAD, height);
  pen.fillStyle = colour(host, "color");
  pen.font = `600 14px ${colour(host, "--font-mono")}`;
  pen.fillText(title, PAD, PAD + 4);
  pen.font = `13px ${colour(host, "--font-mono")}`;
  pen.fillStyle = colour(host, "--soft");
  pen.fillText(fitting(pen, caption, width), PAD, PAD + 24);
  legend(pen, host, named, HEAD + height + 22);
  const blob = await new Promise((done) => canvas.toBlob(done));
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = `${name}.png`;
  link.click();
  URL.revokeObjectURL(link.href);
}

// Runs Lighthouse on a Chromium that is open already. Reads a job as JSON from its input:
//   { lighthouse: the package's folder, port: Chromium's debugging port,
//     runs: [{ url, preset: "mobile" or "desktop", categories: [...] }] }
// and prints one line of JSON for each run: { scores: category -> 0 to 1, metrics: audit ->
// milliseconds or, for the layout's shift, a number, losses: category -> [{ id, weight, score }] }.
import { pathToFileURL } from "node:url";

const METRICS = [
  "first-contentful-paint",
  "largest-contentful-paint",
  "total-blocking-time",
  "cumulative-layout-shift",
  "speed-index",
];

const text = await new Response(Bun.stdin.stream()).text();
const job = JSON.parse(text);
const part = async (path) => (await import(pathToFileURL(`${job.lighthouse}/${path}`).href)).default;
const lighthouse = await part("core/index.js");
const desktop = await part("core/config/desktop-config.js");

const lost = (lhr, category) =>
  category.auditRefs
    .map(({ id, weight }) => ({ id, weight, score: lhr.audits[id].score }))
    .filter(({ weight, score }) => weight > 0 && score !== null && score < 1);

for (const { url, preset, categories } of job.runs) {
  const flags = { port: job.port, logLevel: "error", onlyCategories: categories };
  const { lhr } = await lighthouse(url, flags, preset === "desktop" ? desktop : undefined);
  if (lhr.runtimeError) throw new Error(`${url}: ${lhr.runtimeError.message}`);
  const found = Object.values(lhr.categories);
  console.log(
    JSON.stringify({
      scores: Object.fromEntries(found.map(({ id, score }) => [id, score])),
      metrics: Object.fromEntries(
        METRICS.filter((id) => lhr.audits[id]).map((id) => [id, lhr.audits[id].numericValue]),
      ),
      losses: Object.fromEntries(found.map((category) => [category.id, lost(lhr, category)])),
    }),
  );
}
// Lighthouse's own timers would keep the process for seconds.
process.exit(0);

// Does with @tinybirdco/sdk what python_sdk_program.py does with the Python one.
import { readFileSync } from "node:fs";

const sdk = `${process.cwd()}/node_modules/@tinybirdco/sdk/dist`;
const load = (file) => import(`${sdk}/${file}.js`);
const { createClient, defineDatasource, defineEndpoint, defineMaterializedView, engine, node, p, t } =
  await load("index");
const { generateDatasource } = await load("generator/datasource");
const { generatePipe } = await load("generator/pipe");
const { buildToTinybird } = await load("api/build");
const { deployToMain } = await load("api/deploy");
const { pullAllResourceFiles } = await load("api/resources");
const { getWorkspace } = await load("api/workspaces");

const views = defineDatasource("views", {
  schema: {
    timestamp: t.dateTime(),
    path: t.string(),
    tags: t.array(t.string()),
    country: t.string().lowCardinality().nullable(),
  },
  engine: engine.mergeTree({ sortingKey: ["path", "timestamp"] }),
});
const days = defineDatasource("days", {
  jsonPaths: false,
  schema: { day: t.date(), views: t.simpleAggregateFunction("sum", t.uint64()) },
  engine: engine.aggregatingMergeTree({ sortingKey: ["day"] }),
});
const toDays = defineMaterializedView("to_days", {
  datasource: days,
  nodes: [
    node({
      name: "fill",
      sql: "SELECT toDate(timestamp) AS day, count() AS views FROM views GROUP BY day",
    }),
  ],
});
const pages = defineEndpoint("pages", {
  params: { start: p.dateTime(), country: p.string().optional("DE") },
  nodes: [
    node({
      name: "counted",
      sql:
        "SELECT path, count() AS views FROM views WHERE timestamp >= {{DateTime(start)}} " +
        "AND country = {{String(country, 'DE')}} GROUP BY path ORDER BY path",
    }),
  ],
  output: { path: t.string(), views: t.uint64() },
});

const start = { start: "2029-01-01 00:00:00" };
const address = { baseUrl: process.argv[2], token: readFileSync(0, "utf8") };
const client = createClient(address);
const project = {
  datasources: [views, days].map(generateDatasource),
  pipes: [pages, toDays].map(generatePipe),
  connections: [],
};
const refused = (asked) => asked.then(() => 0, (error) => error.statusCode);

const told = { workspace: (await getWorkspace(address)).name };
told.build = (await buildToTinybird(address, project)).success;
told.deploy = (await deployToMain(address, project)).success;
const row = { timestamp: "2030-01-01 10:00:00", path: "/a", tags: ["x"], country: "DE" };
told.one = await client.ingest("views", row, { wait: true });
const more = [{ ...row, path: "/b" }, { ...row, path: "/es", country: "ES" }, { ...row, tags: 1 }];
told.more = await client.ingestBatch("views", more, { wait: true });
told.pages = (await client.query("pages", start)).data;
told.days = (await client.sql("SELECT sum(views) AS views FROM days FORMAT JSON")).data;
const scope = { type: "PIPES:READ", resource: "pages", fixed_params: { country: "ES" } };
const made = await client.tokens.createJWT({
  name: "es",
  expiresAt: 2_000_000_000,
  scopes: [scope],
});
const tenant = createClient({ ...address, token: made.token });
told.tenant = (await tenant.query("pages", { ...start, country: "DE" })).data;
told.refused = [
  await refused(tenant.sql("SELECT * FROM views FORMAT JSON")),
  await refused(tenant.ingest("views", row)),
  await refused(client.query("pages", {})),
];
const condition = { deleteCondition: "country = 'ES'", dryRun: true };
told.removed = (await client.datasources.delete("views", condition)).rows_to_be_deleted;
await client.datasources.truncate("views");
told.left = (await client.query("pages", start)).data;
const { datasources, pipes } = await pullAllResourceFiles(address);
const texts = (files) => JSON.stringify(files.map((each) => [each.name, each.content.trim()]).sort());
told.pulled =
  texts([...datasources, ...pipes]) === texts([...project.datasources, ...project.pipes]);
console.log(JSON.stringify(told));

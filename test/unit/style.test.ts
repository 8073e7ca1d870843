/** The limits and habits of the sources that no linter knows: sizes, docstrings, names, one way of doing things. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { exportsWithoutDocstring, readSources, sourceOf, stem } from "../support/sources.ts";
import type { Source } from "../support/sources.ts";

const sources = readSources("functions", "shared", "infra", "local", "client", "console");
const inFolders = (...folders: string[]): Source[] =>
  sources.filter(({ path }) => folders.includes(path.split("/")[0]!));
const handlers = sources.filter(({ path }) => /^functions\/[^/]+\.ts$/.test(path));
const paths = (found: readonly Source[]): string[] => found.map(({ path }) => path);
const containing = (pattern: RegExp, among: readonly Source[]): string[] =>
  paths(among.filter(({ code }) => pattern.test(code)));

test("source files stay under 250 lines, those of functions/ under 100", () => {
  expect(paths(sources.filter(({ lines }) => lines >= 250))).toEqual([]);
  expect(paths(handlers.filter(({ lines }) => lines >= 100))).toEqual([]);
});

test("no function of the product has more than 70 lines: the linter has no exception for any of its folders", () => {
  const { rules, overrides } = JSON.parse(readFileSync(".oxlintrc.json", "utf8"));
  const limit = { max: 70, skipBlankLines: false, skipComments: true };
  expect(rules["max-lines-per-function"]).toEqual(["error", limit]);
  const without = overrides.filter(
    (each: { rules: object }) => "max-lines-per-function" in each.rules,
  );
  expect(without.map(({ files }: { files: string[] }) => files)).toEqual([["test/**", "bench/**"]]);
});

test("every file opens with a sentence on its job", () => {
  expect(paths(sources.filter(({ text }) => !/^(?:#!.*\n)?\/[*/]/.test(text)))).toEqual([]);
});

test("every export in shared, infra, client and console has a docstring", () => {
  const planted = sourceOf("shared/base/bare.ts", "/** Job. */\n\nexport const bare = 1;\n");
  expect(exportsWithoutDocstring(planted)).toEqual(["bare"]);
  const bare = inFolders("shared", "infra", "client", "console").flatMap((source) =>
    exportsWithoutDocstring(source).map((name) => `${source.path}: ${name}`),
  );
  expect(bare).toEqual([]);
});

test("exports have names", () => {
  expect(containing(/^export default /m, sources)).toEqual([]);
});

test("no file or folder has a name that says nothing", () => {
  const empty = /^(?:utils?|helpers?|common|types?|misc|lib)$/;
  const named = sources.filter(({ path }) =>
    [...path.split("/").slice(0, -1), stem(path)].some((part) => empty.test(part)),
  );
  expect(paths(named)).toEqual([]);
});

test("interfaces have no I in front of their names", () => {
  expect(containing(/\binterface I[A-Z]/, sources)).toEqual([]);
});

test("functions say what they do: views are called xView, parsers parseX, the rest begins with a verb", () => {
  const nameless =
    /\b(?:function (?!allOf\b|anyOf\b|pathsOf\b)\w+Of\b|const \w+Of = (?:async )?\()/;
  expect(nameless.test("function lockOf(row: Row) {}")).toBe(true);
  expect(nameless.test("const lockOf = (row: Row) => row")).toBe(true);
  expect(nameless.test("function allOf(...fragments: Fragment[]) {}")).toBe(false);
  expect(containing(nameless, sources)).toEqual([]);
});

/**
 * Loops that try again without `again`, and why: they wait in between, something else than a count ends them, or what
 * the last round does differs.
 */
const loopsByHand: Readonly<Record<string, string>> = {
  "client/request.ts": "pauses as long as an answer says; knows nothing of shared/",
  "local/assembly/synth.ts": "waits until another synthesis is done, or its lock is stale",
  "local/database/dynamodb-local.ts": "waits until Java answers, or its time is over",
  "local/jobs/batch-delivery.ts": "does what Lambda's event source mappings do",
  "local/jobs/schedules.ts": "does what EventBridge Scheduler does",
  "local/lambda/releases.ts": "does what CodeDeploy does",
  "shared/admin/trial-locks-service.ts": "each round looks for more of what is to be ended",
  "shared/base/again.ts": "is it",
  "shared/carts/storage/cart-store.ts": "waits in between, until the operation's deadline",
  "shared/events/event-service.ts": "whoever was first has told one more change of this batch",
  "shared/inventory/hot/closing.ts": "each round closes something that is over",
  "shared/inventory/hot/taking.ts": "waits in between, until the operation's deadline",
  "shared/inventory/old-layout.ts": "each round carries one more row over",
  "shared/inventory/room.ts": "each round takes away something that is over",
  "shared/live/connecting.ts": "nobody makes room behind the last round",
  "shared/locks/lock-waiting.ts": "waits in between, as long as the caller wants to",
  "shared/orders/order-taking.ts": "waits in between, until the operation's deadline",
  "shared/table/repeating.ts": "waits in between, until the operation's deadline",
  "shared/table/tolerating.ts": "each round leaves out one more of what it was given",
};

test("whoever looks again at what others changed uses again(), or has a reason to go round by hand", () => {
  const byHand = /\bfor \(;;\)|\bwhile \(true\)|\blet (?:attempt|tries|round)s? = /;
  const planted = ["for (;;) {", "while (true) {", "for (let attempt = 0; attempt < 3; "];
  expect(planted.filter((loop) => !byHand.test(loop))).toEqual([]);
  expect(containing(byHand, sources).toSorted()).toEqual(Object.keys(loopsByHand).toSorted());
});

test("what an order has is told by its status: nobody vouches for its payment", () => {
  expect(containing(/\bpayment!/, inFolders("shared", "functions"))).toEqual([]);
});

test("handlers have no try, no catch and no status codes", () => {
  const forbidden = /\btry\s*\{|\bcatch\b|\bstatusCode\b|\bstatus:\s*\d{3}\b/;
  expect(forbidden.test("try { place(); } catch (error) {}")).toBe(true);
  expect(containing(forbidden, handlers)).toEqual([]);
});

test("the domain knows no HTTP status; the contract and the runtime do", () => {
  const domain = inFolders("shared").filter(
    ({ path }) => !/^shared\/(?:api|providers)\//.test(path),
  );
  expect(containing(/\bstatusCode\b|\bhttpStatus\b/i, domain)).toEqual([]);
});

test("a route is written down in the contract and nowhere else", () => {
  const route = /["'`](?:GET|POST|PUT|PATCH|DELETE) \//;
  expect(containing(route, inFolders("functions", "infra", "client"))).toEqual([]);
});

test("only the table folder reads why a transaction was cancelled", () => {
  const reading = containing(/CancellationReasons|TransactionCanceledException/, [
    ...inFolders("shared", "functions"),
  ]);
  expect(reading.filter((path) => !path.startsWith("shared/table/"))).toEqual([]);
});

test("services and stores are made by factories, without classes or a container library", () => {
  const made = inFolders("shared").filter(({ path }) => /-(?:service|store)\.ts$/.test(path));
  const classes = /^export (?:abstract )?class (?!\w*(?:Error|Refused|Lost|Held)\b)/m;
  expect(containing(classes, made)).toEqual([]);
  const { dependencies } = JSON.parse(readFileSync("package.json", "utf8"));
  const containers = ["inversify", "tsyringe", "awilix", "typedi", "bottlejs"];
  expect(containers.filter((name) => name in dependencies)).toEqual([]);
});

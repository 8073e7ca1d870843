/** `npm run crowd`: a crowd in virtual time over a model of DynamoDB; tells what everybody got and what it cost. */
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { SingleBar } from "cli-progress";
import { type ContentionSettings, defaultContention } from "../local/contention/settings.ts";
import { onStopRequest } from "../local/stop-request.ts";
import { type CrowdOptions, runCrowd } from "../test/sim/contention/crowd.ts";
import { htmlReport } from "./crowd/page.ts";
import { terminalReport } from "./crowd/report.ts";
import { summarizeCrowd } from "./crowd/summary.ts";

const usage = `npm run crowd -- [options]

  --shoppers N       how many come (default 10000)
  --stock N          units of each item (default 5000)
  --shards N         rows of each item (default 1)
  --items N          how many items there are (default 1)
  --lines N          different items in each order (default 1); --pairs is 2
  --window S         seconds within which they arrive (default 1)
  --cart             orders come from carts, which were filled before
  --one-account      all shoppers are sessions of one account
  --seed N           another crowd (default 1); the same seed gives the same one
  --report FILE      writes a page with charts that needs nothing else
  --json             prints the numbers as JSON and nothing else

  the model, see docs/contention.md:
  --busy-ms N        a transaction keeps its items so long (default 10)
  --warm N           write units a second that each table is warm for (default 4000: fresh)
  --partitions N     keys share so many partitions (default: each has its own)

Exits with 1 when anything broke.`;

class UsageError extends Error {}

const text = { type: "string" } as const;
const flag = { type: "boolean", default: false } as const;

function parse() {
  const crowd = { shoppers: text, stock: text, shards: text, items: text, lines: text };
  const model = { "busy-ms": text, warm: text, partitions: text };
  const flags = { pairs: flag, cart: flag, "one-account": flag, json: flag, help: flag };
  try {
    return parseArgs({
      options: { ...crowd, ...model, ...flags, window: text, seed: text, report: text },
    }).values;
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

type Values = ReturnType<typeof parse>;

function parseNumber(
  values: Values,
  name: keyof Values,
  {
    fallback,
    least,
    most,
    isWhole = true,
  }: Record<"fallback" | "least" | "most", number> & {
    isWhole?: boolean;
  },
): number {
  const given = values[name];
  const number = Number(given ?? fallback);
  const isFit = number >= least && number <= most && (!isWhole || Number.isInteger(number));
  if (isFit && given !== "") return number;
  const kind = isWhole ? "a whole number" : "a number";
  throw new UsageError(`--${name} must be ${kind} from ${least} to ${most}, not ${given}`);
}

function readModel(values: Values): ContentionSettings {
  const { busy, warmWriteUnits: fresh, tableWriteUnits, tableReadUnits } = defaultContention;
  const busyMs = parseNumber(values, "busy-ms", {
    fallback: busy.medianMs,
    least: 0,
    most: 1_000,
    isWhole: false,
  });
  const warm = parseNumber(values, "warm", { fallback: fresh, least: 1, most: 10_000_000 });
  const placement = values.partitions
    ? parseNumber(values, "partitions", { fallback: 1, least: 1, most: 100_000 })
    : ("isolated" as const);
  return {
    ...defaultContention,
    busy: { medianMs: busyMs, p99Ms: (busyMs * busy.p99Ms) / busy.medianMs },
    warmWriteUnits: warm,
    warmReadUnits: 3 * warm,
    // Whoever warms a table for more has had the quota raised.
    tableWriteUnits: Math.max(warm, tableWriteUnits),
    tableReadUnits: Math.max(3 * warm, tableReadUnits),
    placement,
  };
}

function readCrowd(values: Values): CrowdOptions {
  const count = (name: keyof Values, fallback: number, most: number): number =>
    parseNumber(values, name, { fallback, least: 1, most });
  const lines = count("lines", values.pairs ? 2 : 1, 20);
  const items = count("items", lines, 1_000);
  if (lines > items) throw new UsageError(`--lines ${lines} needs as many --items`);
  const seconds = parseNumber(values, "window", {
    fallback: 1,
    least: 0,
    most: 86_400,
    isWhole: false,
  });
  return {
    shoppers: count("shoppers", 10_000, 1_000_000),
    stock: count("stock", 5_000, 100_000_000),
    shards: count("shards", 1, 50),
    items,
    lines,
    windowMs: seconds * 1_000,
    source: values.cart ? "cart" : "inline",
    isOneAccount: values["one-account"],
    seed: parseNumber(values, "seed", { fallback: 1, least: 0, most: Number.MAX_SAFE_INTEGER }),
    contention: readModel(values),
  };
}

/** A bar on a terminal; elsewhere a line for every tenth. Both go to stderr, so that JSON stays alone. */
function createProgress(total: number) {
  if (!process.stderr.isTTY) {
    let tenths = 0;
    return {
      update(done: number) {
        if (Math.floor((10 * done) / total) === tenths) return;
        tenths = Math.floor((10 * done) / total);
        console.error(`${done}/${total} answered`);
      },
      stop() {},
    };
  }
  const bar = new SingleBar({
    format: "  {bar} {value}/{total} answered  {duration_formatted}",
    barsize: 40,
    hideCursor: true,
  });
  bar.start(total, 0);
  return { update: (done: number) => bar.update(done), stop: () => bar.stop() };
}

async function main(): Promise<number> {
  const values = parse();
  if (values.help) {
    console.log(usage);
    return 0;
  }
  const options = readCrowd(values);
  const progress = createProgress(options.shoppers);
  const onAnswer = (answered: number): void => progress.update(answered);
  const crowd = await runCrowd({ ...options, onAnswer }).finally(() => progress.stop());
  if (values.json) {
    console.log(JSON.stringify({ ...crowd, answers: undefined, summary: summarizeCrowd(crowd) }));
  } else console.log(terminalReport(crowd));
  if (values.report !== undefined) {
    writeFileSync(values.report, htmlReport(crowd));
    if (!values.json) console.log(`  The page is ${values.report}`);
  }
  return crowd.broken.length === 0 ? 0 : 1;
}

onStopRequest(() => process.exit(1));

try {
  process.exitCode = await main();
} catch (error) {
  console.error(error instanceof UsageError ? `${error.message}\n\n${usage}` : error);
  process.exitCode = 1;
}

/**
 * The projects of the test run, one for each folder of test/. They run in groups from quick to slow, so that on two
 * processors a race is not disturbed by anything else, and a wrong line of code is known within seconds.
 */
import { defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";

interface Plan {
  name: string;
  /** Groups run one after the other; projects of one group share its workers, those named first begin. */
  group: number;
  /** Files side by side. Those who measure or race get the machine to themselves. */
  workers: number;
  /** Needs the run's DynamoDB Local. */
  database?: boolean;
  /** Set up once before its files, besides the database. */
  setup?: string;
  /** Files share a process and its modules, which take longer to load than most files take to run. */
  shared?: boolean;
  /** Which files, where they are not those of the folder of its name. */
  files?: string[];
  except?: string[];
}

/**
 * What keeps both processors busy in a full run: crowds, browsers, thousands of requests. Beside them, what else runs would wait
 * for its time limits.
 */
const ALONE = [
  "carts/locking",
  "console",
  "console-load",
  "contract",
  "cost",
  "crowds",
  "deployed-pages",
  "documents/named-locks",
  "documents/tabs",
  "large-requests",
  "pages",
  "payments/burst",
  "promotions",
  "shop-pages",
].map((name) => `test/e2e/${name}.test.ts`);

/** Of this run alone: what a test starts by itself has failures of its own. */
const failureList = process.env["HOLDFAST_FAILURES"];
delete process.env["HOLDFAST_FAILURES"];

const isFull = process.env["HOLDFAST_EFFORT"] === "full";

/** What takes longest, where only one processor can be at it, begins first. */
const LONGEST = [
  "infra/nag",
  "unit/docs/walks",
  "unit/payments/permutations",
  "package/package",
].map((name) => `test/${name}.test.ts`);

const plans: Plan[] = [
  { name: "infra", group: 1, workers: 2, shared: true },
  { name: "unit", group: 1, workers: 2, shared: true },
  { name: "sim", group: 3, workers: 2, database: true, shared: true },
  { name: "store", group: 4, workers: 2, database: true, shared: true },
  { name: "race", group: 5, workers: 1, database: true, shared: true },
  // It waits for npm most of the time.
  { name: "package", group: 6, workers: 2, database: true },
  {
    name: "e2e",
    group: 6,
    workers: 2,
    database: true,
    setup: "test/support/recorded-calls.ts",
    shared: true,
    except: isFull ? ALONE : [],
  },
  {
    name: "e2e-alone",
    group: 7,
    workers: 1,
    database: true,
    shared: true,
    files: isFull ? ALONE : [],
  },
  { name: "rights", group: 8, workers: 1 },
];

/** Files of a project one after the other, so that those that share modules stay in one process. */
class InTurn extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    // oxlint-disable-next-line unicorn/no-array-sort -- it is the sequencer's, not the array's
    const sorted = await super.sort(files);
    const isLonger = ({ moduleId }: TestSpecification): boolean =>
      LONGEST.some((file) => moduleId.replaceAll("\\", "/").endsWith(file));
    return plans.flatMap(({ name }) => {
      const own = sorted.filter(({ project }) => project.name === name);
      return [...own.filter(isLonger), ...own.filter((file) => !isLonger(file))];
    });
  }
}

export default defineConfig({
  test: {
    passWithNoTests: true,
    sequence: { sequencer: InTurn },
    reporters: [
      ["default", { summary: !process.env["CI"] }],
      ...(failureList ? [["./test/support/failure-list.ts", { file: failureList }] as const] : []),
    ],
    projects: plans.map(({ name, group, workers, database, setup, shared, files, except }) => ({
      test: {
        name,
        include: files ?? [`test/${name}/**/*.test.ts`],
        exclude: except ?? [],
        sequence: { groupOrder: group },
        pool: "forks" as const,
        maxWorkers: workers,
        // Where a test calls a handler without a runner around it, nobody reads what it logs.
        env: {
          POWERTOOLS_LOG_LEVEL: "SILENT",
          POWERTOOLS_METRICS_DISABLED: "true",
          POWERTOOLS_METRICS_NAMESPACE: "Holdfast",
          // The CDK's look at a whole template takes seconds: one test asks for it (test/infra/nag.test.ts).
          CDK_VALIDATION: "false",
        },
        isolate: !shared,
        // DynamoDB Local is slow at first and two processors are soon busy: a limit here means "it hangs".
        testTimeout: isFull ? 3_000_000 : database ? 180_000 : 60_000,
        hookTimeout: isFull ? 600_000 : 120_000,
        expect: { poll: { timeout: 20_000 } },
        globalSetup: [
          ...(database ? ["test/support/dynamodb-local.ts"] : []),
          ...(setup ? [setup] : []),
        ],
      },
    })),
  },
});

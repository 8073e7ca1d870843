/** Checks the conservation law over every item and names the items that break it. */
import type { Clock } from "../base/time.ts";
import type { Database } from "../table/database.ts";
import { currentOperation } from "../table/operation.ts";
import { findRows, type HotRow, type Rows } from "./hot/rows-store.ts";
import { type Catalog, listStocks } from "./stock-store.ts";
import { listBuckets, unitsIn } from "./buckets.ts";
import type { Stock } from "./stock.ts";

/** An item whose levels cannot be right. */
export interface Violation {
  readonly itemId: string;
  readonly problem: string;
  readonly available: number;
  readonly held: number;
  readonly sold: number;
  readonly received: number;
  readonly adjusted: number;
}

/** What a check found; a cursor means that it is to be continued. */
export interface StockCheck {
  readonly items: number;
  readonly violations: readonly Violation[];
  readonly cursor?: string;
}

/** What the check needs. */
export interface StockCheckServiceOptions {
  readonly database: Database;
  readonly clock: Clock;
}

/** Kept back from the operation's time, to read one more page and to answer. */
const reserveMs = 5_000;

function findProblems(stock: Stock | HotRow): string[] {
  const { available, held, sold, received, adjusted, away = 0, rows } = stock;
  const buckets = listBuckets(stock);
  const off = available + held + sold + away - (received + adjusted);
  const isOdd = buckets.some(({ quantity }) => !Number.isInteger(quantity) || quantity < 0);
  const counted = unitsIn(buckets);
  return [
    ...(off > 0 ? [`${off} units too many`] : []),
    ...(off < 0 ? [`${-off} units missing`] : []),
    ...(available < 0 ? ["available is below zero"] : []),
    // A refund of what another row has sold comes back to the first one.
    ...(sold < 0 && rows === undefined ? ["sold is below zero"] : []),
    ...(held === counted ? [] : [`${held} held, but ${counted} in holds that end`]),
    ...(isOdd ? ["an instant at which holds end has no whole number of units"] : []),
    ...([available, sold, received, adjusted].every(Number.isInteger) ? [] : ["not whole units"]),
  ];
}

/** What is wrong between the rows of an item, or in one of them. */
function findProblemsBetween({ main, rows }: Rows): string[] {
  const given = rows.reduce((sum, { received }) => sum + received, 0);
  const off = given - (main.away ?? 0);
  return [
    ...rows.flatMap((row) => findProblems(row).map((problem) => `row ${row.row}: ${problem}`)),
    ...(off === 0 ? [] : [`${main.away ?? 0} units went to other rows, but ${given} are there`]),
  ];
}

/** So often an item is read whose rows do not fit together: units may just have moved between them. */
const mostReadings = 5;

async function findSpreadProblems(database: Database, first: Stock): Promise<string[]> {
  let problems: string[] = [];
  for (let reading = 0; reading < mostReadings; reading += 1) {
    const found = await findRows(database, first);
    problems = found ? findProblemsBetween(found) : [];
    if (problems.length === 0) return [];
  }
  return problems;
}

/** The violation that an item is, or nothing when all is well. */
async function findViolations(database: Database, stock: Stock): Promise<Violation[]> {
  const between = stock.rows === undefined ? [] : await findSpreadProblems(database, stock);
  const problems = [...findProblems(stock), ...between];
  if (problems.length === 0) return [];
  const { itemId, available, held, sold, received, adjusted } = stock;
  return [{ itemId, problem: problems.join("; "), available, held, sold, received, adjusted }];
}

/** Where a check is: in which list of items, and how far. */
interface CheckPlace {
  readonly catalog: Catalog;
  readonly cursor?: string | undefined;
}

/** Stands before a cursor within the items that were withdrawn; cursors have no such sign. */
const inArchive = "archived:";

function parsePlace(from: string | undefined): CheckPlace {
  if (!from?.startsWith(inArchive)) return { catalog: "items", cursor: from };
  return { catalog: "archived", cursor: from.slice(inArchive.length) || undefined };
}

function formatPlace({ catalog, cursor = "" }: CheckPlace): string {
  return catalog === "archived" ? `${inArchive}${cursor}` : cursor;
}

/** What was withdrawn is checked behind all that is sold: its holds and returns go on. */
function nextPlace(catalog: Catalog, cursor: string | undefined): CheckPlace | undefined {
  if (cursor !== undefined) return { catalog, cursor };
  return catalog === "items" ? { catalog: "archived" } : undefined;
}

/** Makes the service. */
export function createStockCheckService({ database, clock }: StockCheckServiceOptions) {
  return {
    /**
     * Checks every item from the cursor on: `available + held + sold = received + adjusted`, with
     * every level as it is at one instant, because one item holds them all; for an item that was ever hot
     * the same in each of its rows, and between them. Two requests per 100 items, and one for each
     * that was hot. Stops in time for an answer, with a cursor to go on from.
     *
     * @example const { violations } = await stockCheck.run();
     */
    async run(from?: string): Promise<StockCheck> {
      const end = currentOperation()?.deadlineMs ?? Number.POSITIVE_INFINITY;
      const violations: Violation[] = [];
      let items = 0;
      let place: CheckPlace | undefined = parsePlace(from);
      do {
        const page = await listStocks(database, { limit: 100, ...place }, database.getMany);
        items += page.rows.length;
        for (const stock of page.rows) violations.push(...(await findViolations(database, stock)));
        place = nextPlace(place.catalog, page.cursor);
      } while (place !== undefined && clock() < end - reserveMs);
      return { items, violations, ...(place === undefined ? {} : { cursor: formatPlace(place) }) };
    },
  };
}

/** Asks the contention model what DynamoDB would do with a crowd: `npm run crowd` in a process of its own. */
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { ROOT } from "../root.ts";

/** What the model says of a crowd; times are virtual milliseconds. */
export interface ModelNumbers {
  readonly sold: number;
  readonly refused: number;
  /** Sales a second, from the first shopper to the last sale. */
  readonly perSecond: number;
  /** How long half of the sales, and 99 of 100, took at the most. */
  readonly sales: { readonly p50: number; readonly p99: number };
  /** Requests that met a transaction under way. */
  readonly conflicts: number;
  readonly requestsPerSale: number;
  /** What must not happen and did: nothing, unless a promise is broken. */
  readonly broken: readonly string[];
}

interface Told {
  readonly broken: readonly string[];
  readonly summary: Omit<ModelNumbers, "sold" | "refused" | "broken"> & {
    readonly counts: Readonly<Record<"sold" | "soldOut" | "refused" | "tryAgain", number>>;
  };
}

const longestMs = 60_000;

/**
 * The model's numbers for so many who want one unit each within a second. It computes beside the server, whose answers
 * do not wait for it, and ends with it.
 *
 * @throws Error when it takes longer than a minute
 */
export async function askModel(buyers: number, units: number): Promise<ModelNumbers> {
  const script = join(ROOT, "scripts", "crowd.ts");
  const counts = ["--shoppers", String(buyers), "--stock", String(units), "--json"];
  const { stdout } = await promisify(execFile)(process.execPath, [script, ...counts], {
    timeout: longestMs,
    maxBuffer: 1 << 24,
  });
  const { broken, summary } = JSON.parse(stdout) as Told;
  const { counts: came, perSecond, conflicts, requestsPerSale, sales } = summary;
  return {
    sold: came.sold,
    refused: came.soldOut + came.refused + came.tryAgain,
    perSecond,
    sales: { p50: sales.p50, p99: sales.p99 },
    conflicts,
    requestsPerSale,
    broken,
  };
}

/** Keeps what the functions of each test server asked AWS for, to be judged when all tests are through. */
import { randomUUID } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { RecordedCall } from "../../local/aws/calls.ts";
import { ROOT } from "../../local/root.ts";

/** The calls of one server, and the CDK context that its template was made with. */
export interface Recording {
  readonly context: Readonly<Record<string, string>>;
  readonly calls: readonly RecordedCall[];
}

const folder = join(ROOT, ".holdfast", "recorded-calls");

/** Writes down the calls of a server; table names are kept without what only this run put before them. */
export function keepCalls(
  context: Recording["context"],
  calls: readonly RecordedCall[],
  tablePrefix: string,
): void {
  mkdirSync(folder, { recursive: true });
  const plain = calls.map((call) => ({
    ...call,
    resource: call.resource.replace(`table/${tablePrefix}`, "table/"),
  }));
  writeFileSync(join(folder, `${randomUUID()}.json`), JSON.stringify({ context, calls: plain }));
}

/** What all servers of the last run have recorded. */
export function recordings(): Recording[] {
  try {
    return readdirSync(folder).map(
      (file) => JSON.parse(readFileSync(join(folder, file), "utf8")) as Recording,
    );
  } catch {
    return [];
  }
}

/** Vitest's global set-up of the end-to-end tests: a new run, a new record. */
export default function forgetCalls(): void {
  rmSync(folder, { recursive: true, force: true });
}

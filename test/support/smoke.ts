/** Runs the smoke test as somebody types it, without npm's own lines. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";

/** How it ended, and what it said. */
export interface Smoked {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Tries the server at this address. */
export function smoke(url: string, ...parameters: string[]): Promise<Smoked> {
  const given = ["scripts/smoke.ts", "--url", url, ...parameters];
  return promisify(execFile)(process.execPath, given).then(
    ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
    (error: Smoked) => error,
  );
}

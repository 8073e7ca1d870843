/** `npm run test-locks` tries all five subjects on a real database, and notices what breaks. */
import { execFile } from "node:child_process";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { expect, inject, onTestFinished, test } from "vitest";
import { ROOT } from "../../local/root.ts";
import { type TriedCache, trySubjects } from "../../scripts/test-locks/subjects.ts";

const names = ["acquire and release", "expiry", "reservation", "concurrency", "statistics"];

/** Runs the command; how it ended and what it said. */
function runTestLocks(endpoint: string): Promise<{ code: unknown; lines: string[] }> {
  const parameters = [join(ROOT, "scripts/test-locks.ts"), "--endpoint", endpoint];
  return new Promise((settle) => {
    execFile(process.execPath, parameters, (error, stdout) => {
      settle({ code: error?.code ?? 0, lines: stdout.trimEnd().split("\n") });
    });
  });
}

const subjectsOf = (lines: readonly string[]) => lines.filter((line) => names.includes(line));

test("npm run test-locks says what it did of each subject, and ends with 0 when all of it works", async () => {
  const { code, lines } = await runTestLocks(inject("dynamoDbEndpoint"));
  expect(subjectsOf(lines)).toEqual(names);
  const told = lines.filter((line) => line.startsWith("  "));
  expect(told.filter((line) => !line.startsWith("  ok      "))).toEqual([]);
  expect(told.length).toBeGreaterThan(3 * names.length);
  expect([code, lines.at(-1)]).toEqual([0, "All of it works."]);
});

test("npm run test-locks ends with 1 on a database that answers and keeps nothing", async () => {
  const server = createServer((request, response) => {
    request.resume().once("end", () => {
      response.setHeader("content-type", "application/x-amz-json-1.0").end("{}");
    });
  });
  await new Promise<void>((settle) => server.listen(0, "127.0.0.1", settle));
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  const { code, lines } = await runTestLocks(`http://127.0.0.1:${port}`);
  expect(subjectsOf(lines)).toEqual(names);
  expect(lines.at(-1)).toMatch(/^Failed: /);
  expect(code).toBe(1);
});

test("locks that anybody gets fail every subject, and what throws has failed", async () => {
  const open: TriedCache = {
    acquireLock: async () => true,
    releaseLock: async () => true,
    isLocked: async () => false,
    reserveItemsInCart: async () => ({ success: true, failedItems: [] }),
    getLockStatistics: async () => ({ activeLocks: 0, locks: [] }),
  };
  expect(await trySubjects(open, () => {})).toEqual(names);
  const said: string[] = [];
  const broken = { ...open, acquireLock: () => Promise.reject(new Error("no")) };
  await trySubjects(broken, (line) => said.push(line));
  expect(said).toContain("  failed  Error: no");
});

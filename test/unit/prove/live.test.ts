/** Whoever waits for `npm run prove` sees how far it is, how fast it goes and how long it will take. */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { Writable } from "node:stream";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { ROOT } from "../../../local/root.ts";
import { Live } from "../../../scripts/prove/live.ts";
import { Pace } from "../../../scripts/prove/pace.ts";

/** Somewhere to show it, which remembers. */
function createStream(isTTY: boolean) {
  const written: string[] = [];
  const stream = new Writable({
    write(chunk, _encoding, done) {
      written.push(String(chunk));
      done();
    },
  });
  return { stream: Object.assign(stream, { isTTY, columns: 120 }), written };
}

test.for([
  [1_000, 0, 100, 10_000, "10 a second, 90 s left"],
  [1_000, 0, 15, 10_000, "1.5 a second, 11 min left"],
  [100_000, 0, 100, 60_000, "1.7 a second, 16 h 39 min left"],
  [100, 0, 1, 120_000, "0.5 a minute, 3 h 18 min left"],
  [100, 0, 100, 50_000, "2.0 a second, took 50 s"],
  // What an earlier run had done took no time of this one.
  [1_000, 900, 910, 10_000, "1.0 a second, 90 s left"],
  [1_000, 900, 900, 10_000, ""],
] as const)("of %i with %i from before, %i after %i ms are %j", (given) => {
  const [total, before, done, afterMs, said] = given;
  expect(new Pace(total, before, 5_000).describe(done, 5_000 + afterMs)).toBe(said);
});

describe("with a clock of its own", () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  test("without a terminal there is a line every ten seconds in which something moved, and one at the end", () => {
    const { stream, written } = createStream(false);
    const live = new Live(stream);
    const part = live.begin("seeds", 100);
    part.advance(20, "0 violations");
    vi.advanceTimersByTime(9_000);
    expect(written).toEqual([]);
    vi.advanceTimersByTime(1_000);
    expect(written).toEqual(["seeds 20/100 2.0 a second, 40 s left, 0 violations\n"]);
    vi.advanceTimersByTime(20_000);
    expect(written).toHaveLength(1);
    live.say("seed 7 breaks a promise");
    part.advance(80, "1 violation");
    expect(written.slice(1)).toEqual([
      "seed 7 breaks a promise\n",
      "seeds 100/100 3.3 a second, took 30 s, 1 violation\n",
    ]);
    vi.advanceTimersByTime(60_000);
    expect(written).toHaveLength(3);
    live.stop();
  });

  test("on a terminal the numbers change in place every second", () => {
    const { stream, written } = createStream(true);
    const live = new Live(stream);
    const part = live.begin("seeds", 100, 10);
    part.advance(20, "0 violations");
    vi.advanceTimersByTime(2_500);
    const shown = written.join("");
    expect(shown).toContain("30/100 10 a second, 7 s left, 0 violations");
    expect(shown).not.toContain("\n30");
    vi.advanceTimersByTime(2_000);
    // As nothing moves meanwhile, it goes ever slower.
    expect(written.join("")).toContain("30/100 5.0 a second, 14 s left, 0 violations");
    live.say("seed 7 breaks a promise");
    part.advance(70, "1 violation");
    vi.advanceTimersByTime(1_000);
    live.stop();
    expect(written.join("")).toContain("seed 7 breaks a promise\n");
    expect(written.join("")).toContain("100/100");
    const { length } = written;
    vi.advanceTimersByTime(10_000);
    expect(written).toHaveLength(length);
  });
});

test("a look at a few seeds tells so itself", { timeout: 120_000 }, () => {
  const parameters = ["--workload", "stock", "--seeds", "5", "--workers", "1"];
  const command = [join(ROOT, "scripts/prove.ts"), ...parameters];
  const { stderr, stdout, status } = spawnSync(process.execPath, command, { encoding: "utf8" });
  expect(stderr).toMatch(/^stock 5\/5 [\d.]+ a \w+, took \d+ s, 0 violations$/m);
  expect(stdout).toMatch(/^5 seeds, \d+ operations/);
  expect(status).toBe(0);
});

/** A release after this one on the same tables: what it has laid out anew is neither misread nor changed, whatever this one does. */
import { expect, test } from "vitest";
import { effort } from "../support/effort.ts";
import { tryBesideLater } from "./crash-points.ts";
import { describeViolation } from "./simulate.ts";

/** One case in so many; with no factor in common with the number of scenes, so that every scene is among them. */
const every = effort({ part: 59, all: 1 });

test(
  "whoever meets a later release's rows fails and has misread nothing, and a repetition finds nothing lost or doubled",
  { timeout: 3_000_000 },
  async () => {
    const broken: string[] = [];
    let met = 0;
    for await (const { scene, plan, isMet, result } of tryBesideLater(every)) {
      if (isMet) met += 1;
      if (!result.violation) continue;
      broken.push(`${scene} ${JSON.stringify(plan)}: ${describeViolation(result.violation)}`);
    }
    expect(broken.slice(0, 3)).toEqual([]);
    expect(met).toBeGreaterThan(400 / every);
  },
);

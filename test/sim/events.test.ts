/** Facts go out: whatever the streams and the bus do, each arrives once, in order and without gaps. */
import { expect, test } from "vitest";
import { effort } from "../support/effort.ts";
import { describeViolation, simulate } from "./simulate.ts";
import { workloadNamed } from "./workloads/index.ts";

const operations = effort({ part: 1_000, all: 10_000 });

test(
  `in ${operations} operations every fact leaves once and in order, and replaying them gives the state`,
  { timeout: 3_000_000 },
  async () => {
    const events = workloadNamed("events");
    let done = 0;
    for (let seed = 1; done < operations; seed += 1) {
      const { violation, operations: own } = await simulate(seed, events);
      expect(violation && describeViolation(violation)).toBeUndefined();
      done += own;
    }
  },
);

const webhookOperations = effort({ part: 600, all: 10_000 });

test(
  `in ${webhookOperations} operations every endpoint is told what it asked for, in order, and once more only where something died`,
  { timeout: 3_000_000 },
  async () => {
    const webhooks = workloadNamed("webhooks");
    let done = 0;
    for (let seed = 1; done < webhookOperations; seed += 1) {
      const { violation, operations: own } = await simulate(seed, webhooks);
      expect(violation && describeViolation(violation)).toBeUndefined();
      done += own;
    }
  },
);

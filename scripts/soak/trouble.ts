/** What goes wrong meanwhile: workers that die, requests that take long, streams that are late, providers that fail. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Holdfast } from "../../local/holdfast.ts";
import type { Tally } from "./tally.ts";

const functions = [
  "orders",
  "carts",
  "payments",
  "payment-webhooks",
  "documents",
  "cleanup",
  "changes",
  "event-bus",
  "live",
];

/** Most invocations make no more requests than this. */
const mostRequests = 8;
const roundMs = 15_000;

const pick = <T>(all: readonly T[]): T => all[Math.floor(Math.random() * all.length)]!;

/** Sets a new lot of faults; what the last lot has done is counted. */
function disturbWorkers({ faults }: Holdfast, tally: Tally): void {
  for (const { mode, fired } of faults.list()) {
    tally.count(mode === "delay" ? "slow requests" : "deaths", fired.length);
  }
  faults.clear();
  for (const name of functions) {
    const mode = pick(["before", "after", "after", "delay"] as const);
    const afterRequests = 1 + Math.floor(Math.random() * mostRequests);
    faults.add({ function: name, afterRequests, mode, delayMs: 3_000, times: 4 });
  }
}

/** Every other round providers are fine. */
function disturbProviders({ desk }: Holdfast, isRough: boolean, tally: Tally): void {
  const kinds = ["refuse", "lose", "error", "hangAfter"] as const;
  desk!.disturb(() => {
    if (!isRough || Math.random() > 0.3) return undefined;
    tally.count("provider failures");
    return pick(kinds);
  });
}

/** Disturbs whatever can be, until the shop closes; then all is as it should be. */
export async function disturb(
  holdfast: Holdfast,
  tally: Tally,
  isOpen: () => boolean,
): Promise<void> {
  for (let round = 0; isOpen(); round += 1) {
    disturbWorkers(holdfast, tally);
    disturbProviders(holdfast, round % 2 === 1, tally);
    for (let waitedMs = 0; waitedMs < roundMs && isOpen(); waitedMs += 250) await sleep(250);
  }
  holdfast.faults.clear();
  disturbProviders(holdfast, false, tally);
}

/** What a process remembers of decisions about hold times, so that orders are told without a request of their own. */
import type { Logger } from "../base/logger.ts";
import { type Clock, type EpochMs, later } from "../base/time.ts";
import type { Database } from "../table/database.ts";
import { currentOperation, newMeter, runOperation } from "../table/operation.ts";
import {
  applyHold,
  type HoldDecision,
  type LearnedHold,
  type LearnedHoldSettings,
} from "./learned-hold.ts";
import { lookAtLearnedHold } from "./learned-hold-store.ts";

/** A decision is read again after so long; so is one that could not be read. */
const rememberedMs = 60_000;

/** An order waits no longer for it. */
const patienceMs = 250;

/** What the memory is made of. */
export interface HoldMemoryOptions {
  readonly database: Database;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly settings: {
    readonly learnedHolds?: LearnedHoldSettings;
    readonly holdMs: number;
    /** An item of which so many units or fewer are available is scarce. */
    readonly lowStock: number;
  };
}

/** Decides for one order; `fewestAvailable` is what is known to be left of the scarcest of its items. */
export type HoldTeller = (orderId: string, fewestAvailable: number) => HoldDecision;

/** Tells orders of a payment method how long they hold their units. */
export interface HoldMemory {
  /** At most one request a minute and method, a quarter of a second long. Never fails: then it is the setting's time. */
  prepare(method: string): Promise<HoldTeller>;
}

interface Remembered {
  readonly learned: LearnedHold | undefined;
  readonly reason: string;
  readonly untilMs: EpochMs;
}

/** Makes an empty memory; nothing where learned times are not applied. */
export function createHoldMemory(options: HoldMemoryOptions): { readonly holds?: HoldMemory } {
  const { database, clock, logger } = options;
  const { learnedHolds: settings, holdMs, lowStock } = options.settings;
  if (settings?.mode !== "apply") return {};
  const memory = new Map<string, Promise<Remembered>>();

  async function read(method: string): Promise<Remembered> {
    const untilMs = later(clock(), rememberedMs);
    const meter = currentOperation()?.meter ?? newMeter();
    const operation = { meter, deadlineMs: later(clock(), patienceMs) };
    try {
      const learned = await runOperation(operation, () => lookAtLearnedHold(database, method));
      return { learned, reason: "No hold time has been learned yet.", untilMs };
    } catch (error) {
      logger.warn("Learned hold time not read", { method, error });
      return { learned: undefined, reason: "The learned hold time could not be read.", untilMs };
    }
  }

  async function recall(method: string): Promise<Remembered> {
    const known = await memory.get(method);
    if (known && clock() < known.untilMs) return known;
    const reading = read(method);
    memory.set(method, reading);
    return reading;
  }

  const holds: HoldMemory = {
    async prepare(method) {
      const { learned, reason } = await recall(method);
      const otherwise = { holdMs, reason };
      return (orderId, fewestAvailable) => {
        const isScarce = fewestAvailable <= lowStock;
        return applyHold({ learned, settings, orderId, isScarce, otherwise });
      };
    },
  };
  return { holds };
}

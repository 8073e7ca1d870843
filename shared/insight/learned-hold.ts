/** What was decided about the hold time of a payment method, and what an order keeps of how its own came about. */
import { dayMs, type EpochMs } from "../base/time.ts";
import { HoldfastError } from "../base/errors.ts";
import {
  chooseHold,
  clampHold,
  type HoldBounds,
  isKeptLongest,
  stepTowards,
} from "./hold-choice.ts";
import { sumCounts } from "./histogram.ts";
import { estimateSurvival, type Observed, survivalAt } from "./survival.ts";

/** How an order came by the time for which it holds its units. */
export interface HoldDecision {
  /** `kept_longest`: it is one of the few by which longer times are learned. */
  readonly by: "setting" | "learned" | "kept_longest";
  /** A sentence for who wonders; shoppers read it, so it tells nothing of how the shop sells. */
  readonly reason: string;
  readonly seconds: number;
}

/** What a shop chooses of learned hold times; times in milliseconds. */
export interface LearnedHoldSettings {
  /** `suggest` decides and shows it, `apply` also lets orders have it. */
  readonly mode: "suggest" | "apply";
  readonly bounds: HoldBounds;
  /** So many orders in a hundred are held for the longest time. */
  readonly keptLongestPercent: number;
}

/** The decision about one payment method. */
export interface LearnedHold {
  readonly method: string;
  /** For how long units are held; a whole number of seconds, as the one below. */
  readonly usualMs: number;
  /** The same where few are left. */
  readonly scarceMs: number;
  /** What it was before. */
  readonly formerMs: number;
  readonly observations: number;
  readonly paid: number;
  readonly reason: string;
  readonly decidedAtMs: EpochMs;
  /** Who decided: tells one run from another. */
  readonly decidedBy: string;
}

/** Somebody else decided meanwhile; nothing was changed. */
export class AlreadyDecided extends HoldfastError {
  constructor(method: string) {
    super("ALREADY_DECIDED", "Somebody else decided meanwhile", { method });
  }
}

/** Whether it is time to decide again: once a day, so that nothing changes by more than a quarter of it. */
export function isDue(former: LearnedHold | undefined, nowMs: EpochMs): boolean {
  return former === undefined || nowMs - former.decidedAtMs >= dayMs;
}

const toText = (seconds: number): string => `${seconds.toLocaleString("en")} s`;

/** What a decision is made from. */
export interface DecisionParts {
  readonly method: string;
  readonly former: LearnedHold | undefined;
  /** For how long orders are held where nothing was decided, in milliseconds. */
  readonly settingMs: number;
  readonly bounds: HoldBounds;
  readonly observed: Observed;
  readonly nowMs: EpochMs;
  readonly decidedBy: string;
}

/** The decision by what was seen; undefined where too little was. */
export function decideHold(parts: DecisionParts): LearnedHold | undefined {
  const { method, former, settingMs, bounds, observed, nowMs, decidedBy } = parts;
  const curve = estimateSurvival(observed);
  const wishedMs = chooseHold(curve, bounds);
  const wishedScarceMs = chooseHold(curve, bounds, true);
  if (wishedMs === undefined || wishedScarceMs === undefined) return undefined;
  const formerMs = clampHold(former?.usualMs ?? settingMs, bounds);
  const usualMs = stepTowards(formerMs, wishedMs);
  const formerScarceMs = clampHold(former?.scarceMs ?? settingMs, bounds);
  const scarceMs = Math.min(usualMs, stepTowards(formerScarceMs, wishedScarceMs));
  const percent = Math.round(100 * (1 - survivalAt(curve, wishedMs)));
  const aim = toText(wishedMs / 1_000);
  const way = usualMs === wishedMs ? "" : `, of which this is a quarter of the way at the most`;
  const seen = curve.observations.toLocaleString("en");
  const reason =
    `Of ${seen} orders ${percent} % are paid within ${aim}${way}: held for less, more money would come too late; ` +
    `held for longer, units would be withheld for more than that is worth.`;
  const paid = sumCounts(observed.events);
  const counts = { observations: curve.observations, paid };
  return { method, usualMs, scarceMs, formerMs, ...counts, reason, decidedAtMs: nowMs, decidedBy };
}

/** What an order is decided by. */
export interface ApplyingParts {
  readonly learned: LearnedHold | undefined;
  readonly settings: LearnedHoldSettings;
  readonly orderId: string;
  readonly isScarce: boolean;
  /** What it has otherwise, in milliseconds, and why. */
  readonly otherwise: { readonly holdMs: number; readonly reason: string };
}

/** How long an order holds its units, and why; the same for the same order as long as the decision is. */
export function applyHold(parts: ApplyingParts): HoldDecision {
  const { learned, settings, orderId, isScarce, otherwise } = parts;
  const { bounds, keptLongestPercent } = settings;
  if (!learned) {
    return { by: "setting", reason: otherwise.reason, seconds: otherwise.holdMs / 1_000 };
  }
  if (isKeptLongest(orderId, keptLongestPercent)) {
    const reason = `One of ${keptLongestPercent} in a hundred orders that are held longest, so that longer times are learned, too.`;
    return { by: "kept_longest", reason, seconds: bounds.mostMs / 1_000 };
  }
  const holdMs = clampHold(isScarce ? learned.scarceMs : learned.usualMs, bounds);
  const day = new Date(learned.decidedAtMs).toISOString().slice(0, 10);
  const scarce = isScarce ? " Few units are left, so it is the shorter time." : "";
  const reason = `Learned from when orders like it are paid, as of ${day}.${scarce}`;
  return { by: "learned", reason, seconds: holdMs / 1_000 };
}

/**
 * For how long locks are best leased: longer withholds them from others when their owners are gone, shorter takes them
 * from owners who were only silent for a while.
 *
 * @see docs/decisions/0032-lease-suggestions.md
 */
import { secondsToMs } from "../base/time.ts";
import { chooseHold, clampHold, fewestObservations } from "./hold-choice.ts";
import { estimateSurvival, type Observed, survivalAt } from "./survival.ts";

/** What a suggestion is made from; times in milliseconds. */
export interface LeaseParts {
  /** The lease that silences were seen under, and the one that it is compared with. */
  readonly leaseMs: number;
  /** Silences by age: their ends as events, those that were seen no further as censored. */
  readonly observed: Observed;
  readonly bounds: { readonly leastMs: number; readonly mostMs: number };
}

/** A suggestion, or why there is none. */
export interface LeaseSuggestion {
  /** In milliseconds, whole seconds within the bounds; undefined where too little was seen. */
  readonly suggestedMs: number | undefined;
  /** In words, for who decides. */
  readonly reason: string;
}

/** One owner who loses his lock by a pause costs as much as a lock that is withheld for nobody for so long. */
export const lostLockCostMs = secondsToMs(3_600);

/** One suggestion is shorter by a quarter at the most: silences under a lease tell nothing of a much shorter one. */
const mostShorter = 0.75;

/** Where even the whole lease is too short, so much more is suggested: nothing longer was seen yet, but it will be. */
const longer = 1.125;

const toText = (ms: number): string => `${(ms / 1_000).toLocaleString("en")} s`;

function tooFew(seen: number): LeaseSuggestion {
  const reason = `${seen} of at least ${fewestObservations} owners were seen who fell silent under this lease: too few to say.`;
  return { suggestedMs: undefined, reason };
}

/**
 * The lease of least cost for silences like those that were seen, a quarter shorter than the present one or an eighth
 * longer at the most, and within its bounds. What silences would have been beyond the lease cannot be seen: they
 * are censored there.
 */
export function suggestLease({ leaseMs, observed, bounds }: LeaseParts): LeaseSuggestion {
  const presentMs = clampHold(leaseMs, bounds);
  const leastMs = Math.max(bounds.leastMs, Math.ceil((presentMs * mostShorter) / 1_000) * 1_000);
  const curve = estimateSurvival(observed);
  const reach = { leastMs, mostMs: presentMs, lateCostMs: lostLockCostMs };
  const wishedMs = chooseHold(curve, reach);
  if (wishedMs === undefined) return tooFew(curve.observations);
  const seen = `Of ${curve.observations.toLocaleString("en")} owners who were silent for more than half of their lease`;
  const share = (ms: number): string => `${Math.round(100 * (1 - survivalAt(curve, ms)))} %`;
  if (wishedMs < presentMs) {
    const reason =
      `${seen}, ${share(wishedMs)} were back within ${toText(wishedMs)}: with less, more of them would lose their lock; ` +
      `with more, those who do not come back would keep it from others for longer than that is worth.`;
    return { suggestedMs: wishedMs, reason };
  }
  const longerMs = clampHold(presentMs * longer, bounds);
  const reason =
    `${seen}, ${share(presentMs)} were back within all of it, and so many of them towards its end that others would be ` +
    `with some more time: what a longer lease does is seen only under one.`;
  return { suggestedMs: longerMs, reason };
}

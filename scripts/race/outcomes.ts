/** What may come of an order in a contest, with its name and its look in every report. */
import type { Attempt } from "./contest.ts";

/** In the order in which reports name them; `other` must not happen. */
export const outcomes = [
  { kind: "granted", name: "granted", look: "done" },
  { kind: "refused", name: "refused", look: "out" },
  { kind: "other", name: "neither, which must not happen", look: "fault" },
] as const;

/** What came of an order. */
export type Outcome = (typeof outcomes)[number]["kind"];

/** Whether that came of it. */
export function isOfKind({ status }: Pick<Attempt, "status">, kind: Outcome): boolean {
  const found: Outcome = status === 201 ? "granted" : status === 409 ? "refused" : "other";
  return found === kind;
}

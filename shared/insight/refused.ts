/** Reads out of a refusal what was wanted and why it was not had. */
import type { HoldfastError } from "../base/errors.ts";
import type { EpochMs } from "../base/time.ts";
import { floorToMinute, nameRefusal, othersTogether, wholeShop } from "./contention.ts";
import { type Wanted, lockByKind } from "./granted.ts";
import type { Tally } from "./tally.ts";

/** What a refusal may know besides its fields: the lock that somebody else has. */
interface AboutLock {
  readonly lock?: { readonly kind: "document" | "cart" | "custom"; readonly resource: string };
}

interface FailedLine {
  readonly itemId: string;
  readonly reason: string;
}

/** A refused request: the error, and what the request was about where its address says so. */
export interface RefusedRequest {
  readonly error: HoldfastError;
  readonly about?: Wanted | undefined;
}

/** Names that nothing is known by are anybody's to make up: they are counted together. */
function refusedItem({ itemId, reason }: FailedLine): readonly [Wanted, string] {
  return [["item", reason === "not_found" ? othersTogether : itemId], reason];
}

function listRefused({ error, about }: RefusedRequest): (readonly [Wanted, string])[] {
  const failed = error.fields["failedItems"];
  if (Array.isArray(failed)) return (failed as FailedLine[]).map(refusedItem);
  const { lock } = error as AboutLock;
  const wanted = lock ? lockByKind(lock.kind, lock.resource) : about;
  return wanted ? [[wanted, error.code]] : [];
}

/** Adds a refusal: to what was wanted, and to the shop. */
export function addRefused(tally: Tally, refused: RefusedRequest, nowMs: EpochMs): void {
  const all: (readonly [Wanted, string])[] = [
    [["shop", wholeShop], refused.error.code],
    ...listRefused(refused),
  ];
  for (const [[kind, resource], reason] of all) {
    const place = { kind, resource, minuteMs: floorToMinute(nowMs) };
    tally.add(place, { refused: { [nameRefusal(reason)]: 1 } });
  }
}

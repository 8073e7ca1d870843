/** How claims are stored: a row each, named by a digest, so that nobody who reads the table can use one. */
import type { ChangeNote } from "../../base/actor.ts";
import { fingerprint } from "../../base/derived-ids.ts";
import { dayMs, type EpochMs, later, ttlSecondsAt } from "../../base/time.ts";
import type { Database } from "../../table/database.ts";
import { action, allOf, condition, exists, isMissing, pathsOf } from "../../table/expression.ts";
import { put, type Row, update, type Write } from "../../table/write.ts";
import { ClaimNotAccepted } from "../model/claim.ts";

interface ClaimRow {
  readonly cartId: string;
  /** The cart that is handed over. */
  readonly sourceCartId: string;
  readonly untilMs: number;
  /** The cart that it went to. */
  readonly usedBy?: string;
  readonly change: ChangeNote;
  readonly ttlSeconds: number;
}

const at = pathsOf<ClaimRow>();

/** Carts' names have a slash, a digest has none: no claim stands where a cart does. */
const claimPlace = (claim: string) =>
  ({ table: "Carts", key: { cartId: `claim:${fingerprint(claim)}` } }) as const;

/** A claim of a cart, to be made. */
export interface NewClaim {
  readonly claim: string;
  readonly sourceCartId: string;
  readonly untilMs: EpochMs;
  readonly note: ChangeNote;
}

/** Puts a claim; it is forgotten a day after its time. */
export function makeClaimWrite({ claim, sourceCartId, untilMs, note }: NewClaim): Write {
  const { table, key } = claimPlace(claim);
  const ttlSeconds = ttlSecondsAt(later(untilMs, dayMs));
  return put({
    table,
    key,
    item: { ...key, sourceCartId, untilMs, ttlSeconds, change: note },
    condition: isMissing(at("cartId")),
    refused: () => new ClaimNotAccepted("used"),
    applied: (found) => found?.["sourceCartId"] === sourceCartId,
  });
}

/** Uses a claim for a cart, if nobody has and its time is not over. */
export function useClaimWrite(claim: string, targetCartId: string, note: ChangeNote): Write {
  return update({
    ...claimPlace(claim),
    change: { set: [action`${at("usedBy")} = ${targetCartId}`, action`${at("change")} = ${note}`] },
    condition: allOf(
      exists(at("sourceCartId")),
      isMissing(at("usedBy")),
      condition`${at("untilMs")} > ${note.atMs}`,
    ),
    refused: explainRefusal,
  });
}

function explainRefusal(found: Row | undefined): ClaimNotAccepted {
  if (found?.["sourceCartId"] === undefined) return new ClaimNotAccepted("unknown");
  const { usedBy } = found as unknown as ClaimRow;
  return usedBy === undefined
    ? new ClaimNotAccepted("expired")
    : new ClaimNotAccepted("used", usedBy);
}

/**
 * The cart that a claim is of. One request.
 *
 * @throws ClaimNotAccepted when there is no such claim, its time is over, or it went to another cart
 */
export async function findClaimed(
  database: Database,
  claim: string,
  { targetCartId, nowMs }: { readonly targetCartId: string; readonly nowMs: EpochMs },
): Promise<{ readonly sourceCartId: string; readonly isUsed: boolean }> {
  const { table, key } = claimPlace(claim);
  const found = (await database.get(table, key)) as unknown as ClaimRow | undefined;
  if (!found) throw new ClaimNotAccepted("unknown");
  const { sourceCartId, usedBy, untilMs } = found;
  if (usedBy !== undefined && usedBy !== targetCartId) throw new ClaimNotAccepted("used", usedBy);
  if (usedBy === undefined && untilMs <= nowMs) throw new ClaimNotAccepted("expired");
  return { sourceCartId, isUsed: usedBy !== undefined };
}

/**
 * Idempotency keys: a row of its own binds a key of one user to what was asked, and where, for a day. It is written in
 * the transaction that does what was asked, so there is never one without the other.
 * @see docs/decisions/0019-idempotency-keys.md
 */
import { HoldfastError } from "../base/errors.ts";
import { derivedId, fingerprint } from "../base/derived-ids.ts";
import { dayMs, type EpochMs, later, ttlSecondsAt } from "../base/time.ts";
import type { Database } from "./database.ts";
import { anyOf, condition, isMissing, pathsOf } from "./expression.ts";
import { put, type Row, type Write } from "./write.ts";

/** A request that its sender may repeat. */
export interface KeyedRequest {
  /** Of whom and which key. */
  readonly keyId: string;
  /** Of what was asked: a key binds its first content, and where it was sent. */
  readonly contentId: string;
}

/** A request that was carried out under a key. */
interface RequestRow {
  readonly requestId: string;
  readonly contentId: string;
  /** What it came to, where its answer cannot be told from what it changed. */
  readonly result: string;
  /** Until when the key is bound; TTL may delete the row much later. */
  readonly untilMs: number;
  readonly ttlSeconds: number;
}

const at = pathsOf<RequestRow>();

/** For how long a key is bound to its first content. */
export const keyLifeMs = dayMs;

/** The request behind an idempotency key; undefined where the caller gave none. */
export function keyedRequest(
  userId: string,
  key: string | undefined,
  content: unknown,
): KeyedRequest | undefined {
  if (key === undefined) return undefined;
  return {
    keyId: derivedId("key", userId, key),
    contentId: fingerprint(content).slice(0, 22),
  };
}

/** This very request has been carried out before; nothing was changed now. Services answer it as then. */
export class Replayed extends HoldfastError {
  /** What the first one came to. */
  readonly result: string;

  constructor(result: string) {
    super("TRY_AGAIN", "This request has been carried out before");
    this.result = result;
  }
}

/** The key was used for another request; nothing was changed. */
export class KeyReused extends HoldfastError {
  constructor() {
    super("IDEMPOTENCY_KEY_REUSED", "This idempotency key was used for another request");
  }
}

/** Where a key's row is. */
export const requestPlace = ({ keyId }: KeyedRequest) =>
  ({ table: "Requests", key: { requestId: keyId } }) as const;

/** What the row of a request's key says of it at this instant; undefined where the key is not bound. */
export function judgeKey(
  row: Row | undefined,
  { contentId }: KeyedRequest,
  nowMs: EpochMs,
): Replayed | KeyReused | undefined {
  if (!row || Number(row["untilMs"]) <= nowMs) return undefined;
  return row["contentId"] === contentId ? new Replayed(String(row["result"])) : new KeyReused();
}

/** Binds a key; refused with `Replayed` or `KeyReused` where it is bound. */
function bindKeyWrite(keyed: KeyedRequest, nowMs: EpochMs, result = ""): Write {
  const { keyId, contentId } = keyed;
  const untilMs = later(nowMs, keyLifeMs);
  const row = { contentId, result, untilMs, ttlSeconds: ttlSecondsAt(untilMs) };
  const item: RequestRow = { requestId: keyId, ...row };
  return put({
    ...requestPlace(keyed),
    item: { ...item },
    condition: anyOf(isMissing(at("requestId")), condition`${at("untilMs")} <= ${nowMs}`),
    refused: (found) => judgeKey(found, keyed, nowMs) ?? new KeyReused(),
  });
}

/**
 * The write of a request with an idempotency key: it takes effect once, and its repetition is refused with
 * `Replayed`, or with `KeyReused` when it asks for something else; this counts before whatever else refuses it.
 */
export function once(
  write: Write,
  keyed: KeyedRequest | undefined,
  nowMs: EpochMs,
  result = "",
): Write {
  return keyed ? { ...write, companion: bindKeyWrite(keyed, nowMs, result) } : write;
}

/**
 * Binds the key of a request that has nothing to change now: what comes to be there later is not meant by it. One
 * request, none without a key.
 *
 * @throws Replayed, KeyReused
 */
export async function bindAlone(
  database: Pick<Database, "apply">,
  keyed: KeyedRequest | undefined,
  nowMs: EpochMs,
): Promise<void> {
  if (keyed) await database.apply(bindKeyWrite(keyed, nowMs));
}

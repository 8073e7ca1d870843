/**
 * Idempotency keys: a row remembers the last requests that changed it under one, in the same write as what
 * they changed. So a repetition meets its own effect in the refusal, and costs no request of its own.
 *
 * The memory is bounded: eight requests of a row, however long ago. What it has forgotten must be refused
 * by the row's own state, for example by a fence or a version.
 */
import { HoldfastError } from "../base/errors.ts";
import { derivedId, fingerprint } from "../base/ids.ts";
import { action, allOf, condition, type Fragment, not, pathsOf } from "./expression.ts";
import { type Row, update, type Write } from "./write.ts";

/** A request that its sender may repeat. */
export interface KeyedRequest {
  /** Of whom and which key. */
  readonly keyId: string;
  /** Of what was asked: a key binds its first content, and where it was sent. */
  readonly contentId: string;
}

/** What such a row has besides its own attributes, newest first. */
type RememberingRow = Partial<Record<(typeof slots)[number], string>>;
const at = pathsOf<RememberingRow>();

const slots = ["key0", "key1", "key2", "key3", "key4", "key5", "key6", "key7"] as const;

/** The request behind an idempotency key; undefined where the caller gave none. */
export function keyedRequest(
  userId: string,
  key: string | undefined,
  content: unknown,
): KeyedRequest | undefined {
  if (key === undefined) return undefined;
  return {
    keyId: derivedId("key", userId, key),
    contentId: fingerprint(content).slice(0, 16),
  };
}

/** This very request has been carried out before; nothing was changed now. Services answer it as then. */
export class Replayed extends HoldfastError {
  /** The row as it is now. */
  readonly row: Row;
  /** What the first one came to. */
  readonly result: string;

  constructor(row: Row, result: string) {
    super("TRY_AGAIN", "This request has been carried out before");
    this.row = row;
    this.result = result;
  }
}

/** The key was used for another request; nothing was changed. */
export class KeyReused extends HoldfastError {
  constructor() {
    super("IDEMPOTENCY_KEY_REUSED", "This idempotency key was used for another request");
  }
}

/** No request with this key is among the last ones that changed the row. */
function isNew({ keyId }: KeyedRequest): Fragment {
  const [first, ...others] = slots.map((slot) =>
    not(condition`begins_with(${at(slot)}, ${keyId})`),
  );
  return allOf(first!, ...others);
}

/** Puts a request in front; what is shifted is read before anything is written. */
function remember({ keyId, contentId }: KeyedRequest, result: string): Fragment[] {
  return slots.map((slot, index) =>
    index === 0
      ? action`${at(slot)} = ${`${keyId} ${contentId} ${result}`}`
      : action`${at(slot)} = if_not_exists(${at(slots[index - 1]!)}, ${""})`,
  );
}

/** What a row tells of a request with this key, if it was carried out. */
function earlier(row: Row | undefined, keyed: KeyedRequest): Replayed | KeyReused | undefined {
  const found = slots
    .map((slot) => String(row?.[slot] ?? ""))
    .find((entry) => {
      return entry.startsWith(keyed.keyId);
    });
  if (found === undefined) return undefined;
  const [, contentId, ...result] = found.split(" ");
  return contentId === keyed.contentId ? new Replayed(row!, result.join(" ")) : new KeyReused();
}

/**
 * The write of a request with an idempotency key: it takes effect once, and its repetition is refused with
 * `Replayed`, or with `KeyReused` when it asks for something else.
 */
export function once(write: Write, keyed: KeyedRequest | undefined, result = ""): Write {
  if (!keyed || write.kind !== "update") return write;
  return update({
    ...write,
    change: { ...write.change, set: [...(write.change.set ?? []), ...remember(keyed, result)] },
    condition: allOf(write.condition, isNew(keyed)),
    refused: (row) => earlier(row, keyed) ?? write.refused(row),
    applied: (row) => earlier(row, keyed) instanceof Replayed || (write.applied?.(row) ?? false),
  });
}

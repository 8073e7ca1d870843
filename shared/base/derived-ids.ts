/** Derived identifiers, that make a repetition meet itself. */
import { createHash } from "node:crypto";
import { stringify } from "safe-stable-stringify";

/** The SHA-256 of the parts as base64url, shortened to `length` characters (6 bits each). */
function digest(parts: readonly unknown[], length: number): string {
  return createHash("sha256")
    .update(stringify(parts) ?? "")
    .digest("base64url")
    .slice(0, length);
}

/**
 * The same id for the same parts, for example an order's id from its user and idempotency key.
 *
 * 22 base64url characters carry 132 bits, so two different inputs do not meet by chance. The parts
 * are hashed as JSON with sorted keys: no way of splitting a text makes two inputs look alike.
 */
export function derivedId(prefix: string, ...parts: readonly unknown[]): string {
  return `${prefix}_${digest(parts, 22)}`;
}

/**
 * A fingerprint of a request's body: equal for bodies with equal content, whatever the order of
 * their keys; tells a repetition from a reuse of an idempotency key.
 */
export function fingerprint(body: unknown): string {
  return digest([body], 43);
}

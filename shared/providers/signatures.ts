/** Signatures and digests, and their comparison in a time that tells nothing about the difference. */
import { createHash, createHmac, timingSafeEqual } from "node:crypto";

/** HMAC-SHA256 in lower-case hexadecimal. */
export function hmacHex(secret: string, message: string | Buffer): string {
  return createHmac("sha256", secret).update(message).digest("hex");
}

/** SHA-256 in lower-case hexadecimal. */
export function sha256Hex(message: string | Buffer): string {
  return createHash("sha256").update(message).digest("hex");
}

/**
 * Whether two texts are equal. Takes as long for a near miss as for a wild guess: both are hashed
 * first, so that not even a difference in length shows.
 */
export function sameText(one: string, other: string): boolean {
  const digest = (text: string): Buffer => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(one), digest(other));
}

/** Whether any of the expected signatures is the given one; looks at all of them in any case. */
export function matchesAny(given: string, expected: readonly string[]): boolean {
  return expected.map((signature) => sameText(signature, given)).includes(true);
}

/** A header's whole seconds since the epoch; undefined for anything but plain digits. */
export function secondsIn(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,12}$/.test(text) ? Number(text) : undefined;
}

/** The body as JSON, or undefined when it is none; only asked after its signature was right. */
export function parseJson(body: Buffer | string): unknown {
  try {
    return JSON.parse(body.toString());
  } catch {
    return undefined;
  }
}

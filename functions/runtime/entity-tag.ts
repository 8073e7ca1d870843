/** Versions as entity tags (RFC 9110): `ETag` on answers, `If-Match` on requests. */

/** The header that names a version. */
export function etagOf(version: number): { etag: string } {
  return { etag: `"${version}"` };
}

/**
 * What `If-Match` asks for: any state without one, a saved one for `*`, else that version. A tag that
 * was never ours, weak ones among them, fits no version and is refused like a stale one. 15 digits
 * reach far beyond any version, and one more would still be a number that can be counted on exactly.
 */
export function expectedOf(ifMatch: string | undefined): "any" | "saved" | { version: number } {
  if (ifMatch === undefined) return "any";
  if (ifMatch.trim() === "*") return "saved";
  const digits = /^"?(\d{1,15})"?$/.exec(ifMatch.trim())?.[1];
  return { version: digits === undefined ? -1 : Number(digits) };
}

/** Versions as entity tags (RFC 9110): `ETag` on answers, preconditions on requests. */
import type { Endpoint } from "../../shared/api/endpoint.ts";
import type { EntityTags } from "../../shared/api/preconditions.ts";
import { HoldfastError, InvalidRequest } from "../../shared/base/errors.ts";
import type { ExpectedVersion } from "../../shared/table/versions.ts";
import type { Answer } from "./answer.ts";

/** The header that names a version. */
export function etagHeader(version: number): { etag: string } {
  return { etag: `"${version}"` };
}

/** The preconditions of a request, as the contract reads them. */
export interface Preconditions {
  readonly "if-match"?: EntityTags | undefined;
  readonly "if-none-match"?: EntityTags | undefined;
}

/**
 * The versions that tags name. A tag that was never ours names none. 15 digits reach far beyond any version,
 * and one more would still be a number that can be counted on exactly.
 */
function versionsIn(tags: Exclude<EntityTags, "*">): number[] {
  return tags.filter(({ value }) => /^\d{1,15}$/.test(value)).map(({ value }) => Number(value));
}

/** What a write asks for; nothing without preconditions. Version 0 is what was never written. */
export function expectedVersion(headers: Preconditions): ExpectedVersion | undefined {
  const { "if-match": match, "if-none-match": noneMatch } = headers;
  if (match === undefined && noneMatch === undefined) return undefined;
  // Weak tags are equal for reading only: they never allow a write, and any of them may forbid one.
  const strong = match === "*" ? [] : match?.filter(({ isWeak }) => !isWeak);
  const oneOf = strong && match !== "*" ? versionsIn(strong) : undefined;
  return {
    oneOf: noneMatch === "*" ? (oneOf ?? [0]).filter((version) => version === 0) : oneOf,
    noneOf: [
      ...(match === "*" ? [0] : []),
      ...(noneMatch === undefined || noneMatch === "*" ? [] : versionsIn(noneMatch)),
    ],
  };
}

/** The preconditions that nobody here reads; a write that ignored one would do what it was asked not to do. */
function notHonoured(endpoint: Endpoint): readonly string[] {
  const shape = "shape" in endpoint.headers ? (endpoint.headers.shape as object) : {};
  const isRead = endpoint.method === "GET";
  // Of a read it says only that the whole answer is not needed.
  const readable = ["if-match", ...(isRead ? [] : ["if-none-match"])];
  const others = isRead ? [] : ["if-unmodified-since"];
  return [...readable.filter((name) => !(name in shape)), ...others];
}

/** @throws InvalidRequest when the request depends on a state in a way that its endpoint does not honour */
export function checkPreconditions(
  endpoint: Endpoint,
  headers: Readonly<Record<string, string | undefined>>,
): void {
  const ignored = notHonoured(endpoint).filter((name) => headers[name] !== undefined);
  if (ignored.length === 0) return;
  throw new InvalidRequest(
    ignored.map((name) => ({ path: `header.${name}`, message: "is not honoured here" })),
  );
}

function names(tags: EntityTags | undefined, etag: string, weakly: boolean): boolean {
  if (tags === undefined || tags === "*") return tags === "*";
  return tags.some(({ value, isWeak }) => `"${value}"` === etag && (weakly || !isWeak));
}

/**
 * What becomes of a reading answer under the request's preconditions: 304 without a body where the caller
 * has that state already. The tag stands for the contents: who has a lock on them does not change it.
 *
 * @throws HoldfastError `VERSION_MISMATCH` where `If-Match` asks for another state
 */
export function conditional(answer: Answer, headers: Preconditions): Answer {
  const etag = answer.headers?.["etag"];
  if (etag === undefined || answer.status !== 200) return answer;
  const { "if-match": match, "if-none-match": noneMatch } = headers;
  if (match !== undefined && !names(match, etag, false)) {
    const currentVersion = Number(etag.replaceAll('"', ""));
    throw new HoldfastError("VERSION_MISMATCH", "It is another version by now", { currentVersion });
  }
  const isKnown = names(noneMatch, etag, true) && answer.exceedsTag !== true;
  return isKnown ? { ...answer, status: 304, body: undefined } : answer;
}

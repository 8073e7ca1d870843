/** Preconditions of RFC 9110, section 13.1: what a caller has seen, told by entity tags. One reader for all routes. */
import { z } from "zod";
import { text } from "./fields.ts";

/** The tag of one state. A weak one says only that two states mean much the same. */
export interface EntityTag {
  readonly value: string;
  readonly isWeak: boolean;
}

/** What `If-Match` and `If-None-Match` name: some states, or `*` for any there is. */
export type EntityTags = "*" | readonly EntityTag[];

/** One element of a list, which may be empty, up to its comma or the end. */
const element = /[ \t]*(?:(W\/)?"([\x21\x23-\x7e\x80-\xff]*)")?[ \t]*(?:,|$)/y;

/** Reads a list of entity tags or `*`; undefined when it is neither. */
export function parseEntityTags(given: string): EntityTags | undefined {
  if (given.trim() === "*") return "*";
  const tags: EntityTag[] = [];
  element.lastIndex = 0;
  while (element.lastIndex < given.length) {
    const found = element.exec(given);
    if (!found) return undefined;
    const [, weak, value] = found;
    if (value !== undefined) tags.push({ value, isWeak: weak !== undefined });
  }
  return tags.length > 0 ? tags : undefined;
}

const entityTags = z
  .string()
  .max(1_024)
  .transform((given, context): EntityTags => {
    const tags = parseEntityTags(given);
    if (tags) return tags;
    context.addIssue({ code: "custom", message: 'must be * or entity tags such as "17"' });
    return z.NEVER;
  })
  .optional();

/**
 * Of a write: `If-Match` names the states that may be changed, `*` any that was ever written; weak tags match
 * none. `If-None-Match: *` asks that nothing was written yet.
 */
export const writePreconditions = z.object({
  "if-match": entityTags.describe(
    'The states that may be changed, such as "17"; * for any. Another one is refused with 412.',
  ),
  "if-none-match": entityTags.describe("* to write only what was never written."),
});

/** Of a read: `If-None-Match` with the tag that the caller has is answered 304, without a body. */
export const readPreconditions = z.object({
  "if-match": entityTags.describe("Refused with 412 unless it is one of these states."),
  "if-none-match": entityTags.describe("Answered with 304 while it is one of these states."),
});

/** Makes a repetition answer like the first, for a day; the same key with another body or address is refused. */
export const keyHeaders = z.object({ "idempotency-key": text(255).optional() });

/** Of a write that may depend on a state, and may be repeated. */
export const editHeaders = writePreconditions.extend(keyHeaders.shape);

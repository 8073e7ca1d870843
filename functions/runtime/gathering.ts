/** Says to what the process gathers what became of each request, and lets it be written beside a later one. */
import type { Wanted } from "../../shared/insight/granted.ts";
import { HoldfastError } from "../../shared/base/errors.ts";
import { type Meter, newMeter } from "../../shared/table/operation.ts";
import { aside } from "./aside.ts";
import { isContention } from "./problem.ts";
import { gathering } from "./wiring.ts";

/** A request, as far as it says what it is about. */
interface Request {
  readonly pathParameters?: Readonly<Record<string, string | undefined>> | undefined;
}

/** What a request is about by its address: a document, or a cart. */
function parseWanted({ pathParameters = {} }: Request, sub = ""): Wanted | undefined {
  const { docId, userId, sessionId } = pathParameters;
  if (docId !== undefined) return ["document", docId];
  if (userId === undefined || sessionId === undefined) return undefined;
  return ["cart", `${userId === "me" ? sub : userId}/${sessionId}`];
}

/** Counts a refusal by contention, in memory; what is the caller's own affair is none. */
export function gatherRefusal(event: Request, sub: string | undefined, error: unknown): void {
  if (!(error instanceof HoldfastError) || !isContention(error)) return;
  gathering?.refused({ error, about: parseWanted(event, sub) });
}

/** Counts how often the request met others, in memory. */
export function gatherConflicts(event: Request, sub: string | undefined, meter: Meter): void {
  gathering?.met(meter.conflicts, parseWanted(event, sub));
}

const write = aside(async () => gathering?.writeIfDue(), newMeter);

/**
 * Writes what was gathered by earlier requests, if it is time. Nobody waits for it: Lambda stops the process behind an
 * answer, so what is under way then goes on with the next request, and is lost where none comes.
 */
export function writeGathered(): void {
  void write();
}

/**
 * Lines: how far an endpoint was told the events of one resource. Each is a row that says up to which number there
 * are some, through which they were told, and when to go on; whoever tells one leases the row for as long as a call takes.
 *
 * @see docs/decisions/0023-webhooks.md
 */
import type { EventType } from "../base/event-type.ts";
import { derivedId } from "../base/derived-ids.ts";
import { dayMs, type EpochMs, later, ttlSecondsAt } from "../base/time.ts";
import type { Database } from "../table/database.ts";
import {
  action,
  allOf,
  anyOf,
  assigned,
  type AttributePath,
  condition,
  isMissing,
  pathsOf,
} from "../table/expression.ts";
import { type Row, update, type Write } from "../table/write.ts";
import { WebhookMoved } from "./webhook.ts";

/** Longer than the events themselves are there. */
const rememberedDays = 100;
/** Longer than a call and what is written about it can take. */
const leaseMs = 20_000;

/** How far an endpoint was told the events of a resource. */
export interface Line {
  readonly about: string;
  readonly part: string;
  readonly resource: string;
  /** The first number that it was told of, and the last. */
  readonly first: number;
  readonly upTo: number;
  /** Everything through this number is done; not known before the first call. */
  readonly through?: number;
  /** In a replay: what happened before is not told again, nor what is of another type. */
  readonly sinceMs?: EpochMs;
  readonly types?: readonly EventType[];
  /** How often the next one was tried, and since when. */
  readonly attempts?: number;
  readonly startedAtMs?: EpochMs;
}

interface LineRow extends Line {
  readonly lease?: string;
  readonly leasedUntilMs?: EpochMs;
  /** The endpoint, while something is to be told; and when. */
  readonly dueOf?: string;
  readonly dueAtMs?: EpochMs;
  readonly ttlSeconds: number;
}

/** Where a line is, and when something is due in it. */
export interface DueLine {
  readonly about: string;
  readonly part: string;
  readonly dueAtMs: EpochMs;
}

const at = pathsOf<LineRow>();

const keyFor = ({ about, part }: Pick<Line, "about" | "part">) => ({ about, part });

/** Where the line of a resource is. */
const lineKey = (uid: string, resource: string) => ({
  about: uid,
  part: derivedId("line", resource),
});

/** Says that there are events up to a number, so that they are due; refused when that is known. */
export function feedWrite(uid: string, resource: string, known: Known): Write {
  return lineWrite(lineKey(uid, resource), resource, known, { dueOf: uid });
}

/** Of which number there are events, up to which, and since when that is known. */
export interface Known {
  readonly first: number;
  readonly upTo: number;
  readonly nowMs: EpochMs;
}

/** Says in the row of a line what it is about; refused when that is known. */
export function lineWrite(
  key: Pick<Line, "about" | "part">,
  resource: string,
  { first, upTo, nowMs }: Known,
  terms: Partial<Pick<LineRow, "dueOf" | "sinceMs" | "types">>,
): Write {
  const orElse = (path: AttributePath, value: unknown) =>
    action`${path} = if_not_exists(${path}, ${value})`;
  return update({
    table: "Webhooks",
    key: keyFor(key),
    isBlind: true,
    change: {
      set: [
        ...assigned<LineRow>({ resource, upTo, ...terms }).set,
        orElse(at("first"), first),
        orElse(at("dueAtMs"), nowMs),
        action`${at("ttlSeconds")} = ${ttlSecondsAt(later(nowMs, rememberedDays * dayMs))}`,
      ],
    },
    condition: anyOf(isMissing(at("upTo")), condition`${at("upTo")} < ${upTo}`),
    refused: () => new WebhookMoved(),
    applied: (found) => Number(found?.["upTo"]) >= upTo,
  });
}

/** Lines of a lane (an endpoint's own, or its replay's) in which something is due by an instant, the longest due first. One request. */
export async function listDueLines(
  database: Database,
  lane: string,
  byMs: EpochMs,
  limit: number,
): Promise<readonly DueLine[]> {
  const where = condition`${at("dueOf")} = ${lane} AND ${at("dueAtMs")} <= ${byMs}`;
  const { rows } = await database.query({ table: "Webhooks", index: "due", where, limit });
  return rows as unknown as readonly DueLine[];
}

/** The line of a resource, or one of a replay by its `part`, with what is due in it, or undefined. One request. */
export async function findDueLine(
  database: Database,
  uid: string,
  resource: string,
  part?: string,
): Promise<(Line & DueLine) | undefined> {
  const key = part === undefined ? lineKey(uid, resource) : { about: uid, part };
  const row = await database.get("Webhooks", key);
  return row?.["dueAtMs"] === undefined ? undefined : (row as unknown as Line & DueLine);
}

/** Takes a line for one call, as long as nobody else has it. */
export function leaseWrite(due: DueLine, lease: string, nowMs: EpochMs): Write {
  const untilMs = later(nowMs, leaseMs);
  const isFree = anyOf(
    isMissing(at("leasedUntilMs")),
    condition`${at("leasedUntilMs")} <= ${nowMs}`,
  );
  return update({
    table: "Webhooks",
    key: keyFor(due),
    change: {
      set: [
        action`${at("lease")} = ${lease}`,
        action`${at("leasedUntilMs")} = ${untilMs}`,
        action`${at("dueAtMs")} = ${untilMs}`,
        action`${at("startedAtMs")} = if_not_exists(${at("startedAtMs")}, ${nowMs})`,
      ],
    },
    condition: allOf(condition`${at("dueAtMs")} = ${due.dueAtMs}`, isFree),
    refused: () => new WebhookMoved(),
    applied: (found) => found?.["lease"] === lease,
  });
}

/** The line in a row that was leased. */
export function parseLine(row: Row): Line & { readonly leasedUntilMs: EpochMs } {
  return row as unknown as Line & { readonly leasedUntilMs: EpochMs };
}

const leaseOver = [at("lease"), at("leasedUntilMs")];

/** Goes past the events through a number. The line is due at once where there are more, and rests where there are none. */
export function passWrite(
  line: Line,
  lease: string,
  { through, nowMs }: { through: number; nowMs: EpochMs },
): Write {
  const rests = through >= line.upTo;
  const isOwn = condition`${at("lease")} = ${lease}`;
  const done = [...leaseOver, at("attempts"), at("startedAtMs")];
  return update({
    table: "Webhooks",
    key: keyFor(line),
    isBlind: true,
    change: {
      set: [
        action`${at("through")} = ${through}`,
        ...(rests ? [] : [action`${at("dueAtMs")} = ${nowMs}`]),
      ],
      remove: rests ? [...done, at("dueOf"), at("dueAtMs")] : done,
    },
    // What came meanwhile must not be left without being due.
    condition: rests ? allOf(isOwn, condition`${at("upTo")} = ${line.upTo}`) : isOwn,
    refused: (found) =>
      new LineRefused(found?.["lease"] === lease ? Number(found["upTo"]) : undefined),
    applied: (found) => found?.["lease"] === undefined && Number(found?.["through"]) === through,
  });
}

/** The line is another's by now, or there is more in it. */
export class LineRefused extends WebhookMoved {
  /** Up to where there are events, while the line is still one's own. */
  readonly upTo: number | undefined;

  constructor(upTo: number | undefined) {
    super();
    this.upTo = upTo;
  }
}

/** Comes back to the same event at an instant. */
export function postponeWrite(
  line: Line,
  lease: string,
  { through, attempts, dueAtMs }: { through: number; attempts: number; dueAtMs: EpochMs },
): Write {
  return update({
    table: "Webhooks",
    key: keyFor(line),
    isBlind: true,
    change: {
      set: [
        action`${at("through")} = ${through}`,
        action`${at("attempts")} = ${attempts}`,
        action`${at("dueAtMs")} = ${dueAtMs}`,
      ],
      remove: leaseOver,
    },
    condition: condition`${at("lease")} = ${lease}`,
    refused: () => new LineRefused(undefined),
    applied: (found) => found?.["lease"] === undefined && Number(found?.["attempts"]) === attempts,
  });
}

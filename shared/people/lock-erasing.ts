/** Takes out of locks and their lines what a person is called: who has or waits for what stays, by the id. */
import { again, OnceMore } from "../base/again.ts";
import { HoldfastError } from "../base/errors.ts";
import type { Database } from "../table/database.ts";
import { allOf, AttributePath, condition, isMissing } from "../table/expression.ts";
import type { Page } from "../table/paging.ts";
import { outOfPatience } from "../table/retry.ts";
import { type Row, update, type Write } from "../table/write.ts";

const scannedAtOnce = 200;
/** How often others may change a lock while we do. */
const mostMoves = 20;

/** The row is another than it was. */
class RowMoved extends HoldfastError {
  readonly found: Row | undefined;

  constructor(found: Row | undefined) {
    super("TRY_AGAIN", "The lock changed in the meantime");
    this.found = found;
  }
}

type Fields = Readonly<Record<string, unknown>>;

/** A name in a row, and what says whose it is. */
interface Name {
  readonly path: readonly string[];
  readonly value: string;
  readonly owner: readonly string[];
}

/** Who has the lock, or lost it by force; what else nobody has any more may be anybody's name, and goes. */
function listOwnName(row: Row, userId: string): Name[] {
  const { ownerName: value, owner, formerOwner, change } = row as Fields;
  const isForced = (change as Fields | undefined)?.["action"] === "lock.forced";
  const whose = owner ?? (isForced ? formerOwner : undefined);
  const isTheirs = whose === userId || whose === undefined;
  return typeof value === "string" && isTheirs
    ? [{ path: ["ownerName"], value, owner: ["owner"] }]
    : [];
}

/** Who waits for it, or has a lock on a name below it. */
function listOtherNames(row: Row, userId: string): Name[] {
  return Object.entries(row).flatMap(([name, place]): Name[] => {
    const isPlace = name.startsWith("waiter_") || name.startsWith("lock:");
    if (!isPlace || typeof place !== "object" || place === null) return [];
    const below = (place as Fields)["owner"];
    const within = typeof below === "object" && below !== null ? [name, "owner"] : [name];
    const { userId: own, username: value } = (within.length > 1 ? below : place) as Fields;
    const isTheirs = own === userId && typeof value === "string";
    return isTheirs ? [{ path: [...within, "username"], value, owner: [...within, "userId"] }] : [];
  });
}

const listNames = (row: Row, userId: string): Name[] => [
  ...listOwnName(row, userId),
  ...listOtherNames(row, userId),
];

function forgetNamesWrite(row: Row, userId: string, names: readonly [Name, ...Name[]]): Write {
  const isAsSeen = ({ path, value, owner }: Name) => {
    const place = new AttributePath(owner);
    const isTheirs =
      row["owner"] === undefined && owner[0] === "owner"
        ? isMissing(place)
        : condition`${place} = ${userId}`;
    return allOf(condition`${new AttributePath(path)} = ${value}`, isTheirs);
  };
  const [first, ...others] = names;
  return update({
    table: "Locks",
    key: { resource: String(row["resource"]) },
    change: { remove: names.map(({ path }) => new AttributePath(path)) },
    condition: allOf(isAsSeen(first), ...others.map(isAsSeen)),
    refused: (found) => new RowMoved(found),
    // After a lost answer nobody can tell who did it: whoever asks looks at what is there, and goes on from that.
    applied: () => true,
  });
}

function forgetNames(database: Database, row: Row, userId: string): Promise<undefined> {
  let seen: Row | undefined = row;
  return again(mostMoves, async () => {
    const [first, ...others] = seen ? listNames(seen, userId) : [];
    if (!seen || !first) return undefined;
    try {
      seen = await database.apply(forgetNamesWrite(seen, userId, [first, ...others]));
      return listNames(seen, userId).length > 0 ? new OnceMore(outOfPatience()) : undefined;
    } catch (error) {
      if (!(error instanceof RowMoved)) throw error;
      seen = error.found;
      return new OnceMore(outOfPatience(error));
    }
  });
}

/** A page of all locks. One request. */
export function scanLocks(database: Database, cursor: string | undefined): Promise<Page> {
  return database.scan({ table: "Locks", limit: scannedAtOnce, isConsistent: true, cursor });
}

/**
 * Goes on through all locks, which are few and end by themselves: a page, and one request for each that has their name.
 * What it says of the lock itself is not touched, so neither a lease nor a line notices.
 *
 * @returns how many locks of the page had their name
 */
export async function eraseLockNames(
  database: Database,
  userId: string,
  cursor: string | undefined,
): Promise<{ readonly count: number; readonly cursor?: string }> {
  const { rows, ...more } = await scanLocks(database, cursor);
  const named = rows.filter((row) => listNames(row, userId).length > 0);
  for (const row of named) await forgetNames(database, row, userId);
  return { count: named.length, ...more };
}

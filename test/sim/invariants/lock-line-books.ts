/**
 * W1 and W2 of the lines for locks, judged at every change of a row: who is served, who loses time, who is dropped, and
 * for how long a turn that nobody claims keeps the others waiting. Reads the database, never the product.
 */
import { leastClaimMs, maxWaiters } from "../../../shared/locks/line.ts";
import { type Commit, InvariantBroken, type World } from "../scheduler/world.ts";

interface Place {
  readonly userId: string;
  readonly sessionId?: string;
  readonly leaseMs: number;
  readonly untilMs: number;
}

type Image = Readonly<Record<string, unknown>> | undefined;

const ticketsIn = (row: Image): readonly string[] => (row?.["line"] as string[] | undefined) ?? [];
const placeIn = (row: Image, ticket: string) => row?.[`waiter_${ticket}`] as Place | undefined;
const ownerOf = (row: Image): string | undefined =>
  row?.["owner"] === undefined ? undefined : nameOf(String(row["owner"]), row["sessionId"]);
const actionOf = (row: Image) => (row?.["change"] as { action?: string } | undefined)?.action;
const nameOf = (userId: string, sessionId: unknown): string =>
  `${userId}/${typeof sessionId === "string" ? sessionId : ""}`;

/** Those who are there at this instant, in order of arrival. */
function livingIn(row: Image, atMs: number): string[] {
  return ticketsIn(row).filter((ticket) => (placeIn(row, ticket)?.untilMs ?? 0) > atMs);
}

function broken(invariant: string, detail: string): never {
  throw new InvariantBroken(invariant, detail);
}

/** A change of one row, and by which clock it was decided. */
interface RowChange {
  readonly resource: string;
  readonly old: Image;
  readonly next: Image;
  /** Whoever decided it cannot have read a later instant. */
  readonly clockMs: number;
  readonly label: string;
}

/** Looks at the lines of locks as they change. */
export class LockLineBooks {
  readonly #world: World;
  /** Hand-overs so far. */
  turns = 0;

  constructor(world: World) {
    this.#world = world;
    world.observers.push((commit) => this.#observe(commit));
  }

  #observe({ table, key, oldImage, newImage, by }: Commit): void {
    if (table !== "Locks") return;
    const [old, next] = [oldImage, newImage] as unknown as Image[];
    const clockMs = this.#world.nowMs + (by?.skewMs ?? 0);
    const change = {
      resource: String(key["resource"]),
      old,
      next,
      clockMs,
      label: by?.label ?? "",
    };
    const isTaken = next?.["owner"] !== undefined && old?.["fence"] !== next["fence"];
    if (isTaken) this.#taken(change);
    else this.#ended(change);
    this.#lineChange(change, isTaken);
  }

  /** Who gets the lock is first among those who are there by the clock that decided it. */
  #taken({ resource, old, next, label }: RowChange): void {
    const acquiredAtMs = Number(next?.["acquiredAtMs"]);
    const action = actionOf(next);
    const living = livingIn(old, acquiredAtMs);
    if (action === "lock.acquired") {
      const others = living.filter((ticket) => {
        const { userId, sessionId } = placeIn(old, ticket)!;
        return nameOf(userId, sessionId) !== ownerOf(next);
      });
      const own = living.length - others.length;
      const isFirst = own > 0 && !others.includes(living[0]!);
      if (others.length > 0 && !isFirst)
        broken("W1", `${resource}: ${ownerOf(next)} passed the line`);
      return;
    }
    this.turns += 1;
    const turn = next?.["turn"] as { ticket: string; leaseMs: number } | undefined;
    if (!turn) broken("W1", `${resource}: handed over without a turn`);
    const { ticket, leaseMs } = turn;
    const place = placeIn(old, ticket);
    if (!place) broken("W1", `${resource}: ${ticket} has no place and was served`);
    if (place.untilMs <= acquiredAtMs)
      broken("W2", `${resource}: ${ticket} is gone and was served`);
    // Who has it may pass it on to whomever of those who wait.
    if (living[0] !== ticket && !label.startsWith("pass:"))
      broken("W1", `${resource}: ${ticket} is served before ${living[0]}`);
    if (ownerOf(next) !== nameOf(place.userId, place.sessionId) || leaseMs !== place.leaseMs) {
      broken("W1", `${resource}: ${ticket} is served to ${ownerOf(next)}`);
    }
    // Not claimed, it is over when the place would have been, or after the least time to claim.
    const mostMs = Math.max(acquiredAtMs + leastClaimMs, place.untilMs);
    if (Number(next?.["expiresAtMs"]) > mostMs) {
      broken("W2", `${resource}: ${ticket} may keep the others waiting too long`);
    }
  }

  /** Given back to nobody only where nobody is there; what was ended by force is handed over by a request of its own. */
  #ended({ resource, old, next, clockMs, label }: RowChange): void {
    if (ownerOf(old) === undefined || ownerOf(next) !== undefined) return;
    const action = actionOf(next);
    if (action !== "lock.released" || label.startsWith("together:")) return;
    const living = livingIn(old, clockMs);
    if (living.length > 0) broken("W2", `${resource}: released past ${living.join()}`);
  }

  #lineChange({ resource, old, next, clockMs, label }: RowChange, isTaken: boolean): void {
    const [before, after] = [ticketsIn(old), ticketsIn(next)];
    const asker = label.split(":")[1];
    if (after.length > maxWaiters) broken("B2", `${resource}: ${after.length} in line`);
    const joined = after.filter((ticket) => !before.includes(ticket));
    const isAtTheEnd = joined.length === 0 || (joined.length === 1 && after.at(-1) === joined[0]);
    if (!isAtTheEnd) broken("W1", `${resource}: ${joined.join()} did not join at the end`);
    if (joined.length > 0) this.#joined(resource, old, placeIn(next, joined[0]!), clockMs);
    for (const ticket of before) {
      const [was, is] = [placeIn(old, ticket), placeIn(next, ticket)];
      if (!was) continue;
      if (is && is.untilMs < was.untilMs)
        broken("W1", `${resource}: ${ticket} lost time by asking`);
      const isOwners = asker?.startsWith(`${was.userId}/`) === true;
      if (is && is.untilMs !== was.untilMs && !isOwners)
        broken("X1", `${resource}: ${label} kept ${ticket}`);
      const isGone = !is || !after.includes(ticket);
      const turn = next?.["turn"] as { ticket: string } | undefined;
      const isServed =
        isTaken && (turn?.ticket === ticket || ownerOf(next) === nameOf(was.userId, was.sessionId));
      const hasLeft = isOwners && label.startsWith("leave:");
      if (isGone && was.untilMs > clockMs && !isServed && !hasLeft) {
        broken("W1", `${resource}: ${ticket} was dropped by ${label}`);
      }
    }
  }

  /** Nobody stands in a line twice: by the clock of whoever joins, his earlier place is over. */
  #joined(resource: string, old: Image, place: Place | undefined, nowMs: number): void {
    if (!place) broken("W1", `${resource}: a ticket without a place`);
    const name = nameOf(place.userId, place.sessionId);
    const own = livingIn(old, nowMs).filter((ticket) => {
      const { userId, sessionId } = placeIn(old, ticket)!;
      return nameOf(userId, sessionId) === name;
    });
    if (own.length > 0) broken("B2", `${resource}: ${name} has two places`);
  }
}

/** B2 for locks: nobody has more of them than the shop allows, or one for longer, and nobody is refused who has fewer. */
import type { LockLimits } from "../../../shared/locks/lock-limits.ts";
import { type Commit, InvariantBroken, type World } from "../scheduler/world.ts";

/** A turn is there to be claimed for no longer than a place in line is kept. */
const longestTurnMs = 15_000;

interface Row {
  readonly resource: string;
  readonly owner?: string;
  readonly fence: number;
  readonly acquiredAtMs: number;
  readonly expiresAtMs: number;
  readonly turn?: { readonly isClaimed: boolean };
}

/** When a lock was somebody's, by what was written about it. */
interface Span {
  readonly userId: string;
  readonly fromMs: number;
  toMs: number;
}

/** Looks at locks and at the rows that count them; reads the database, never the product. */
export class LockLimitBooks {
  readonly #world: World;
  readonly #limits: LockLimits;
  readonly #skewMs: number;
  readonly #spans = new Map<string, Span>();
  refusals = 0;

  constructor(world: World, limits: LockLimits) {
    this.#world = world;
    this.#limits = limits;
    this.#skewMs = world.options.skewMs ?? 0;
    world.observers.push((commit) => this.#observe(commit));
    world.watchers.push(() => this.#checkRows());
  }

  #observe({ table, newImage, oldImage, atMs }: Commit): void {
    if (table !== "Locks") return;
    const [old, next] = [oldImage, newImage] as unknown as (Row | undefined)[];
    if (old && (next?.owner === undefined || next.fence !== old.fence)) this.#end(old, atMs);
    if (next?.owner === undefined) return;
    const key = `${next.fence} ${next.resource}`;
    const span = this.#spans.get(key) ?? { userId: next.owner, fromMs: atMs, toMs: 0 };
    span.toMs = next.expiresAtMs;
    this.#spans.set(key, span);
    const lastsMs = next.expiresAtMs - next.acquiredAtMs;
    if (lastsMs > this.#limits.maxLockMs) {
      throw new InvariantBroken("B2", `${next.resource} is ${next.owner}'s for ${lastsMs} ms`);
    }
  }

  #end({ fence, resource }: Row, atMs: number): void {
    const span = this.#spans.get(`${fence} ${resource}`);
    if (span) span.toMs = Math.min(span.toMs, atMs);
  }

  /** Locks that are held for certain: they are more than a turn to be claimed, and their leases run by every clock. */
  #held(): Row[] {
    const surelyMs = this.#world.nowMs + this.#skewMs;
    // A place is kept by one clock and given its turn by another.
    const mostMs = longestTurnMs + 2 * this.#skewMs;
    const rows = this.#world.engine.table("Locks").items() as unknown as Row[];
    return rows.filter(({ owner, expiresAtMs, acquiredAtMs, turn }) => {
      const isTurn = turn?.isClaimed === false && expiresAtMs - acquiredAtMs <= mostMs;
      return owner !== undefined && expiresAtMs > surelyMs && !isTurn;
    });
  }

  #checkRows(): void {
    const owners = this.#world.engine.table("Owners").items();
    const taken = new Map(owners.map((row) => [row["userId"], row["taken"] as Set<string>]));
    const counts = new Map<string, number>();
    for (const { resource, owner, fence } of this.#held()) {
      if (!taken.get(owner!)?.has(`${fence} ${resource}`)) {
        throw new InvariantBroken("B2", `${resource} is ${owner}'s and not counted`);
      }
      counts.set(owner!, (counts.get(owner!) ?? 0) + 1);
    }
    for (const [userId, count] of counts) {
      if (count <= this.#limits.maxLocksPerUser) continue;
      throw new InvariantBroken("B2", `${userId} has ${count} locks`);
    }
  }

  /** Whoever is refused another lock may have had as many as anybody may, going by the clock that refused it. */
  checkRefusal(userId: string, wanted: number, startedAtMs: number): void {
    this.refusals += 1;
    const [fromMs, toMs] = [startedAtMs - this.#skewMs, this.#world.nowMs];
    const own = [...this.#spans.values()].filter((span) => span.userId === userId);
    const live = own.filter((span) => span.fromMs <= toMs && span.toMs > fromMs).length;
    if (live + wanted > this.#limits.maxLocksPerUser) return;
    throw new InvariantBroken("B2", `${userId} was refused ${wanted} more with ${live} locks`);
  }
}

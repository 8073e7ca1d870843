/** The books of locks and of the documents they protect: every change is judged as it happens. */
import type { Item } from "../engine/values.ts";
import { type Commit, InvariantBroken, type World } from "../scheduler/world.ts";

function broken(invariant: string, detail: string): never {
  throw new InvariantBroken(invariant, detail);
}

interface Row {
  readonly resource: string;
  readonly owner?: string;
  readonly sessionId?: string;
  readonly fence: number;
  readonly expiresAtMs: number;
  readonly scope?: string;
  readonly change?: { readonly action: string; readonly actor: string; readonly reason?: string };
}

function ownerOf({ owner, sessionId }: Row): string | undefined {
  return owner === undefined ? undefined : `${owner}/${sessionId ?? ""}`;
}

/** Labels of invocations name who asks: `renew:alice/tab-1`. */
function askerOf({ by }: Commit): string | undefined {
  return by?.label.split(":")[1];
}

export class LockBooks {
  readonly #world: World;
  readonly #fences = new Map<string, number>();
  readonly #versions = new Map<string, number>();
  /** The rows as they were before the request that is being carried out. */
  #before = new Map<string, Row>();
  saves = 0;
  acquisitions = 0;

  constructor(world: World) {
    this.#world = world;
    world.observers.push((commit) => {
      if (commit.table === "Locks") this.#lockChange(commit);
      if (commit.table === "Documents") this.#documentChange(commit);
    });
    world.watchers.push(() => this.#remember());
  }

  rows(): Row[] {
    return this.#world.engine.table("Locks").items() as unknown as Row[];
  }

  #remember(): void {
    this.#before = new Map(this.rows().map((row) => [row.resource, row]));
  }

  #clockMs({ by }: Commit): number {
    return this.#world.nowMs + (by?.skewMs ?? 0);
  }

  #lockChange(commit: Commit): void {
    const [old, next] = [commit.oldImage, commit.newImage] as unknown as (Row | undefined)[];
    if (!next) return;
    const { resource, change } = next;
    const isTaken =
      ["lock.acquired", "lock.granted"].includes(change?.action ?? "") && next.owner !== undefined;
    const isNewHold = isTaken && (old?.owner === undefined || old.fence !== next.fence);
    if (isNewHold) this.#taken(commit, old, next);
    if (next.owner !== undefined && !isNewHold && old?.owner !== undefined) {
      this.#kept(commit, old, next);
    }
    if (old?.owner !== undefined && next.owner === undefined) this.#ended(commit, old, next);
    if (next.fence !== undefined && next.fence < (this.#fences.get(resource) ?? 0)) {
      broken("L2", `${resource}: fence fell to ${next.fence}`);
    }
    if (next.fence !== undefined) this.#fences.set(resource, next.fence);
  }

  /** L1 and L2: a new hold begins only where the old one is over, with a fence above all before. */
  #taken(commit: Commit, old: Row | undefined, next: Row): void {
    this.acquisitions += 1;
    const { resource, fence } = next;
    const clockMs = this.#clockMs(commit);
    // Handed over: only who has it gives it up to whoever waits.
    const isGiven =
      next.change?.action === "lock.granted" &&
      old !== undefined &&
      [undefined, ownerOf(old)].includes(askerOf(commit));
    if (old?.owner !== undefined && old.expiresAtMs > clockMs && !isGiven) {
      broken("L1", `${resource} taken by ${ownerOf(next)} while ${ownerOf(old)} has it`);
    }
    const last = this.#fences.get(resource) ?? 0;
    if (fence <= last) broken("L2", `${resource}: fence ${fence} after ${last}`);
    if (next.scope !== "tree") return;
    for (const other of this.rows()) {
      const isRelated =
        other.resource !== resource &&
        (other.resource.startsWith(`${resource}/`) || resource.startsWith(`${other.resource}/`));
      if (!isRelated || other.owner === undefined || other.scope !== "tree") continue;
      if (other.expiresAtMs > clockMs && this.#isEntered(other)) {
        broken("L1", `${resource} taken while ${ownerOf(other)} has ${other.resource}`);
      }
    }
  }

  /** A tree hold counts only while every row above still knows of it. */
  #isEntered({ resource, fence }: Row): boolean {
    const above = [...resource.matchAll(/\//g)].map(({ index }) => resource.slice(0, index));
    return above.every((name) => {
      const row = this.#world.engine.table("Locks").get({ resource: name });
      return JSON.stringify(row ?? {}).includes(String(fence));
    });
  }

  /** L4 and L6: who keeps a lock is who has it, and keeps its fence. */
  #kept(commit: Commit, old: Row, next: Row): void {
    const asker = askerOf(commit);
    if (ownerOf(old) !== ownerOf(next)) {
      broken("L4", `${next.resource} went from ${ownerOf(old)} to ${ownerOf(next)}`);
    }
    const isRenewal =
      next.change?.action === "lock.renewed" && old.expiresAtMs !== next.expiresAtMs;
    if (isRenewal && asker !== undefined && asker !== ownerOf(next)) {
      broken("L4", `${asker} renewed the lock of ${ownerOf(next)}`);
    }
    if (isRenewal && old.expiresAtMs <= this.#clockMs(commit) - 60_000 * 60) {
      broken("L4", `${next.resource} renewed long after its lease`);
    }
    if (isRenewal && old.fence !== next.fence)
      broken("L6", `${next.resource}: renewal moved the fence`);
  }

  /** L4 and L5: only its owner releases a lock; whoever forces it is on record with the reason. */
  #ended(commit: Commit, old: Row, next: Row): void {
    const action = next.change?.action ?? "";
    if (action === "lock.forced") {
      if (!next.change?.reason || next.change.actor !== "root") {
        broken("L5", `${next.resource} was forced without a name and a reason`);
      }
      return;
    }
    if (action === "lock.expired") {
      if (old.expiresAtMs > this.#clockMs(commit)) {
        broken("L4", `${next.resource} was dropped before its end`);
      }
      return;
    }
    const asker = askerOf(commit);
    const isOver = old.expiresAtMs <= this.#clockMs(commit);
    if (asker !== undefined && asker !== ownerOf(old) && !isOver) {
      broken("L4", `${asker} released the lock of ${ownerOf(old)}`);
    }
  }

  /** L1, L3 and L5: a document changes only under the present lock and its fence. */
  #documentChange(commit: Commit): void {
    const next = commit.newImage as Item;
    // Who may edit is said without the lock; it changes no content and no version.
    if (commit.oldImage && commit.oldImage["version"] === next["version"]) return;
    const documentId = String(next["documentId"]);
    const lock = this.#before.get(`document/${documentId}`);
    const asker = askerOf(commit);
    const fence = Number(next["lastFence"]);
    this.saves += 1;
    if (!lock || lock.owner === undefined) {
      broken("L5", `${documentId} saved by ${asker} although nobody has its lock`);
    }
    if (asker !== undefined && ownerOf(lock) !== asker) {
      broken("L3", `${documentId} saved by ${asker} under the lock of ${ownerOf(lock)}`);
    }
    if (lock.fence !== fence)
      broken("L3", `${documentId} saved with fence ${fence} of ${lock.fence}`);
    const version = Number(next["version"]);
    if (version <= (this.#versions.get(documentId) ?? 0)) {
      broken("L3", `${documentId}: version ${version} does not grow`);
    }
    this.#versions.set(documentId, version);
  }
}

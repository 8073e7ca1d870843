/**
 * People who wait in line for a lock: some die, some leave, some let their turn lapse, some come back; others try to pass
 * them, alone or with several names; an administrator ends locks. Pushes get lost. In the end nobody is in the way.
 */
import type { Standing } from "../../../shared/locks/line-service.ts";
import { leastClaimMs, maxWaiters, placeMs as usualPlaceMs } from "../../../shared/locks/line.ts";
import { nameResource } from "../../../shared/locks/lock-group.ts";
import type { Lock, LockOwner } from "../../../shared/locks/lock.ts";
import { LockBooks } from "../invariants/lock-books.ts";
import { LockLineBooks } from "../invariants/lock-line-books.ts";
import { noFaults } from "../scheduler/faults.ts";
import { InvariantBroken, type World } from "../scheduler/world.ts";
import { type Answer, Processes } from "./processes.ts";
import { createSystem, defaultSettings } from "./system.ts";

const horizonMs = 600_000;
/** Longer than any lease, turn or place of this workload. */
const calmMs = 120_000;
const names = ["seat", "gate"];
/** Some ask so often that they need no more. */
const shortPlaceMs = 6_000;

/** How a lock is wanted, and for how long a place in its line is kept without being asked for. */
interface Wish {
  readonly leaseMs?: number;
  readonly placeMs?: number;
}

const nameOf = ({ userId, sessionId }: LockOwner): string => `${userId}/${sessionId ?? ""}`;

export class LockLines {
  readonly world: World;
  readonly books: LockLineBooks;
  readonly processes: Processes;
  readonly #startMs: number;
  readonly #tickets: { readonly resource: string; readonly ticket: string }[] = [];
  /** Who is to be told of a turn, by ticket. */
  readonly #pushes = new Map<string, () => void>();

  constructor(world: World) {
    this.world = world;
    new LockBooks(world);
    this.books = new LockLineBooks(world);
    this.processes = new Processes(world, 3, () => createSystem(world, defaultSettings));
    this.#startMs = world.nowMs;
    world.observers.push(({ newImage }) =>
      this.#push(newImage as Record<string, unknown> | undefined),
    );
  }

  /** Tells of a turn, or does not: a push is a hint (W3). */
  #push(row: Record<string, unknown> | undefined): void {
    const turn = row?.["turn"] as { ticket: string; isClaimed: boolean } | undefined;
    if (turn && !turn.isClaimed) this.#pushes.get(turn.ticket)?.();
  }

  async run(): Promise<void> {
    const { random } = this.world;
    const count = random.chance(0.1) ? 36 : random.int(3, 7);
    const people = Array.from({ length: count }, (_, index) => {
      const userId = `user-${Math.floor(index * 0.8)}`;
      return this.#person(random.chance(0.5) ? { userId, sessionId: `tab-${index}` } : { userId });
    });
    if (random.chance(0.5)) people.push(this.#stranger());
    if (random.chance(0.5)) people.push(this.#administrator());
    await Promise.all(people);
    this.world.rates = noFaults;
    await this.world.sleep(calmMs);
    await this.#takeAtOnce();
    // Clocks that differ by more than a place lasts serve nobody: every process drops what the others keep.
    if (2 * (this.world.options.skewMs ?? 0) > shortPlaceMs / 3) return;
    await this.#waitBehindTheDead();
    // So many join one after the other that by slow ways the first of them is over before the last is there.
    if (this.#isSlow) return;
    await this.#releaseToCrowd();
  }

  get #isSlow(): boolean {
    return (this.world.options.latencyMs ?? 0) > 20;
  }

  get #isOpen(): boolean {
    return this.world.nowMs < this.#startMs + horizonMs;
  }

  #leaseMs(): number {
    return this.world.random.pick([2_000, 5_000, 20_000, 40_000]);
  }

  async #person(owner: LockOwner): Promise<void> {
    const { random } = this.world;
    const steps = random.int(1, 4);
    for (let step = 0; step < steps && this.#isOpen; step += 1) {
      await this.world.sleep(random.int(1, 5_000));
      await this.#wait(owner, nameResource(random.chance(0.8) ? names[0]! : names[1]!));
    }
  }

  #join(owner: LockOwner, resource: string, wish: Wish = {}): Promise<Answer<Standing>> {
    const { leaseMs = this.#leaseMs(), placeMs } = wish;
    return this.processes.request(`join:${nameOf(owner)}`, ({ locks }) =>
      locks.acquireOrQueue({ resource, owner, leaseMs, placeMs }),
    );
  }

  #ask(
    owner: LockOwner,
    resource: string,
    ticket: string,
    { placeMs }: Wish = {},
  ): Promise<Answer<Standing>> {
    const { userId } = owner;
    return this.processes.request(`ask:${nameOf(owner)}`, ({ locks }) =>
      locks.line.ask({ resource, ticket, userId, actor: { id: userId }, placeMs }),
    );
  }

  #leave(owner: LockOwner, resource: string, ticket: string): Promise<Answer<void>> {
    const { userId } = owner;
    return this.processes.insist(`leave:${nameOf(owner)}`, ({ locks }) =>
      locks.line.leave({ resource, ticket, userId, actor: { id: userId } }),
    );
  }

  /** Sleeps until a turn is told, or for so long. */
  #sleepOrHear(ticket: string, durationMs: number): Promise<void> {
    const heard = new AbortController();
    if (this.world.random.chance(0.5)) this.#pushes.set(ticket, () => heard.abort());
    return this.world.sleep(durationMs, heard.signal).finally(() => this.#pushes.delete(ticket));
  }

  /** Waits until it is one's turn, or one has had enough, or is gone. */
  async #wait(owner: LockOwner, resource: string): Promise<void> {
    const { random } = this.world;
    const keepMs = random.pick([usualPlaceMs, shortPlaceMs]);
    const wish = { placeMs: keepMs };
    let standing = await this.#join(owner, resource, wish);
    const [isDying, patience] = [random.chance(0.25), random.int(2, 12)];
    for (let look = 0; look < patience && this.#isOpen; look += 1) {
      if (standing.kind !== "done") return;
      const found = standing.value;
      if ("lock" in found) return this.#use(owner, found.lock);
      if (isDying && random.chance(0.3)) return;
      const { ticket } = found.place;
      this.#tickets.push({ resource, ticket });
      if (random.chance(0.1)) await this.#steal();
      if (random.chance(0.2)) {
        const asking = { resource, ticket, userId: owner.userId, actor: { id: owner.userId } };
        await this.processes.request(`beg:${nameOf(owner)}`, ({ locks }) =>
          locks.line.askOwner(asking),
        );
      }
      await this.#sleepOrHear(ticket, random.int(500, keepMs * 0.8));
      if (random.chance(0.1)) return void (await this.#leave(owner, resource, ticket));
      standing = random.chance(0.1)
        ? await this.#join(owner, resource, wish)
        : await this.#ask(owner, resource, ticket, wish);
    }
  }

  async #use(owner: LockOwner, lock: Lock): Promise<void> {
    const { random } = this.world;
    const who = nameOf(owner);
    const how = random.weighted({ release: 4, pass: 3, forget: 2, late: 1 });
    await this.world.sleep(random.int(1, how === "late" ? 60_000 : 10_000));
    if (random.chance(0.3)) {
      await this.processes.request(`renew:${who}`, ({ locks }) =>
        locks.renew({ ...lock, leaseMs: this.#leaseMs() }),
      );
    }
    if (how === "forget") return;
    if (how === "pass") return this.#pass(owner, lock);
    await this.processes.insist(`release:${who}`, ({ locks }) => locks.release(lock), {
      attempts: 3,
    });
  }

  /** Passes it on, to the first or to one that is named, whether or not he waits; with nobody there it is given back. */
  async #pass(owner: LockOwner, lock: Lock): Promise<void> {
    const { random } = this.world;
    const to = random.chance(0.5) ? { userId: `user-${random.int(0, 5)}` } : undefined;
    const passed = await this.processes.insist(
      `pass:${nameOf(owner)}`,
      ({ locks }) => locks.line.passOnTo({ ...lock, to, actor: { id: owner.userId } }),
      { attempts: 3 },
    );
    if (passed.kind === "done" && passed.value.lock.fence <= lock.fence) {
      throw new InvariantBroken("L2", `passed on under fence ${passed.value.lock.fence}`);
    }
    if (passed.kind === "done" && to && passed.value.lock.owner.userId !== to.userId) {
      throw new InvariantBroken("W1", `passed on to another than ${to.userId}`);
    }
    if (passed.kind === "refused" && passed.error.code === "NOBODY_WAITS") {
      await this.processes.request(`release:${nameOf(owner)}`, ({ locks }) => locks.release(lock));
    }
  }

  /** X1: a ticket is of no use to anybody else. */
  async #steal(): Promise<void> {
    const { resource, ticket } = this.world.random.pick(this.#tickets);
    const thief = { userId: "thief" };
    const asked = await this.#ask(thief, resource, ticket);
    const begged = await this.processes.request("beg:thief/", ({ locks }) =>
      locks.line.askOwner({ resource, ticket, userId: "thief", actor: { id: "thief" } }),
    );
    if (asked.kind === "done" || begged.kind === "done")
      throw new InvariantBroken("X1", `a thief used ${ticket}`);
    await this.#leave(thief, resource, ticket);
  }

  /** Wants it at once, now and then both names together, and cares for no line. */
  async #stranger(): Promise<void> {
    const { random } = this.world;
    const owner = { userId: "stranger" };
    for (let step = 0; step < 8 && this.#isOpen; step += 1) {
      await this.world.sleep(random.int(1, 15_000));
      if (random.chance(0.5)) {
        const taken = await this.processes.request("acquire:stranger/", ({ locks }) =>
          locks.acquire({
            resource: nameResource(names[0]!),
            owner,
            leaseMs: this.#leaseMs(),
            waitMs: 1_000,
          }),
        );
        if (taken.kind === "done") await this.#use(owner, taken.value);
        continue;
      }
      const taken = await this.processes.request("acquire:stranger/", ({ locks }) =>
        locks.named.acquire({ names, owner, leaseMs: this.#leaseMs() }),
      );
      if (taken.kind !== "done") continue;
      await this.world.sleep(random.int(1, 10_000));
      await this.processes.request("together:stranger/", ({ locks }) =>
        locks.named.release({ names, owner }),
      );
    }
  }

  async #administrator(): Promise<void> {
    const { random } = this.world;
    for (let step = 0; step < 4 && this.#isOpen; step += 1) {
      await this.world.sleep(random.int(1, 40_000));
      if (random.chance(0.3)) {
        await this.processes.request("tidy", ({ locks }) =>
          locks.sweep({ limit: 10, actor: { id: "system:sweep" } }),
        );
        continue;
      }
      const resource = nameResource(random.pick(names));
      await this.processes.request("force", ({ locks }) =>
        locks.forceRelease({ resource, actor: { id: "root" }, reason: "holiday" }),
      );
    }
  }

  /** Everybody is gone and every lease over: whoever comes has it at once. */
  async #takeAtOnce(): Promise<void> {
    for (const name of names) {
      const owner = { userId: "last" };
      const taken = await this.processes.insist("acquire:last/", ({ locks }) =>
        locks.acquire({ resource: nameResource(name), owner, leaseMs: 2_000 }),
      );
      if (taken.kind !== "done")
        throw new InvariantBroken("W2", `${name} is free, and nobody gets it`);
    }
    await this.world.sleep(calmMs);
  }

  async #joinAs(
    userId: string,
    resource: string,
    leaseMs: number,
    keepMs = usualPlaceMs,
  ): Promise<Standing> {
    const joined = await this.#join({ userId }, resource, { leaseMs, placeMs: keepMs });
    if (joined.kind !== "done") throw new InvariantBroken("W1", `${userId} could not join`);
    return joined.value;
  }

  /**
   * W2: behind an owner who died and as many dead waiters as one likes, who is there is served as soon as the last of their
   * places is over, and within the least time to claim after that; and a turn that is given up is the next one's at once.
   */
  async #waitBehindTheDead(): Promise<void> {
    const { world } = this;
    const resource = nameResource("bench");
    // By slow ways it takes long until the last of them has joined.
    const owned = await this.#joinAs("dead-owner", resource, this.#isSlow ? 90_000 : 4_000);
    if ("place" in owned) throw new InvariantBroken("W1", "a lock that is free has a line");
    const [count, keepMs] = [
      world.random.int(1, maxWaiters - 2),
      world.random.pick([usualPlaceMs, shortPlaceMs]),
    ];
    for (let index = 0; index < count; index += 1)
      await this.#joinAs(`dead-${index}`, resource, 600_000, keepMs);
    const deadUntilMs = world.nowMs + keepMs;
    const people = ["quitter", "patient"];
    const places = new Map<string, string>();
    for (const userId of people) {
      const standing = await this.#joinAs(userId, resource, 20_000);
      if ("lock" in standing) throw new InvariantBroken("W1", `${userId} passed the dead`);
      places.set(userId, standing.place.ticket);
    }
    const endsMs = Math.max(deadUntilMs, owned.lock.expiresAtMs);
    const mostMs = endsMs + leastClaimMs + 2 * (world.options.skewMs ?? 0);
    for (;;) {
      const isDue = world.nowMs > mostMs;
      const [quitter, patient] = await Promise.all(
        people.map((userId) => this.#ask({ userId }, resource, places.get(userId)!)),
      );
      if (quitter!.kind !== "done" || patient!.kind !== "done") {
        throw new InvariantBroken("W1", "Who keeps asking lost the place");
      }
      if ("lock" in patient!.value) throw new InvariantBroken("W1", "patient passed quitter");
      if ("lock" in quitter!.value) break;
      if (isDue) throw new InvariantBroken("W2", "The dead keep the living waiting");
      await world.sleep(2_000);
    }
    await this.#leave({ userId: "quitter" }, resource, places.get("quitter")!);
    const served = await this.#ask({ userId: "patient" }, resource, places.get("patient")!);
    const isServed = served.kind === "done" && "lock" in served.value;
    if (!isServed) throw new InvariantBroken("W2", "A turn that was given up is nobody's");
  }

  /** W4: a release among as many as may wait, all asking at once, takes its two requests. */
  async #releaseToCrowd(): Promise<void> {
    const { world } = this;
    const resource = nameResource("stage");
    const first = await this.#joinAs("owner", resource, 60_000);
    if (!("lock" in first))
      throw new InvariantBroken("W1", "owner found a lock taken that is free");
    const crowd = Array.from({ length: maxWaiters }, (_, index) => `crowd-${index}`);
    const tickets: string[] = [];
    for (const userId of crowd) {
      const standing = await this.#joinAs(userId, resource, 20_000);
      if ("lock" in standing) throw new InvariantBroken("W1", `${userId} passed the owner`);
      tickets.push(standing.place.ticket);
      if (standing.place.position !== tickets.length)
        throw new InvariantBroken("W1", `${userId} is not last`);
    }
    let requests = 0;
    const count = (commit: { by: { label: string; requests: number } | undefined }): void => {
      if (commit.by?.label === "release:owner/") requests = commit.by.requests;
    };
    world.observers.push(count);
    const asking = crowd.map((userId, index) => this.#ask({ userId }, resource, tickets[index]!));
    const released = await this.processes.request("release:owner/", ({ locks }) =>
      locks.release(first.lock),
    );
    const asked = await Promise.all(asking);
    if (released.kind !== "done") throw new InvariantBroken("W4", "The owner could not let go");
    if (requests > 2) throw new InvariantBroken("W4", `A release took ${requests} requests`);
    if (asked.some(({ kind }) => kind !== "done"))
      throw new InvariantBroken("W1", "Who asks lost the place");
    const head = await this.#ask({ userId: crowd[0]! }, resource, tickets[0]!);
    if (head.kind === "done" && "lock" in head.value) return;
    throw new InvariantBroken("W1", "The first in line is not served");
  }
}

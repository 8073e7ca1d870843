/**
 * Users who want more locks than anybody may have: several at a time from several sessions, waiting in line for
 * those of others, with renewals, releases that come late or never, and an administrator who ends some.
 */
import type { LockOwner } from "../../../shared/locks/lock.ts";
import { LockBooks } from "../invariants/lock-books.ts";
import { LockLimitBooks } from "../invariants/lock-limit-books.ts";
import { noFaults } from "../scheduler/faults.ts";
import type { World } from "../scheduler/world.ts";
import { type Answer, Processes } from "./processes.ts";
import { createSystem, defaultSettings, type System } from "./system.ts";

const resources = ["a", "b", "c", "d", "e", "f"].map((name) => `document/${name}`);

export class Hoarders {
  readonly world: World;
  readonly books: LockBooks;
  readonly limitBooks: LockLimitBooks;
  readonly processes: Processes;

  constructor(world: World) {
    this.world = world;
    const { random } = world;
    // A turn lasts up to 15 s before it is claimed, so no lock may have to end sooner.
    const lockLimits = {
      maxLocksPerUser: random.int(1, 3),
      maxLockMs: random.pick([30_000, 60_000]),
    };
    this.books = new LockBooks(world);
    this.limitBooks = new LockLimitBooks(world, lockLimits);
    this.processes = new Processes(world, 3, () =>
      createSystem(world, { ...defaultSettings, lockLimits }),
    );
  }

  async run(): Promise<void> {
    const { random } = this.world;
    const people = Array.from({ length: random.int(3, 5) }, (_, index): LockOwner => {
      const userId = `user-${index % 2}`;
      return random.chance(0.5) ? { userId, sessionId: `tab-${index}` } : { userId };
    });
    await Promise.all([...people.map((owner) => this.#person(owner)), this.#administrator()]);
    this.world.rates = noFaults;
    await this.world.sleep(120_000);
  }

  async #person(owner: LockOwner): Promise<void> {
    const { random } = this.world;
    for (let step = 0; step < random.int(4, 8); step += 1) {
      await this.world.sleep(random.int(1, 8_000));
      const kind = random.weighted({ take: 5, linger: 2, names: 2, queue: 3, keep: 3, give: 3 });
      if (kind === "take") await this.#take(owner);
      if (kind === "linger") await this.#linger(owner);
      if (kind === "names") await this.#takeNames(owner);
      if (kind === "queue") await this.#queue(owner);
      if (kind === "keep") await this.#keep(owner);
      if (kind === "give") await this.#give(owner);
    }
  }

  #leaseMs(): number {
    return this.world.random.pick([2_000, 10_000, 40_000, 120_000]);
  }

  async #ask<T>(
    owner: LockOwner,
    what: string,
    work: (system: System) => Promise<T>,
    wanted = 1,
  ): Promise<Answer<T>> {
    const startedAtMs = this.world.nowMs;
    const label = `${what}:${owner.userId}/${owner.sessionId ?? ""}`;
    const answer: Answer<T> = await this.processes.request(label, work);
    const isLimit = answer.kind === "refused" && answer.error.code === "LIMIT_EXCEEDED";
    if (isLimit) this.limitBooks.checkRefusal(owner.userId, wanted, startedAtMs);
    return answer;
  }

  async #take(owner: LockOwner): Promise<void> {
    const { random } = this.world;
    const [resource, leaseMs] = [random.pick(resources), this.#leaseMs()];
    const waitMs = random.pick([0, 0, 2_000]);
    const wanted = { resource, owner, leaseMs, waitMs, kind: "document" } as const;
    await this.#ask(owner, "acquire", ({ locks }) => locks.acquire(wanted));
  }

  /** Keeps a lock at the very end of its lease, while another session of the same user wants room. */
  async #linger(owner: LockOwner): Promise<void> {
    const { random } = this.world;
    const [resource, leaseMs] = [random.pick(resources), 2_000];
    const wanted = { resource, owner, leaseMs, kind: "document" } as const;
    const taken = await this.#ask(owner, "acquire", ({ locks }) => locks.acquire(wanted));
    if (taken.kind !== "done") return;
    const skewMs = this.world.options.skewMs ?? 0;
    await this.world.sleep(Math.max(1, leaseMs + random.int(-skewMs, skewMs)));
    await Promise.all([this.#take(owner), this.#renewSoon(owner, resource)]);
  }

  async #renewSoon(owner: LockOwner, resource: string): Promise<void> {
    await this.world.sleep(this.world.random.int(1, 300));
    await this.#ask(owner, "renew", ({ locks }) =>
      locks.renew({ resource, owner, leaseMs: 40_000 }),
    );
  }

  async #takeNames(owner: LockOwner): Promise<void> {
    const { random } = this.world;
    const names = random.pick([["till/1"], ["till/1", "till/2"], ["till/2", "shelf/1"]]);
    const scope = random.pick(["exact", "tree"] as const);
    const leaseMs = this.#leaseMs();
    const taken = await this.#ask(
      owner,
      "acquire",
      ({ locks }) => locks.named.acquire({ names, owner, scope, leaseMs }),
      names.length,
    );
    if (taken.kind !== "done") return;
    await this.world.sleep(random.int(1, 20_000));
    if (random.chance(0.5)) {
      await this.#ask(owner, "renew", ({ locks }) =>
        locks.named.extend({ names, owner, leaseMs: this.#leaseMs() }),
      );
    }
    if (random.chance(0.5)) {
      await this.#ask(owner, "release", ({ locks }) => locks.named.release({ names, owner }));
    }
  }

  /** Stands in line; when the turn comes it is claimed by asking, by taking or by extending. */
  async #queue(owner: LockOwner): Promise<void> {
    const { random } = this.world;
    const [resource, leaseMs] = [random.pick(resources), this.#leaseMs()];
    const wanted = { resource, owner, leaseMs, kind: "document" } as const;
    const standing = await this.#ask(owner, "acquire", ({ locks }) => locks.acquireOrQueue(wanted));
    if (standing.kind !== "done" || "lock" in standing.value) return;
    const { ticket } = standing.value.place;
    const { userId } = owner;
    for (let look = 0; look < random.int(1, 6); look += 1) {
      await this.world.sleep(random.int(500, 8_000));
      const how = random.weighted({ ask: 4, take: 1, extend: 1 });
      await this.#ask(owner, "acquire", async ({ locks }) => {
        if (how === "take") return void (await locks.acquireOrQueue(wanted));
        if (how === "extend") return void (await locks.extend({ resource, owner, leaseMs }));
        return void (await locks.line.ask({ resource, ticket, userId, actor: { id: userId } }));
      });
    }
  }

  async #keep(owner: LockOwner): Promise<void> {
    const [resource, leaseMs] = [this.world.random.pick(resources), this.#leaseMs()];
    await this.#ask(owner, "renew", ({ locks }) => locks.renew({ resource, owner, leaseMs }));
  }

  async #give(owner: LockOwner): Promise<void> {
    const resource = this.world.random.pick(resources);
    await this.#ask(owner, "release", ({ locks }) => locks.release({ resource, owner }));
  }

  async #administrator(): Promise<void> {
    const { random } = this.world;
    for (let step = 0; step < 3; step += 1) {
      await this.world.sleep(random.int(1, 30_000));
      const resource = random.pick(resources);
      const actor = { id: "root" };
      await this.processes.request("force", ({ locks }) =>
        locks.forceRelease({ resource, actor, reason: "hoarded" }),
      );
      if (random.chance(0.3)) {
        await this.processes.request("tidy", ({ locks }) => locks.sweep({ limit: 5, actor }));
      }
    }
  }
}

/**
 * Events: the streams are delivered late, repeatedly, in pieces and out of order between rows (in order for each), by
 * processes that die between any two requests, to a bus that refuses. Still a subscriber that goes by `sequence` gets
 * every fact once, in order and without gaps, and what it was told last is how things are.
 */
import type { EventType } from "../../../shared/base/event-type.ts";
import { type ShopEvent, tellChange } from "../../../shared/events/event.ts";
import { parseEvent } from "../../../shared/events/event-store.ts";
import { pickShard } from "../../../shared/base/ids.ts";
import { isUsesId } from "../../../shared/base/uses-id.ts";
import { keyText } from "../engine/table.ts";
import { copyOfMap } from "../engine/values.ts";
import { type Commit, InvariantBroken, type World } from "../scheduler/world.ts";
import type { Processes } from "../workloads/processes.ts";
import { changeOf } from "./audit-trail.ts";
import { checkReplayed } from "./replayed-state.ts";

const fail = (invariant: string, detail: string): never => {
  throw new InvariantBroken(invariant, detail);
};

/** Somebody who needs to know: keeps the last number of each resource, and takes only the next one. */
class Subscriber {
  readonly taken = new Map<string, ShopEvent[]>();
  readonly #resourceOfId = new Map<string, string>();
  repeated = 0;

  take(event: ShopEvent): void {
    const { id, resource, sequence } = event;
    const known = this.taken.get(resource) ?? [];
    const place = `${resource} ${sequence}`;
    if ((this.#resourceOfId.get(id) ?? place) !== place) {
      fail("E1", `${id} came as ${place} and as ${this.#resourceOfId.get(id)}`);
    }
    this.#resourceOfId.set(id, place);
    if (sequence > known.length + 1) fail("E2", `${place} came after ${known.length}`);
    if (sequence <= known.length) {
      if (known[sequence - 1]!.id !== id) fail("E1", `${place} is two facts`);
      this.repeated += 1;
      return;
    }
    this.taken.set(resource, [...known, event]);
  }

  of(resource: string): readonly ShopEvent[] {
    return this.taken.get(resource) ?? [];
  }
}

export class EventBooks {
  readonly subscriber = new Subscriber();
  readonly #world: World;
  readonly #processes: Processes;
  /** What of each row was not told yet. */
  readonly #queues = new Map<string, Commit[]>();
  readonly #told: Commit[] = [];
  readonly #all: Commit[] = [];
  #events: Commit[] = [];
  #isCalm = false;
  #hasEnded = false;
  #faults = 0;
  #publishers = 0;

  constructor(world: World, processes: Processes) {
    this.#world = world;
    this.#processes = processes;
    world.observers.push((commit) => this.#take(commit));
  }

  #take(commit: Commit): void {
    const { definition } = this.#world.engine.table(commit.table);
    if (!definition.hasStream) return;
    if (commit.table === "Outbox") {
      if (!commit.oldImage && commit.newImage?.["id"] !== undefined) this.#events.push(commit);
      return;
    }
    this.#all.push(commit);
    const name = `${commit.table} ${keyText(definition, commit.key)}`;
    const queue = this.#queues.get(name);
    if (queue) queue.push(commit);
    else this.#queues.set(name, [commit]);
  }

  /** Delivers while the shop is open. */
  async follow(isOpen: () => boolean): Promise<void> {
    const { random } = this.#world;
    const followers = [0, 1].map(async (shard) => {
      while (isOpen()) {
        const isBusy = this.#queues.size + this.#events.length > 0;
        await this.#world.sleep(random.int(100, isBusy ? 8_000 : 600_000));
        await (random.chance(0.6) ? this.#deliverChanges(shard) : this.#deliverEvents());
      }
    });
    await Promise.all(followers);
    this.#hasEnded = true;
  }

  /** Delivers the rest in fine weather, and holds what was told against the tables. */
  async finish(): Promise<void> {
    while (!this.#hasEnded) await this.#world.sleep(1_000);
    this.#isCalm = true;
    while (this.#queues.size > 0) await this.#deliverChanges();
    while (this.#events.length > 0) await this.#deliverEvents();
    this.#check();
  }

  /** A batch of one table: some of what each of several rows has to tell, mixed, sometimes with what was told before. */
  async #deliverChanges(shard?: number): Promise<void> {
    const { random } = this.#world;
    const isMine = (name: string): boolean => shard === undefined || pickShard(name, 2) === shard;
    const names = [...this.#queues.keys()].filter(isMine);
    if (names.length === 0) return;
    const table = random.pick(names).split(" ")[0]!;
    const queues = names
      .filter((name) => name.startsWith(`${table} `) && random.chance(0.6))
      .map((name) => this.#queues.get(name)!.slice(0, random.int(1, 6)));
    const batch: Commit[] = random.chance(0.3) ? this.#repeat() : [];
    while (queues.some((queue) => queue.length > 0)) {
      batch.push(random.pick(queues.filter((queue) => queue.length > 0)).shift()!);
    }
    if (batch.length === 0) return;
    // A process that is believed to be dead may still be at it.
    const copies = !this.#isCalm && random.chance(0.2) ? 2 : 1;
    const changes = batch.map(changeOf);
    const answers = await Promise.all(
      Array.from({ length: copies }, () =>
        this.#processes.request("changes", ({ events }) => events.record(changes)),
      ),
    );
    for (const answer of answers) {
      if (answer.kind !== "done") continue;
      const failed = new Set(answer.value.failed.map(({ change }) => change.eventId));
      for (const commit of batch.filter((each) => !failed.has(changeOf(each).eventId))) {
        this.#settle(commit);
      }
    }
  }

  /** Told for good, if it is the oldest of its row that was not. */
  #settle(commit: Commit): void {
    const { definition } = this.#world.engine.table(commit.table);
    const name = `${commit.table} ${keyText(definition, commit.key)}`;
    const queue = this.#queues.get(name);
    if (queue?.[0] !== commit) return;
    queue.shift();
    this.#told.push(commit);
    if (queue.length === 0) this.#queues.delete(name);
  }

  /** Something that was told before, in a piece: a batch comes again as a whole or in part, however late. */
  #repeat(): Commit[] {
    const { random } = this.#world;
    if (this.#told.length === 0) return [];
    const from = random.int(0, this.#told.length - 1);
    return this.#told.slice(from, from + random.int(1, 4));
  }

  /** Rows of events come in any order: those of one resource may lie in several shards. */
  async #deliverEvents(): Promise<void> {
    const { random } = this.#world;
    const chosen = this.#events.filter(() => random.chance(0.5));
    const batch = random.chance(0.5) ? chosen.toReversed() : chosen;
    if (batch.length === 0) return;
    const events = batch.map(({ newImage }) => parseEvent(copyOfMap(newImage!)));
    // Two shards at work on one resource may both send what was held up.
    if (this.#publishers > 0) this.#faults += 1;
    this.#publishers += 1;
    const answer = await this.#processes.request("event-bus", ({ publishing }) =>
      publishing((some) => this.#bus(some)).publish(events),
    );
    this.#publishers -= 1;
    if (answer.kind !== "done") {
      this.#faults += 1;
      return;
    }
    const held = new Set(answer.value.map(({ resource }) => resource));
    const done = new Set(batch.filter((_, index) => !held.has(events[index]!.resource)));
    this.#events = this.#events.filter((commit) => !done.has(commit));
  }

  /** Takes some, and now and then what it took is not heard of. */
  async #bus(events: readonly ShopEvent[]): Promise<ReadonlySet<string>> {
    const { random } = this.#world;
    const isRough = !this.#isCalm;
    if (isRough && random.chance(0.1)) {
      this.#faults += 1;
      return new Set();
    }
    const taken = events.filter(() => !isRough || !random.chance(0.15));
    for (const event of taken) this.subscriber.take(event);
    const heard = taken.filter(() => !isRough || !random.chance(0.1));
    if (heard.length < taken.length) this.#faults += 1;
    return new Set(heard.map(({ id }) => id));
  }

  #check(): void {
    const rows = this.#world.engine.table("Outbox").items();
    for (const row of rows.filter(({ id }) => id !== undefined)) {
      const { resource, sequence, id } = parseEvent(copyOfMap(row));
      const taken = this.subscriber.of(resource)[sequence - 1];
      if (taken?.id !== id) fail("E3", `${resource} ${sequence} never arrived`);
    }
    if (this.#faults === 0 && this.subscriber.repeated > 0) {
      fail("E1", `${this.subscriber.repeated} events came twice, though nothing went wrong`);
    }
    this.#checkFacts();
    this.#checkLevels();
    checkReplayed(this.#world, (resource) => this.subscriber.of(resource));
  }

  /** Every fact that the rows have gone through was told, in their order, and nothing else. */
  #checkFacts(): void {
    const wanted = new Map<string, { type: EventType; said: string }[]>();
    for (const commit of this.#all) {
      const change = changeOf(commit);
      for (const [resource, type, said] of factsOf(commit)) {
        wanted.set(resource, [...(wanted.get(resource) ?? []), { type, said }]);
      }
      const told = tellChange(change);
      if (told && !told.turn && !wanted.has(told.resource) && commit.table !== "Locks") {
        fail("E4", `${told.resource} tells what did not happen`);
      }
    }
    for (const [resource, facts] of wanted) {
      const told = this.subscriber
        .of(resource)
        .filter(({ type }) => facts.some((fact) => fact.type === type))
        .map((event) => `${event.type} ${sayOf(event)}`);
      const expected = facts.map(({ type, said }) => `${type} ${said}`);
      if (told.join() !== expected.join()) {
        fail("E4", `${resource}: told ${told.join()}, happened ${expected.join()}`);
      }
    }
  }

  /** What an item's level was said to be last is what it is. */
  #checkLevels(): void {
    const available = new Map<string, number>();
    for (const row of this.#world.engine.table("Stock").items()) {
      if (row["noticeOf"] !== undefined || row["available"] === undefined) continue;
      const itemId = String(row["item"] ?? row["itemId"]);
      if (isUsesId(itemId)) continue;
      available.set(itemId, (available.get(itemId) ?? 0) + Number(row["available"]));
    }
    for (const [itemId, level] of available) {
      const told = this.subscriber.of(`item/${itemId}`);
      const last = told.at(-1)?.type;
      if (level > 0 && last === "item.sold_out")
        fail("E5", `${itemId} has ${level}, told sold out`);
      const hasMoved = this.#all.some(
        ({ table, key, oldImage }) =>
          table === "Stock" && key["itemId"] === itemId && Number(oldImage?.["available"] ?? 0) > 0,
      );
      if (level <= 0 && hasMoved && last !== "item.sold_out") {
        fail("E5", `${itemId} is sold out, told ${String(last)}`);
      }
      for (const [index, { type }] of told.entries()) {
        if (type !== "item.low" && type === told[index - 1]?.type) {
          fail("E5", `${itemId} was told ${type} twice`);
        }
      }
    }
  }
}

type Said = readonly [resource: string, type: EventType, said: string];

/** What an outsider would say that happened to a row, by its two images alone. */
function factsOf({ table, oldImage: before, newImage: after }: Commit): Said[] {
  if (!after) return [];
  const [was, is] = [before?.["version"], after["version"]];
  if (table === "Orders" && before?.["status"] !== after["status"]) {
    const status = after["status"] === "pending" ? "placed" : String(after["status"]);
    if (status === "refund_due" || status === "refunded") return [];
    return [[`order/${String(after["orderId"])}`, `order.${status}` as EventType, status]];
  }
  if (table === "Carts" && was !== is) {
    return [[`cart/${String(after["cartId"])}`, "cart.updated", String(is)]];
  }
  if (table === "Documents" && was !== is) {
    return [[`document/${String(after["documentId"])}`, "document.saved", String(is)]];
  }
  return [];
}

/** What an event says in the same words. */
function sayOf({ type, data }: ShopEvent): string {
  if (!type.startsWith("order.")) return String(data["version"]);
  return data["status"] === "pending" ? "placed" : String(data["status"]);
}

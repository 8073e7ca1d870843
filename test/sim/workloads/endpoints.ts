/**
 * Webhooks beside the events workload: administrators make endpoints, change them, let them wait and delete them; receivers
 * are dead for an hour or two days; what feeds and what tells dies between any two requests, and runs twice at once.
 */
import { HoldfastError } from "../../../shared/base/errors.ts";
import { eventTypes, type EventType } from "../../../shared/base/event-type.ts";
import { later } from "../../../shared/base/time.ts";
import type { ShopEvent } from "../../../shared/events/event.ts";
import type { Outcome, WebhookCall } from "../../../shared/webhooks/webhook.ts";
import { checkReplayed } from "../invariants/replayed-state.ts";
import { WebhookBooks } from "../invariants/webhook-books.ts";
import { noFaults } from "../scheduler/faults.ts";
import type { World } from "../scheduler/world.ts";
import type { Answer, Processes } from "./processes.ts";
import type { System } from "./system.ts";

/** A run of what tells an endpoint; a simulated request ends soon behind it. */
const runMs = 18_000;
const [secondMs, minuteMs, hourMs] = [1_000, 60_000, 3_600_000];
/** Told of everything, and never changed: what is rebuilt from its table is held against the rows. */
const mirror = "mirror";

export class Endpoints {
  readonly books: WebhookBooks;
  readonly #world: World;
  readonly #processes: Processes;
  readonly #isFine: boolean;
  readonly #names: readonly string[];
  /** Events that are not fed yet. */
  #unfed: ShopEvent[] = [];
  #seen = 0;
  #isCalm = false;
  #scripts = 0;
  #urls = 0;

  constructor(world: World, processes: Processes) {
    const { rates, options } = world;
    this.#world = world;
    this.#processes = processes;
    this.#isFine = rates === noFaults && (options.skewMs ?? 0) <= 100;
    this.books = new WebhookBooks(world, this.#isFine);
    this.#names = ["crm", "mail", "stock"].slice(0, world.random.int(1, 3));
  }

  /** In the background, until somebody asks it to come to an end. */
  #start(work: () => Promise<void>): void {
    this.#scripts += 1;
    this.#world.script(async () => {
      await work();
      this.#scripts -= 1;
    });
  }

  /** Makes endpoints, and then does what administrators do while the shop is open. */
  async open(isOpen: () => boolean): Promise<void> {
    const [rough, { random }] = [this.#world.rates, this.#world];
    this.#world.rates = noFaults;
    await this.#put(mirror, eventTypes);
    this.#world.rates = rough;
    for (const name of this.#names) {
      this.#start(async () => {
        for (let deed = 0; deed < 8 && isOpen(); deed += 1) {
          await this.#world.sleep(random.int(secondMs, 3 * minuteMs));
          await this.#administer(name);
        }
      });
    }
    this.#start(() => this.#follow(isOpen));
  }

  async #follow(isOpen: () => boolean): Promise<void> {
    const { random } = this.#world;
    for (let round = 0; isOpen(); round += 1) {
      // Some of those whose facts these are wait for days.
      const isBusy = round < 60 || this.books.events.length > this.#seen;
      await this.#world.sleep(random.int(100, isBusy ? 20_000 : hourMs));
      if (random.chance(0.7)) await this.#feed();
      else await this.#sweep();
    }
  }

  /** Time passes, receivers are down and back, nobody buys; then everything is fine, and everything has to arrive. */
  async finish(): Promise<void> {
    const { random } = this.#world;
    while (this.#scripts > 0) await this.#world.sleep(secondMs);
    const hours = random.pick([0, 1, 3, 45]);
    const rounds = hours > 0 ? 30 : 0;
    for (let round = 0; round < rounds; round += 1) {
      this.#letMoods();
      await this.#world.sleep(random.int(minuteMs, (hours * hourMs) / 15));
      await (random.chance(0.3) ? this.#feed() : this.#sweep());
      if (random.chance(0.3)) await this.#administer(random.pick(this.#names));
    }
    while (this.#scripts > 0) await this.#world.sleep(secondMs);
    this.#world.rates = noFaults;
    this.#isCalm = true;
    await this.#arrive();
    this.books.check();
    for (const { endpointId, receiver } of this.books.alive()) {
      const hasAll = this.books.events.every((event) => receiver.has(event));
      if (endpointId !== mirror || !hasAll) continue;
      checkReplayed(this.#world, (resource) => receiver.table.get(resource) ?? []);
    }
  }

  async #arrive(): Promise<void> {
    for (const { endpointId, receiver, always } of this.books.alive()) {
      receiver.mood = "fine";
      receiver.poison = "";
      await this.#put(endpointId, [...always]);
    }
    for (let round = 0; round < 500; round += 1) {
      await this.#feed();
      const dueAtMs = this.books.nextDueAtMs();
      if (this.#scripts === 0 && this.#unfed.length === 0 && dueAtMs === undefined) return;
      await this.#world.sleep(Math.max(minuteMs, (dueAtMs ?? 0) - this.#world.nowMs));
      await this.#sweep();
    }
    throw new Error("Webhooks never come to rest");
  }

  #letMoods(): void {
    if (this.#isFine) return;
    const { random } = this.#world;
    for (const { receiver } of this.books.alive()) {
      if (random.chance(0.2)) {
        receiver.mood = random.weighted({ fine: 4, shaky: 4, dead: 3, gone: 1 });
      }
    }
  }

  /** One thing that an administrator does. */
  async #administer(endpointId: string): Promise<void> {
    const { random } = this.#world;
    const known = this.books.alive().find((each) => each.endpointId === endpointId);
    this.#letMoods();
    if (!known || random.chance(0.3)) {
      await this.#put(endpointId, this.#drawTypes(), random.chance(0.8));
      return;
    }
    const deed = random.weighted({ remove: 1, rotate: 1, pause: 2, retry: 4 });
    if (deed === "remove") {
      await this.#insist("remove", ({ webhooks }) => webhooks.endpoints.remove(endpointId));
    }
    if (deed === "rotate") {
      await this.#insist("rotate", ({ webhooks }) => webhooks.endpoints.rotate(endpointId));
    }
    if (deed === "pause") {
      await this.#put(endpointId, [...known.always], false);
      await this.#world.sleep(random.int(secondMs, minuteMs));
      await this.#put(endpointId, [...known.always]);
    }
    if (deed === "retry") await this.#retry(endpointId);
  }

  #drawTypes(): readonly EventType[] {
    const { random } = this.#world;
    if (random.chance(0.3)) return eventTypes;
    const some = eventTypes.filter(() => random.chance(0.5));
    return some.length > 0 ? some : eventTypes;
  }

  #insist(label: string, work: (system: System) => Promise<unknown>): Promise<Answer<unknown>> {
    return this.#processes.insist(`webhook.${label}`, work);
  }

  async #put(endpointId: string, types: readonly EventType[], active = true): Promise<void> {
    const url = `https://example.com/${endpointId}/${(this.#urls += 1)}`;
    this.books.beingPut.add(endpointId);
    await this.#insist("put", ({ webhooks }) =>
      webhooks.endpoints.put(endpointId, { url, types, active }),
    );
    this.books.beingPut.delete(endpointId);
  }

  /** Somebody presses the button of a delivery, whatever became of it, while others may be at it. */
  async #retry(endpointId: string): Promise<void> {
    const { random } = this.#world;
    const listed = await this.#processes.request("webhook.list", ({ webhooks }) =>
      webhooks.endpoints.listDeliveries(endpointId, { limit: 10 }),
    );
    if (listed.kind !== "done" || listed.value.rows.length === 0) return;
    const { deliveryId, eventId, status } = random.pick(listed.value.rows);
    const known = this.books.alive().find((each) => each.endpointId === endpointId);
    if (status !== "failing") known?.receiver.byHand.add(eventId);
    await this.#processes.request("webhook.retry", ({ webhooks }) =>
      unbroken(webhooks.trying(this.#call).retry(endpointId, deliveryId)),
    );
  }

  /** A batch of events as streams bring them: in any order, split, and with what was fed before. */
  async #feed(): Promise<void> {
    const { random } = this.#world;
    const { events } = this.books;
    this.#unfed.push(...events.slice(this.#seen));
    this.#seen = events.length;
    const chosen = this.#unfed.filter(() => this.#isCalm || random.chance(0.5));
    const batch = random.chance(0.5) ? chosen.toReversed() : chosen;
    if (events.length > 0 && random.chance(0.2)) batch.push(random.pick(events));
    if (batch.length === 0) return;
    const copies = !this.#isCalm && random.chance(0.2) ? 2 : 1;
    const answers = await Promise.all(
      Array.from({ length: copies }, () =>
        this.#processes.request("webhook-feed", ({ webhooks }) => webhooks.feeding.feed(batch)),
      ),
    );
    for (const answer of answers) {
      if (answer.kind !== "done") continue;
      const failed = new Set(answer.value.failed.map(({ resource }) => resource));
      const done = new Set(batch.filter(({ resource }) => !failed.has(resource)));
      this.#unfed = this.#unfed.filter((event) => !done.has(event));
      this.#hint(answer.value.endpointIds, 0.7);
    }
  }

  /** What the schedule does once a minute. */
  async #sweep(): Promise<void> {
    const due = await this.#processes.request("webhooks-due", ({ webhooks }) =>
      webhooks.feeding.listDue(),
    );
    if (due.kind === "done") this.#hint(due.value, this.#isCalm ? 1 : 0.9);
  }

  /** Calls who tells, now and then twice; some hints are lost. */
  #hint(endpointIds: readonly string[], luck: number): void {
    const { random } = this.#world;
    for (const endpointId of endpointIds) {
      if (random.chance(luck)) this.#start(() => this.#send(endpointId));
      if (!this.#isCalm && random.chance(0.2)) this.#start(() => this.#send(endpointId));
    }
  }

  async #send(endpointId: string): Promise<void> {
    await this.#processes.request("webhook-sender", ({ webhooks, clock }) =>
      unbroken(webhooks.sending(this.#call).send(endpointId, later(clock(), runMs))),
    );
  }

  /** On its way a call meets what every request meets; who hangs is given up after five seconds. */
  readonly #call = async (call: WebhookCall): Promise<Outcome> => {
    const { known, end } = this.books.begin(call);
    try {
      const { answered, hangs } = await this.#world.outside("Receiver", () =>
        this.books.hear(known, call),
      );
      if (answered !== undefined) return { answered };
      await this.#world.sleep(hangs ? 5_000 : 10);
      return { problem: "No answer within 5 seconds" };
    } catch (error) {
      return { problem: (error as Error).message };
    } finally {
      end();
    }
  };
}

/** A job promises nobody that nothing was done, when it has no time left. */
async function unbroken(work: Promise<unknown>): Promise<void> {
  try {
    await work;
  } catch (error) {
    if (!(error instanceof HoldfastError)) throw error;
  }
}

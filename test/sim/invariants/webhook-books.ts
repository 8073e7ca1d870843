/**
 * Webhooks: whatever dies, hangs or comes twice, every endpoint's receiver has in its table each event since its beginning
 * that it asked for, in order for each resource, and is told again only where something went wrong behind the telling.
 */
import type { EventType } from "../../../shared/base/event-type.ts";
import type { ShopEvent } from "../../../shared/events/event.ts";
import { parseEvent } from "../../../shared/events/event-store.ts";
import type { WebhookCall } from "../../../shared/webhooks/webhook.ts";
import { copyOfMap } from "../engine/values.ts";
import { type Commit, InvariantBroken, type World } from "../scheduler/world.ts";
import { Receiver, type Reply } from "../workloads/receivers.ts";

const fail = (invariant: string, detail: string): never => {
  throw new InvariantBroken(invariant, detail);
};

/** After so many tries nobody has to ask again. */
const mostTries = 10;
/** What the clocks of two processes, and one that stood still, make of one instant. */
const aboutMs = 600_000;
/** What was begun before an endpoint went may still arrive, also of a process that stood still. */
const endingMs = 600_000;

/** An endpoint from its making to its end, as its rows told it. */
export interface Known {
  readonly endpointId: string;
  readonly uid: string;
  readonly createdAtMs: number;
  /** How many events there were before it. */
  readonly behind: number;
  readonly receiver: Receiver;
  /** Which types it has always wanted, and which at some time. */
  always: ReadonlySet<EventType>;
  readonly ever: Set<EventType>;
  goneAtMs?: number;
}

export class WebhookBooks {
  readonly #world: World;
  readonly #byUid = new Map<string, Known>();
  readonly #byUrl = new Map<string, Known>();
  readonly #events: ShopEvent[] = [];
  /** Endpoints that somebody is just putting in place. */
  readonly beingPut = new Set<string>();
  readonly #underWay = new Set<string>();
  /** How often each event was tried, whether the call arrived or not. */
  readonly #tries = new Map<string, number>();
  /** Nothing goes wrong, and clocks agree: then nothing is told twice, nor by two at once. */
  readonly #isFine: boolean;

  constructor(world: World, isFine: boolean) {
    this.#world = world;
    this.#isFine = isFine;
    world.observers.push((commit) => this.#take(commit));
  }

  #take({ table, oldImage, newImage }: Commit): void {
    if (table === "Outbox" && !oldImage && newImage?.["id"] !== undefined) {
      this.#events.push(parseEvent(copyOfMap(newImage)));
    }
    if (table !== "Webhooks" || newImage?.["about"] !== "endpoints") return;
    const { uid, part, url, types, createdAtMs, deletedAtMs } = copyOfMap(
      newImage,
    ) as unknown as Row;
    if (deletedAtMs !== undefined) {
      const known = this.#byUid.get(uid);
      if (known) known.goneAtMs ??= this.#world.nowMs;
      return;
    }
    const wasThere = oldImage !== undefined && oldImage["deletedAtMs"] === undefined;
    if (!wasThere && !this.beingPut.has(part)) fail("W4", `${part} came back by itself`);
    const known = this.#byUid.get(uid) ?? this.#meet(uid, part, createdAtMs, types);
    if (known.goneAtMs !== undefined) fail("W4", `${part} is the one that was deleted`);
    known.always = new Set(types.filter((type) => known.always.has(type)));
    for (const type of types) known.ever.add(type);
    this.#byUrl.set(url, known);
  }

  #meet(uid: string, endpointId: string, createdAtMs: number, types: readonly EventType[]): Known {
    const receiver = new Receiver(this.#world.random.fork(), () => this.#world.nowMs);
    if (this.#isFine) receiver.mood = "fine";
    const [always, ever] = [new Set(types), new Set(types)];
    const behind = this.#events.length;
    const known = { endpointId, uid, createdAtMs, behind, receiver, always, ever };
    this.#byUid.set(uid, known);
    return known;
  }

  /** Everything that was told of so far. */
  get events(): readonly ShopEvent[] {
    return this.#events;
  }

  /** The endpoints that are there. */
  alive(): Known[] {
    return [...this.#byUid.values()].filter(({ goneAtMs }) => goneAtMs === undefined);
  }

  /** A call has begun: while it is under way nobody else tells the same of the same resource, in fine weather. */
  begin(call: WebhookCall): { readonly known: Known; readonly end: () => void } {
    const known = this.#byUrl.get(call.url) ?? fail("W1", `${call.url} is nobody's`);
    const { resource, id } = JSON.parse(call.body) as ShopEvent;
    const name = `${known.uid} ${id}`;
    this.#tries.set(name, (this.#tries.get(name) ?? 0) + 1);
    const place = `${known.uid} ${resource}`;
    if (this.#isFine && this.#underWay.has(place)) fail("W3", `${place} is told by two at once`);
    this.#underWay.add(place);
    return { known, end: () => void this.#underWay.delete(place) };
  }

  /** A call has arrived. */
  hear(known: Known, call: WebhookCall): Reply {
    const event = JSON.parse(call.body) as ShopEvent;
    const { endpointId, goneAtMs = Infinity, always, ever, receiver } = known;
    const place = `${endpointId}: ${event.resource} ${event.sequence}`;
    if (call.headers["webhook-id"] !== event.id) fail("W1", `${place} has another id`);
    if (!ever.has(event.type)) fail("W1", `${place} is ${event.type}, which nobody asked for`);
    if (this.#world.nowMs > goneAtMs + endingMs) fail("W4", `${place} came though it is gone`);
    return receiver.hear(event, always.has(event.type));
  }

  /** Every endpoint that is there has everything; nothing came twice without a reason. */
  check(): void {
    for (const known of this.alive()) this.#checkComplete(known);
    const all = [...this.#byUid.values()].map(({ receiver }) => receiver);
    const repeated = all.reduce((sum, each) => sum + each.repeated, 0);
    const unheard = all.reduce((sum, each) => sum + each.unheard, 0);
    const struck = [...this.#world.struck.values()].reduce((sum, count) => sum + count, 0);
    if (this.#isFine && repeated > 0) fail("W3", `${repeated} came twice, though nothing happened`);
    if (repeated > unheard + struck) fail("W3", `${repeated} came twice, for ${unheard + struck}`);
  }

  #checkComplete({ endpointId, uid, createdAtMs, behind, receiver, always }: Known): void {
    const wanted = this.#events
      .slice(behind)
      .filter(({ type, occurredAtMs }) => always.has(type) && occurredAtMs >= createdAtMs);
    const given = this.#givenUp(uid);
    for (const event of wanted) {
      if (receiver.has(event)) continue;
      const { id, resource, sequence, type } = event;
      const place = `${endpointId}: ${resource} ${sequence} ${type}`;
      const tries = this.#tries.get(`${uid} ${id}`) ?? 0;
      const startedAtMs = given.get(id);
      if (startedAtMs === undefined) return fail("W1", `${place} never came, after ${tries} tries`);
      const { tookAtMs, isGone } = receiver.refusals.get(id) ?? { tookAtMs: 0, isGone: false };
      if (tries < mostTries && !isGone) fail("W1", `${place} was given up after ${tries}`);
      if (tookAtMs < startedAtMs - aboutMs)
        fail("W5", `${place} was given up by who takes nothing`);
    }
  }

  /** Events of which the log says that nobody asks any more, and since when somebody had. */
  #givenUp(uid: string): ReadonlyMap<string, number> {
    const rows = this.#world.engine.table("Webhooks").items().map(copyOfMap);
    const own = rows.filter(({ about }) => about === `deliveries/${uid}`);
    const failed = own.filter(({ status }) => status === "failed");
    return new Map(
      failed.map(({ eventId, deliveryId }) => [
        String(eventId),
        Number(String(deliveryId).split("_")[1]),
      ]),
    );
  }

  /** When something is due for one of those that are there, by the table itself; undefined when nothing is. */
  nextDueAtMs(): number | undefined {
    const uids = new Set(this.alive().map(({ uid }) => uid));
    const rows = this.#world.engine.table("Webhooks").items();
    const due = rows.filter(({ dueOf }) => uids.has(String(dueOf)));
    return due.length === 0 ? undefined : Math.min(...due.map(({ dueAtMs }) => Number(dueAtMs)));
  }
}

interface Row {
  readonly uid: string;
  readonly part: string;
  readonly url: string;
  readonly types: readonly EventType[];
  readonly createdAtMs: number;
  readonly deletedAtMs?: number;
}

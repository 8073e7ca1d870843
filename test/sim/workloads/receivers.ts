/** Receivers of webhooks: what somebody else's server does with a call, and the table in which it keeps what it took. */
import type { ShopEvent } from "../../../shared/events/event.ts";
import type { Random } from "../random.ts";
import { InvariantBroken } from "../scheduler/world.ts";

/** `shaky` fails, hangs and loses answers now and then; `gone` says that it wants nothing any more. */
export type Mood = "fine" | "shaky" | "dead" | "gone";

/** What comes back from it: a number, or nothing, although it may have taken the event. */
export interface Reply {
  readonly answered?: number;
  readonly hangs?: boolean;
}

/** How it would not take an event: when it had taken something for the last time by then, and whether it said that it is gone. */
export interface Refusal {
  readonly tookAtMs: number;
  readonly isGone: boolean;
}

/** One receiver, for as long as its endpoint is the same one. */
export class Receiver {
  mood: Mood;
  /** Events that it will not take: those of an id that ends in one of these. */
  poison: string;
  /** What it took, in order, by resource: what came again is passed over. */
  readonly table = new Map<string, ShopEvent[]>();
  /** What it would not take. */
  readonly refusals = new Map<string, Refusal>();
  /** Events that somebody had sent again by hand, past the order. */
  readonly byHand = new Set<string>();
  repeated = 0;
  /** Answers that nobody heard, although the event was taken. */
  unheard = 0;
  #tookAtMs = 0;
  #isOrdered = true;
  readonly #random: Random;
  readonly #nowMs: () => number;
  readonly #ids = new Set<string>();

  constructor(random: Random, nowMs: () => number) {
    this.#random = random;
    this.#nowMs = nowMs;
    this.mood = random.pick(["fine", "fine", "shaky", "shaky", "dead"] as const);
    this.poison = random.chance(0.2) ? "AbC" : "";
  }

  /** A call has arrived; `isOrdered` unless its endpoint has wanted its type only for some time. */
  hear(event: ShopEvent, isOrdered: boolean): Reply {
    const random = this.#random;
    this.#isOrdered = isOrdered;
    const isPoison = this.poison !== "" && this.poison.includes(event.id.at(-1)!);
    if (this.mood === "gone") return this.#refuse(event, 410);
    if (this.mood === "dead" || isPoison) return this.#refuse(event, random.pick([404, 500, 503]));
    if (this.mood === "fine") return this.#take(event, { answered: random.pick([200, 202, 204]) });
    const luck = random.weighted({ takes: 6, fails: 2, hangs: 1, loses: 1 });
    if (luck === "takes") return this.#take(event, { answered: 200 });
    if (luck === "fails") return this.#refuse(event, 500);
    // Whether it took the event, nobody is told.
    if (random.chance(0.5)) return this.#refuse(event);
    this.unheard += 1;
    return this.#take(event, luck === "hangs" ? { hangs: true } : {});
  }

  #refuse({ id }: ShopEvent, answered?: number): Reply {
    const isGone = answered === 410 || this.refusals.get(id)?.isGone === true;
    this.refusals.set(id, { tookAtMs: this.#tookAtMs, isGone });
    return answered === undefined ? { hangs: true } : { answered };
  }

  #take(event: ShopEvent, reply: Reply): Reply {
    const { id, resource, sequence } = event;
    this.#tookAtMs = this.#nowMs();
    if (this.#ids.has(id)) {
      if (!this.byHand.has(id)) this.repeated += 1;
      return reply;
    }
    this.#ids.add(id);
    const known = this.table.get(resource) ?? [];
    const last = known.at(-1)?.sequence ?? 0;
    if (sequence <= last && this.#isOrdered && !this.byHand.has(id)) {
      throw new InvariantBroken("W2", `${resource}: ${sequence} came behind ${last}`);
    }
    this.table.set(resource, [...known, event].toSorted(bySequence));
    return reply;
  }

  /** Whether it took an event. */
  has({ id }: Pick<ShopEvent, "id">): boolean {
    return this.#ids.has(id);
  }
}

const bySequence = (one: ShopEvent, other: ShopEvent): number => one.sequence - other.sequence;

/** W1 and S7 for items: units go to those in line in order of arrival, and nobody passes them while they are there. */
import { type Commit, InvariantBroken, type World } from "../scheduler/world.ts";
import { turnMs } from "../../../shared/inventory/line/item-line.ts";
import { bucketEndMs, bucketKey } from "../../../shared/inventory/deadline.ts";

interface Place {
  readonly userId: string;
  readonly untilMs: number;
}

type Image = Readonly<Record<string, unknown>> | undefined;

const prefix = "item:";

const ticketsIn = (row: Image): readonly string[] => (row?.["line"] as string[] | undefined) ?? [];
const placeIn = (row: Image, ticket: string) => row?.[`waiter_${ticket}`] as Place | undefined;

/** The turns of a row, by ticket, with the instants at which they end. */
function turnsIn(row: Image): Map<string, number> {
  const turns = Object.entries(row ?? {}).filter(([name]) => name.startsWith("turn_"));
  return new Map(
    turns.map(([name, turn]) => [name.slice(5), (turn as { endsAtMs: number }).endsAtMs]),
  );
}

/** Looks at lines of items as they change; reads the database, never the product. */
export class ItemLineBooks {
  readonly #world: World;
  readonly #skewMs: number;
  /** Units in turns that were not used, by item and ticket: counted until they are taken over. */
  readonly #held = new Map<string, number>();
  turns = 0;

  constructor(world: World) {
    this.#world = world;
    this.#skewMs = world.options.skewMs ?? 0;
    world.observers.push((commit) => this.#observe(commit));
  }

  /** The buckets of an item that count units of turns. */
  bucketsOf(itemId: string): string[] {
    const own = [...this.#held].filter(([name]) => name.startsWith(`${itemId} `));
    return own.map(([, endsAtMs]) => bucketKey(endsAtMs));
  }

  #observe({ table, key, oldImage, newImage, atMs }: Commit): void {
    const [old, next] = [oldImage, newImage] as unknown as Image[];
    const resource = String(key["resource"]);
    if (table === "Locks" && resource.startsWith(prefix)) {
      this.#lineChange(resource.slice(prefix.length), old, next, atMs);
    }
    const isItem = table === "Stock" && old !== undefined && old["due"] !== undefined;
    if (isItem && key["shard"] === 0) this.#itemChange(old, next);
  }

  /** Surely there: by no clock is the place over. */
  #living(row: Image, atMs: number): string[] {
    return ticketsIn(row).filter(
      (ticket) => (placeIn(row, ticket)?.untilMs ?? 0) > atMs + 2 * this.#skewMs,
    );
  }

  #lineChange(itemId: string, old: Image, next: Image, atMs: number): void {
    const [before, after] = [turnsIn(old), turnsIn(next)];
    for (const [ticket, endsAtMs] of after) {
      if (before.has(ticket)) continue;
      this.turns += 1;
      // The instant of whoever gave it, by the clock that gave it: at the most a second of the grid later.
      if ((placeIn(old, ticket)?.untilMs ?? 0) <= endsAtMs - turnMs - 1_000) {
        throw new InvariantBroken("W2", `${itemId}: ${ticket} is gone and was served`);
      }
      this.#held.set(`${itemId} ${ticket}`, endsAtMs);
      const place = ticketsIn(old).indexOf(ticket);
      const ahead = this.#living(old, atMs).filter((other) => {
        return ticketsIn(old).indexOf(other) < place && !after.has(other);
      });
      if (place < 0 || ahead.length > 0) {
        throw new InvariantBroken("W1", `${itemId}: ${ticket} is served before ${ahead.join()}`);
      }
    }
    // Used or given up, which is all that such a write does. What is over stays counted until it is taken over.
    const isUse =
      String(ticketsIn(old)) === String(ticketsIn(next)) && old?.["isOpen"] === next?.["isOpen"];
    for (const ticket of before.keys()) {
      if (isUse && !after.has(ticket)) this.#held.delete(`${itemId} ${ticket}`);
    }
    const users = ticketsIn(next).flatMap((ticket) => placeIn(next, ticket)?.userId ?? []);
    if (new Set(users).size < users.length) {
      throw new InvariantBroken("B2", `${itemId}: somebody has two places`);
    }
    for (const ticket of ticketsIn(next)) {
      const [was, is] = [placeIn(old, ticket), placeIn(next, ticket)];
      if (was && is && is.untilMs < was.untilMs) {
        throw new InvariantBroken("W1", `${itemId}: ${ticket} lost time by asking`);
      }
    }
    const gone = this.#living(old, atMs).filter(
      (ticket) => !ticketsIn(next).includes(ticket) && !after.has(ticket),
    );
    if (gone.length > 0) throw new InvariantBroken("W1", `${itemId}: ${gone.join()} was dropped`);
    if (
      old?.["isOpen"] === true &&
      next?.["isOpen"] !== true &&
      this.#living(next, atMs).length > 0
    ) {
      throw new InvariantBroken("W1", `${itemId}: its line ended with somebody in it`);
    }
  }

  #itemChange(old: Image, next: Image): void {
    const { action, actor } = (next?.["change"] ?? {}) as { action?: string; actor?: string };
    const taken = Number(old?.["available"]) - Number(next?.["available"]);
    const isOrder = action === "hold.placed" && actor !== "system:line";
    if (old?.["hasLine"] === true && isOrder && taken > 0) {
      throw new InvariantBroken("W1", `${String(next?.["itemId"])}: ${actor} passed the line`);
    }
    const throughMs = Number(next?.["reclaimedThroughMs"]);
    for (const [name, endsAtMs] of this.#held) {
      const isOwn = name.startsWith(`${String(next?.["itemId"])} `);
      if (isOwn && bucketEndMs(bucketKey(endsAtMs)) <= throughMs) this.#held.delete(name);
    }
  }

  /** Between any two requests both rows say the same of whether there is a line. */
  checkMirror(itemId: string): void {
    const line = this.#world.engine.table("Locks").get({ resource: `${prefix}${itemId}` }) as Image;
    const item = this.#world.engine.table("Stock").get({ itemId, shard: 0 }) as Image;
    if (line && (line["isOpen"] === true) !== (item?.["hasLine"] === true)) {
      throw new InvariantBroken("W1", `${itemId}: its rows differ in whether it has a line`);
    }
  }
}

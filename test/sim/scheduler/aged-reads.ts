/**
 * What reads really promise: a batch reads each of its items at an instant of its own, and an eventually
 * consistent read may show any item as it was a moment ago.
 */
import type { Command, Output } from "../engine/engine.ts";
import { type ChangeRecord, keyText, type TableDefinition } from "../engine/table.ts";
import { copyOfMap, type Item } from "../engine/values.ts";
import type { Random } from "../random.ts";

/** Further back than this no read goes: an eventually consistent one may lag by so much. */
const longestLagMs = 100;
/** So many changes of an item are remembered. */
const mostChanges = 20;

interface Change {
  readonly atMs: number;
  readonly oldImage: Item | undefined;
}

interface Asked {
  readonly Keys?: readonly object[];
  readonly ConsistentRead?: boolean;
}

/** Knows what items were like, and lets reads show it. */
export class AgedReads {
  readonly #changes = new Map<string, Change[]>();
  readonly #tables: ReadonlyMap<string, TableDefinition>;
  readonly #random: Random;

  constructor(tables: readonly TableDefinition[], random: Random) {
    this.#tables = new Map(tables.map((table) => [table.name, table]));
    this.#random = random;
  }

  note({ table, key, oldImage, atMs }: ChangeRecord): void {
    const name = this.#nameOf(table, key);
    const changes = this.#changes.get(name) ?? [];
    changes.push({ atMs, oldImage });
    if (changes.length > mostChanges) changes.shift();
    this.#changes.set(name, changes);
  }

  /** The answer to a request that was sent then, as the service might give it now. */
  age(command: Command, output: Output, sentAtMs: number, nowMs: number): Output {
    const { RequestItems } = command.input as { RequestItems?: Record<string, Asked> };
    if (!("Responses" in output) || !RequestItems) return output;
    const aged = Object.entries(output["Responses"] as Record<string, Item[]>).map(
      ([table, items]) => [
        table,
        this.#ageItems(table, items, RequestItems[table]!, sentAtMs, nowMs),
      ],
    );
    return { ...output, Responses: Object.fromEntries(aged) as object } as Output;
  }

  #ageItems(
    table: string,
    items: readonly Item[],
    { Keys = [], ConsistentRead = false }: Asked,
    sentAtMs: number,
    nowMs: number,
  ): Item[] {
    const fromMs = ConsistentRead ? sentAtMs : Math.min(sentAtMs, nowMs - longestLagMs);
    const byName = new Map(items.map((item) => [this.#nameOf(table, item), item]));
    return Keys.flatMap((key) => {
      const name = this.#nameOf(table, copyOfMap(key));
      const atMs = fromMs + this.#random.next() * (nowMs - fromMs);
      const image = this.#imageAt(name, byName.get(name), atMs);
      return image ? [copyOfMap(image) as Item] : [];
    });
  }

  #imageAt(name: string, current: Item | undefined, atMs: number): Item | undefined {
    let image = current;
    for (const change of (this.#changes.get(name) ?? []).toReversed()) {
      if (change.atMs <= atMs) break;
      image = change.oldImage;
    }
    return image;
  }

  #nameOf(table: string, key: Item): string {
    return `${table} ${keyText(this.#tables.get(table)!, key)}`;
  }
}

/** What a soak has seen, and what must not have happened. */
import type { Order } from "../../shared/orders/order.ts";

/** Counts by name, in the order in which they were first met. */
export class Tally {
  readonly #counts = new Map<string, number>();
  readonly broken: string[] = [];
  readonly #orderByKey = new Map<string, string>();
  readonly #savesByVersion = new Map<string, string>();

  count(name: string, by = 1): void {
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + by);
  }

  of(name: string): number {
    return this.#counts.get(name) ?? 0;
  }

  /** One key is one order, however often it was sent. */
  orderPlaced(key: string, { orderId }: Pick<Order, "orderId">): void {
    const known = this.#orderByKey.get(key);
    if (known !== undefined && known !== orderId) {
      this.broken.push(`the key ${key} placed ${known} and ${orderId}`);
    }
    if (known === undefined) this.count("orders");
    this.#orderByKey.set(key, orderId);
  }

  /** A version of a document is what one save has written: a second one would have overwritten it. */
  documentSaved(docId: string, version: number, save: string): void {
    const name = `${docId} version ${version}`;
    const known = this.#savesByVersion.get(name);
    if (known !== undefined && known !== save) this.broken.push(`${name}: ${known} and ${save}`);
    if (known === undefined) this.count("saves");
    this.#savesByVersion.set(name, save);
  }

  text(): string {
    return [...this.#counts].map(([name, count]) => `${count} ${name}`).join(", ");
  }
}

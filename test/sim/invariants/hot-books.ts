/**
 * The books of hot items: what must hold in each further row, in each settlement row, between the rows of an item,
 * and between them and the orders. They read the database, never the product.
 */
import { bucketEndMs, bucketKey } from "../../../shared/inventory/deadline.ts";
import type { Stock } from "../../../shared/inventory/stock.ts";
import type { Order } from "../../../shared/orders/order.ts";
import { areEqual, type Item } from "../engine/values.ts";
import { type Commit, InvariantBroken, type World } from "../scheduler/world.ts";

/** A further row of an item. */
export type FurtherRow = Stock & { readonly item: string; readonly row: number };

/** A settlement row: what became of a part of one bucket of one row. */
interface Settlement {
  readonly item: string;
  readonly row: number;
  readonly bucket: string;
  readonly sold: number;
  readonly moved: ReadonlyMap<string, number>;
  readonly isClosed: boolean;
}

function broken(invariant: string, detail: string): never {
  throw new InvariantBroken(invariant, detail);
}

const sum = (numbers: Iterable<number>): number => [...numbers].reduce((all, one) => all + one, 0);

/** Whether a row of the stock table is one besides the row that every item has. */
export function isFurther(image: Item | undefined): boolean {
  return image?.["item"] !== undefined;
}

/** What functions tell each other of an item that is sold out: a hint, which nobody's units depend on. */
export function isNotice(image: Item | undefined): boolean {
  return image?.["noticeOf"] !== undefined;
}

const isRow = (image: Item): boolean => isFurther(image) && image["due"] !== undefined;
const isSettlement = (image: Item): boolean => isFurther(image) && image["due"] === undefined;

/** A settlement row that ends by itself, or has ended. */
export function isEnding(image: Item | undefined): boolean {
  return image !== undefined && isSettlement(image) && image["ttlSeconds"] !== undefined;
}

function parseSettlement(image: Item): Settlement {
  const moved = Object.entries(image).flatMap(([name, quantity]) => {
    const [, bucket] = /^moved(\d+)$/.exec(name) ?? [];
    return bucket === undefined ? [] : [[bucket, Number(quantity)] as const];
  });
  return {
    item: String(image["item"]),
    row: Number(image["row"]),
    bucket: String(image["shard"]),
    sold: Number(image["sold"] ?? 0),
    moved: new Map(moved),
    isClosed: image["isClosed"] === true,
  };
}

/** S3: a settlement row is closed once, and says the same for ever after. */
function judgeSettlement({ oldImage, newImage }: Commit): void {
  const next = parseSettlement(newImage!);
  const name = `${next.item} row ${next.row} bucket ${next.bucket}`;
  if (next.sold < 0 || [...next.moved.values()].some((quantity) => quantity < 0)) {
    broken("S3", `${name}: fewer than no units were settled`);
  }
  if (!oldImage) return;
  const old = parseSettlement(oldImage);
  const isSame = old.sold === next.sold && areEqual([...old.moved], [...next.moved]);
  if (old.isClosed && (!next.isClosed || !isSame)) broken("S3", `${name} was settled once closed`);
}

/** S1, S2 and S6 inside one row, at every change. */
function judgeRow({ oldImage, newImage }: Commit): void {
  const [old, row] = [oldImage, newImage] as unknown as [FurtherRow | undefined, FurtherRow];
  const { item, available, held, sold, received, due, reclaimedThroughMs } = row;
  const name = `${item} row ${row.row}`;
  if (held !== sum(Object.values(due))) broken("S1", `${name}: ${held} held, due says else`);
  if (available + held + sold !== received) broken("S1", `${name}: not its ${received} units`);
  if ([available, sold, received, ...Object.values(due)].some((quantity) => quantity < 0)) {
    broken("S2", `${name}: available ${available}, sold ${sold}, ${JSON.stringify(due)}`);
  }
  if (!old) return;
  if (reclaimedThroughMs < old.reclaimedThroughMs) broken("S6", `${name}: the watermark went back`);
  for (const key of Object.keys(old.due)) {
    const isGone = !(key in due);
    if (isGone && bucketEndMs(key) > reclaimedThroughMs)
      broken("S6", `${name}: ${key} gone unseen`);
  }
}

export class HotBooks {
  readonly #world: World;

  constructor(world: World) {
    this.#world = world;
  }

  observe(commit: Commit): void {
    const { newImage, oldImage } = commit;
    if (!newImage) return this.#judgeEnd(oldImage!);
    if (isEnding(newImage) && !isEnding(oldImage)) this.#endSoon(commit);
    if (isSettlement(newImage)) judgeSettlement(commit);
    else judgeRow(commit);
  }

  /** It need not take TTL a day: here it takes as long as whoever stands still may come back, and no longer. */
  #endSoon({ key }: Commit): void {
    const { engine, random } = this.#world;
    const table = engine.table("Stock");
    this.#world.after(random.int(450_000, 600_000), () => {
      const image = table.get(key);
      if (isEnding(image)) engine.commit(table, key, image, undefined, true);
    });
  }

  /** S6: a settlement row ends when its row has what it said, and none but such rows ever ends. */
  #judgeEnd(image: Item): void {
    const name = `${String(image["item"])} row ${String(image["row"])}`;
    if (!isEnding(image)) broken("S6", `${name} is lost`);
    const { row, bucket, isClosed, item } = parseSettlement(image);
    const own = this.rows(item).find((each) => each.row === row);
    const isOver = own !== undefined && bucketEndMs(bucket) <= own.reclaimedThroughMs;
    if (!isClosed || !isOver || bucket in own.due)
      broken("S6", `${name} ${bucket} ended too early`);
  }

  #items(): Item[] {
    return this.#world.engine.table("Stock").items();
  }

  rows(itemId: string): FurtherRow[] {
    const rows = this.#items().filter((image) => isRow(image) && image["item"] === itemId);
    return rows as unknown as FurtherRow[];
  }

  #settlements(itemId: string, row?: number): Settlement[] {
    return this.#items()
      .filter((image) => isSettlement(image) && image["item"] === itemId)
      .map((image) => parseSettlement(image))
      .filter((each) => row === undefined || each.row === row);
  }

  /** Settlement rows whose bucket the row still counts: what they say is not in its levels yet. */
  #pending(row: FurtherRow): Settlement[] {
    return this.#settlements(row.item, row.row).filter(
      ({ bucket }) => bucketEndMs(bucket) > row.reclaimedThroughMs,
    );
  }

  /** What other rows than the first have sold. */
  soldElsewhere(itemId: string): number {
    return sum(
      this.rows(itemId).map((row) => row.sold + sum(this.#pending(row).map(({ sold }) => sold))),
    );
  }

  /** S1 between rows: units that left the first one are in the others. */
  checkBetween({ itemId, away = 0 }: Stock): void {
    const there = sum(this.rows(itemId).map(({ received }) => received));
    if (there !== away) broken("S1", `${itemId}: ${away} units went to other rows, ${there} came`);
  }

  /** S2: what a bucket of a row counts is enough for all that orders have in it, sold or not. */
  checkClaims(itemId: string, orders: readonly Order[]): void {
    for (const row of this.rows(itemId)) {
      const pending = this.#pending(row);
      const claims = new Map<string, number>();
      const claim = (bucket: string, quantity: number): void => {
        claims.set(bucket, (claims.get(bucket) ?? 0) + quantity);
      };
      for (const { bucket, sold, moved } of pending) {
        claim(bucket, sold);
        for (const [to, quantity] of moved) {
          claim(bucket, quantity);
          claim(to, -quantity);
        }
      }
      for (const order of orders) {
        if (order.status !== "pending") continue;
        const bucket = bucketKey(order.expiresAtMs);
        const own = order.pieces?.[itemId]?.find((piece) => piece.row === row.row);
        if (own && !this.#isSettledWith(order, row.row, bucket)) claim(bucket, own.quantity);
      }
      for (const [bucket, wanted] of claims) {
        if (bucketEndMs(bucket) <= row.reclaimedThroughMs) continue;
        const counted = row.due[bucket] ?? 0;
        if (wanted > counted) {
          broken("S2", `${itemId} row ${row.row} ${bucket}: ${wanted} claimed of ${counted}`);
        }
      }
    }
  }

  /** Whether the settlement row of an order is closed: then it cannot be sold its hold any more. */
  #isSettledWith({ orderId }: Order, row: number, bucket: string): boolean {
    const part = [...orderId].reduce((all, each) => all + each.codePointAt(0)!, 0) % 16;
    return this.#items().some(
      (image) =>
        isSettlement(image) &&
        image["isClosed"] === true &&
        image["row"] === row &&
        String(image["shard"]) === bucket &&
        String(image["itemId"]).endsWith(`#${row}#${part}`),
    );
  }

  /** S5: an order whose time runs can still be sold what it has in other rows. */
  checkHeld(order: Order, itemId: string): void {
    for (const { row } of order.pieces?.[itemId] ?? []) {
      if (row > 0 && this.#isSettledWith(order, row, bucketKey(order.expiresAtMs))) {
        broken("S5", `${order.orderId} does not hold ${itemId} in row ${row} any more`);
      }
    }
  }

  /** Nothing is held for ever in any row. */
  checkAtRest(itemId: string): void {
    for (const { row, held } of this.rows(itemId)) {
      if (held > 0) broken("S3", `${itemId} row ${row}: ${held} held for ever`);
    }
  }
}

/** The units that a buyer can have of one state of an item: all of its rows and settlement rows. */
export function unitsToBeHad(images: readonly Item[], clockMs: number): number {
  const settlements = images
    .filter((image) => isSettlement(image))
    .map((each) => parseSettlement(each));
  const isOver = (key: string): boolean => bucketEndMs(key) <= clockMs;
  return sum(
    images
      .filter((image) => !isSettlement(image))
      .map((image) => {
        const { available, due, row = 0, reclaimedThroughMs } = image as unknown as FurtherRow;
        const over = sum(Object.entries(due).map(([key, held]) => (isOver(key) ? held : 0)));
        const gone = settlements
          .filter((each) => row > 0 && each.row === row && isOver(each.bucket))
          .filter(({ bucket }) => bucketEndMs(bucket) > reclaimedThroughMs)
          .map(({ sold, moved }) => {
            const live = [...moved].map(([key, quantity]) => (isOver(key) ? 0 : quantity));
            return sold + sum(live);
          });
        return available + over - sum(gone);
      }),
  );
}

/** Hands out what there is of a person: orders, carts, locks, and what the audit trail has about and by them. */
import type { Clock } from "../base/time.ts";
import { makeCartId } from "../carts/model/cart.ts";
import { parseCart } from "../carts/storage/cart-row.ts";
import type { Cart } from "../carts/model/cart.ts";
import { type Lock, parseLiveLock } from "../locks/lock.ts";
import type { Order } from "../orders/order.ts";
import { listOrders } from "../orders/order-store.ts";
import type { Database } from "../table/database.ts";
import { notACursor, type Page } from "../table/paging.ts";
import { scanCarts } from "./cart-erasing.ts";
import { scanLocks } from "./lock-erasing.ts";

/** What the service is made of. */
export interface ExportOptions<Entry> {
  readonly database: Database;
  readonly clock: Clock;
  /** Reads the audit trail: of one thing, and by its actor. */
  readonly trail: {
    readonly about: (subject: string) => Promise<readonly Entry[]>;
    readonly by: (
      mentioned: { readonly userId: string; readonly cartPrefix: string },
      cursor: string | undefined,
    ) => Promise<Page<Entry>>;
  };
}

/** A page of what there is. */
export interface PersonPage<Entry> {
  readonly orders: readonly Order[];
  readonly carts: readonly Cart[];
  readonly locks: readonly Lock[];
  readonly entries: readonly Entry[];
  readonly cursor?: string;
}

/** What is told, one after the other. */
const parts = ["orders", "carts", "locks", "entries"] as const;
type Part = (typeof parts)[number];

const ordersAtOnce = 10;

/** A cursor says in which part it goes on, and where. */
function parsePlace(cursor: string | undefined): { part: Part; inner?: string } {
  if (cursor === undefined) return { part: "orders" };
  const [name = "", inner] = cursor.split(".");
  const part = parts.find((each) => each === name);
  if (!part) throw notACursor();
  return { part, ...(inner === undefined ? {} : { inner }) };
}

function makeCursor(part: Part, inner: string | undefined): { cursor?: string } {
  if (inner !== undefined) return { cursor: `${part}.${inner}` };
  const next = parts[parts.indexOf(part) + 1];
  return next === undefined ? {} : { cursor: next };
}

/** Makes the service. */
export function createExportService<Entry>({ database, clock, trail }: ExportOptions<Entry>) {
  type Told = Omit<Partial<PersonPage<Entry>>, "cursor"> & { readonly inner?: string | undefined };

  async function readOrders(userId: string, cursor: string | undefined): Promise<Told> {
    const page = await listOrders(database, { userId, limit: ordersAtOnce, cursor });
    const histories = page.rows.map(({ orderId }) => trail.about(`order/${orderId}`));
    const entries = (await Promise.all(histories)).flat();
    return { orders: page.rows, entries, inner: page.cursor };
  }

  async function readCarts(userId: string, cursor: string | undefined): Promise<Told> {
    const { rows, cursor: inner } = await scanCarts(database, userId, cursor);
    return { carts: rows.map((row) => parseCart(String(row["cartId"]), row)), inner };
  }

  async function readLocks(userId: string, cursor: string | undefined): Promise<Told> {
    const { rows, cursor: inner } = await scanLocks(database, cursor);
    const live = rows.flatMap((row) => parseLiveLock(row, clock()) ?? []);
    return { locks: live.filter(({ owner }) => owner.userId === userId), inner };
  }

  async function readEntries(userId: string, cursor: string | undefined): Promise<Told> {
    const mentioned = { userId, cartPrefix: makeCartId(userId, "") };
    const { rows, cursor: inner } = await trail.by(mentioned, cursor);
    return { entries: rows, inner };
  }

  return {
    /**
     * A page of what there is of a person, to be asked for until there is no cursor; a page can be empty and still have
     * one. First orders with their histories (2 requests, and one for each of ten orders), then carts, locks and
     * what else the audit trail has about and by them (one request a page of all that there are).
     *
     * @throws InvalidRequest when the cursor is none of this list
     * @example const { orders, cursor } = await exporting.read("ada", undefined);
     */
    async read(userId: string, cursor: string | undefined): Promise<PersonPage<Entry>> {
      const { part, inner: from } = parsePlace(cursor);
      const read = {
        orders: readOrders,
        carts: readCarts,
        locks: readLocks,
        entries: readEntries,
      }[part];
      const { inner, ...told } = await read(userId, from);
      const nothing = { orders: [], carts: [], locks: [], entries: [] };
      return { ...nothing, ...told, ...makeCursor(part, inner) };
    },
  };
}

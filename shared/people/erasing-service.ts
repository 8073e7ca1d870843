/**
 * Erases a person: what tells of them in orders, carts, locks and the audit trail. Amounts, ids, lines, ledger and
 * history stay.
 *
 * @see docs/decisions/0024-erasing-people.md
 */
import { type Actor, type ChangeNote, changeNote } from "../base/actor.ts";
import type { AuditAction } from "../base/audit-action.ts";
import { type Clock, later } from "../base/time.ts";
import { makeCartId } from "../carts/model/cart.ts";
import type { Database } from "../table/database.ts";
import { eraseCarts } from "./cart-erasing.ts";
import { ErasureRefused, erasureWrite, findErasure } from "./erasure-store.ts";
import { eraseLockNames } from "./lock-erasing.ts";
import { assertNothingOpen, eraseOrders } from "./order-erasing.ts";
import { type Erasure, phaseAfter } from "./person.ts";

/** What cleans the audit trail: the whole history of something, and everything that mentions somebody, page by page. */
export interface TrailCleaning {
  readonly history: (database: Database, subject: string) => Promise<number>;
  readonly mentions: (
    database: Database,
    mentioned: { readonly userId: string; readonly cartPrefix: string },
    cursor: string | undefined,
  ) => Promise<{ readonly count: number; readonly cursor?: string }>;
}

/** What the service is made of. */
export interface ErasingOptions {
  readonly database: Database;
  readonly clock: Clock;
  readonly trail: TrailCleaning;
}

/** Who is to be erased, and by whom. */
export interface EraseWish {
  readonly userId: string;
  readonly actor: Actor;
  /** Orders that are paid and not sent lose whom they go to as well. */
  readonly includeUnsent: boolean;
}

/** A call goes on for so long, and ends with the page that it is at. */
const callMs = 8_000;

type Counts = Partial<Pick<Erasure, "orders" | "carts" | "locks" | "auditEntries">>;

/** Makes what does one page of one phase. */
function createSteps({ database, clock, trail }: ErasingOptions) {
  async function erasePage(
    { phase, cursor }: Erasure,
    { userId, actor, includeUnsent }: EraseWish,
  ): Promise<{ readonly counts: Counts; readonly cursor?: string }> {
    const makeNote = (what: AuditAction) => (): ChangeNote => changeNote(what, actor, clock());
    if (phase === "orders") {
      let auditEntries = 0;
      const each = async (orderId: string): Promise<void> => {
        auditEntries += await trail.history(database, `order/${orderId}`);
      };
      const wish = { userId, includeUnsent, note: makeNote("order.erased")() };
      const { count: orders, ...more } = await eraseOrders(database, wish, { cursor, each });
      return { counts: { orders, auditEntries }, ...more };
    }
    if (phase === "carts") {
      const wish = { userId, makeNote: makeNote("cart.erased") };
      const { count: carts, ...more } = await eraseCarts(database, wish, cursor);
      return { counts: { carts }, ...more };
    }
    if (phase === "locks") {
      const { count: locks, ...more } = await eraseLockNames(database, userId, cursor);
      return { counts: { locks }, ...more };
    }
    const mentioned = { userId, cartPrefix: makeCartId(userId, "") };
    const { count, ...more } = await trail.mentions(database, mentioned, cursor);
    return { counts: { auditEntries: count }, ...more };
  }

  return erasePage;
}

/** Makes the service. */
export function createErasingService(options: ErasingOptions) {
  const { database, clock } = options;
  const erasePage = createSteps(options);

  /** The row moved on, or how far somebody else has moved it. */
  async function move(next: Erasure, seen: Erasure | undefined): Promise<Erasure> {
    try {
      return (await database.apply(erasureWrite(next, seen))) as unknown as Erasure;
    } catch (error) {
      if (error instanceof ErasureRefused && error.found) return error.found;
      throw error;
    }
  }

  /** Goes on with an erasure that has begun, or begins one where nothing is open. */
  async function begin(wish: EraseWish): Promise<Erasure> {
    const { userId: personId, actor } = wish;
    const known = await findErasure(database, personId);
    if (known && known.phase !== "done") return known;
    await assertNothingOpen(database, wish);
    const nowMs = clock();
    const counts = { orders: 0, carts: 0, locks: 0, auditEntries: 0 };
    const note = changeNote("person.erasing", actor, nowMs);
    const facts = { personId, phase: "orders", beganAtMs: nowMs, change: note } as const;
    const made: Erasure = { ...facts, ...counts, step: (known?.step ?? 0) + 1 };
    return move(made, known);
  }

  function advance(
    seen: Erasure,
    actor: Actor,
    { counts, cursor }: { readonly counts: Counts; readonly cursor?: string },
  ): Promise<Erasure> {
    const { cursor: _behind, ...known } = seen;
    const nowMs = clock();
    const phase = cursor === undefined ? phaseAfter(seen.phase) : seen.phase;
    const isDone = phase === "done";
    const sum = (name: keyof Counts): number => seen[name] + (counts[name] ?? 0);
    const next: Erasure = {
      ...known,
      phase,
      ...(cursor === undefined ? {} : { cursor }),
      orders: sum("orders"),
      carts: sum("carts"),
      locks: sum("locks"),
      auditEntries: sum("auditEntries"),
      ...(isDone ? { endedAtMs: nowMs } : {}),
      step: seen.step + 1,
      change: changeNote(isDone ? "person.erased" : "person.erasing", actor, nowMs),
    };
    return move(next, seen);
  }

  return {
    /**
     * Erases what tells of a person, page by page, for some seconds: to be repeated until its phase is `done`. Then
     * nothing is left that was written before it began. Each page is done again by whoever goes on where somebody died,
     * and changes nothing then. Two at once do the same; a call behind the end begins anew.
     *
     * @throws PersonBusy when orders are open: nothing was changed where it had not begun, else it stands where it was
     * @example const { phase } = await erasing.erase({ userId: "ada", actor, includeUnsent: false });
     */
    async erase(wish: EraseWish): Promise<Erasure> {
      const untilMs = later(clock(), callMs);
      let erasure = await begin(wish);
      while (erasure.phase !== "done") {
        erasure = await advance(erasure, wish.actor, await erasePage(erasure, wish));
        if (clock() >= untilMs) break;
      }
      return erasure;
    },
  };
}

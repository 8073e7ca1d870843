/**
 * Moves stock outside of orders: each movement happens once, whoever repeats it and however often.
 *
 * @see docs/decisions/0013-levels-in-one-request.md
 */
import { type Actor, type ChangeNote, changeNote } from "../base/actor.ts";
import { again, OnceMore } from "../base/again.ts";
import { fingerprint } from "../base/derived-ids.ts";
import type { Clock } from "../base/time.ts";
import type { Database } from "../table/database.ts";
import { TransactionRefused } from "../table/transaction.ts";
import { expiredUnits } from "./buckets.ts";
import { createCrowd } from "./crowd.ts";
import type { LevelMemory } from "./level-memory.ts";
import {
  InsufficientStock,
  isCovered,
  type Levels,
  levelsAfter,
  pickLevels,
  type Movement,
  makeMovementId,
  ReferenceReused,
} from "./movement.ts";
import {
  movementWrite,
  type StockMove,
  moveStockWrite,
  parseMovement,
  settleLevels,
} from "./movement-store.ts";
import { reclaimExpired } from "./room.ts";
import { isSpread, ItemNotFound, type Stock } from "./stock.ts";
import { findWhole } from "./hot/rows-store.ts";
import { countSoldElsewhere } from "./hot/closing.ts";
import { gather } from "./hot/turning.ts";
import { parseStock } from "./stock-store.ts";

/** What moving stock needs. */
export interface LedgerServiceOptions {
  readonly database: Database;
  readonly clock: Clock;
  /** Shared with whatever else in this process sees levels. */
  readonly lastSeen: LevelMemory;
}

/** Somebody wants stock to move; `reference` makes it happen once. */
export interface MoveRequest {
  readonly itemId: string;
  readonly kind: "adjusted" | "sold" | "returned";
  readonly quantity: number;
  readonly reference: string;
  readonly reason?: string | undefined;
  readonly actor: Actor;
}

/** A movement that took effect, and the levels right after it. */
export interface Moved {
  readonly itemId: string;
  readonly levels: Levels;
  readonly movement: Movement;
  /** An earlier call with this reference had done it already. */
  readonly replayed: boolean;
}

/** Levels that no item has: the first attempt then asks what they are, in the words of its refusal. */
const unknown: Levels = { available: -1, held: 0, sold: -1, received: -1, adjusted: 0 };

/** Two with exact levels, the others without; more only while expired holds are being freed. */
const mostRounds = 20;

/** What the next attempt starts from. */
interface From extends Pick<StockMove, "soldHere"> {
  readonly from: Levels | undefined;
}

type Outcome = { readonly replay: Movement } | From | { readonly done: true };

function movementFor(request: MoveRequest, atMs: Movement["atMs"]): Movement {
  const { itemId, kind, quantity, reference, reason, actor } = request;
  return {
    itemId,
    movementId: makeMovementId(reference),
    kind,
    quantity,
    reference,
    fingerprint: fingerprint({ kind, quantity, reason }),
    atMs,
    actor: actor.id,
    ...(reason === undefined ? {} : { reason }),
    ...(actor.requestId === undefined ? {} : { requestId: actor.requestId }),
  };
}

function makeNote({ kind, actor, requestId, atMs, reason }: Movement): ChangeNote {
  const by = { id: actor, ...(requestId === undefined ? {} : { requestId }) };
  return changeNote(`stock.${kind}`, by, atMs, reason);
}

function sameOrRefuse(wanted: Movement, found: Movement): Movement {
  if (found.fingerprint === wanted.fingerprint) return found;
  throw new ReferenceReused(wanted.reference);
}

/**
 * Units, and what is told of sales, come together in the first row: that is the one that movements change. Sales whose
 * holds have not ended are still counted beside further rows: for a return it is enough to know of them.
 */
async function gatherFor(
  options: LedgerServiceOptions,
  { kind, quantity }: Movement,
  stock: Stock,
): Promise<Pick<StockMove, "soldHere">> {
  if (isCovered(pickLevels(stock), kind, quantity)) return {};
  const gathered = await gather(options, await reclaimExpired(options, stock));
  if (isCovered(pickLevels(gathered), kind, quantity)) return {};
  const soldElsewhere = kind === "returned" ? await countSoldElsewhere(options, gathered) : 0;
  const all = { ...pickLevels(gathered), sold: gathered.sold + soldElsewhere };
  if (kind === "returned" && isCovered(all, kind, quantity)) return { soldHere: gathered.sold };
  const whole = (await findWhole(options.database, stock.itemId)) ?? stock;
  throw new InsufficientStock(whole, kind, quantity);
}

/** Levels that cover the movement: the present ones, or those after freeing expired holds. */
async function roomFor(
  options: LedgerServiceOptions,
  { kind, quantity }: Movement,
  stock: Stock,
): Promise<Levels> {
  if (isCovered(pickLevels(stock), kind, quantity)) return pickLevels(stock);
  const freed = expiredUnits(stock, options.clock());
  const freeable = { ...pickLevels(stock), available: stock.available + freed };
  if (freed === 0 || !isCovered(freeable, kind, quantity)) {
    throw new InsufficientStock(stock, kind, quantity);
  }
  return pickLevels(await reclaimExpired(options, stock));
}

/**
 * Makes the service.
 *
 * A transaction hands back no new values, yet the caller is to be told the levels. So the first
 * attempt demands exactly the levels last seen here: when it succeeds, the new ones are known without
 * a read, and stand on the movement for every repetition. A refusal hands back the item, and the
 * second attempt starts from it. On an item that many move at once that would go on for long, so the
 * third demands only that the stock covers the movement, and reads the levels afterwards. So does the second
 * for a hot item, whose units are in many rows: they come together in the first one as far as it needs them.
 */
export function createLedgerService(options: LedgerServiceOptions) {
  const { database, clock, lastSeen } = options;
  const crowd = createCrowd();

  /** One transaction; a refusal says what to start from next, unless nothing can help. */
  async function attempt(movement: Movement, { from, soldHere }: From): Promise<Outcome> {
    const { itemId, kind, quantity } = movement;
    const levels = from && { levels: levelsAfter(from, kind, quantity) };
    const put = movementWrite({ ...movement, ...levels });
    const change = moveStockWrite({
      itemId,
      kind,
      quantity,
      note: makeNote(movement),
      soldHere,
      ...(from && { seen: from }),
    });
    try {
      await database.transact([put, change]);
      return { done: true };
    } catch (error) {
      if (!(error instanceof TransactionRefused)) throw error;
      const known = error.of(put)?.found;
      if (known) return { replay: sameOrRefuse(movement, parseMovement(known)) };
      const found = error.of(change)?.found;
      if (!found) throw new ItemNotFound(itemId);
      const stock = parseStock(found);
      if (isSpread(stock)) {
        return { from: undefined, ...(await gatherFor(options, movement, stock)) };
      }
      lastSeen.set(itemId, pickLevels(stock));
      return { from: await roomFor(options, movement, stock) };
    }
  }

  /** The levels that every caller with this reference is told. */
  async function told(movement: Movement): Promise<Levels> {
    if (movement.levels) return movement.levels;
    const stock = await findWhole(database, movement.itemId);
    if (!stock) throw new ItemNotFound(movement.itemId);
    if (!isSpread(stock)) lastSeen.set(stock.itemId, pickLevels(stock));
    return settleLevels(database, movement, pickLevels(stock));
  }

  async function answer(movement: Movement, replayed: boolean): Promise<Moved> {
    return { itemId: movement.itemId, levels: await told(movement), movement, replayed };
  }

  /** Attempt by attempt; in a crowd, exact levels would be out of date before they arrived. */
  async function run(request: MoveRequest, isCrowded: boolean): Promise<Moved> {
    const { itemId, kind, quantity } = request;
    const movement = movementFor(request, clock());
    let next: From = { from: isCrowded ? undefined : (lastSeen.get(itemId) ?? unknown) };
    return again(mostRounds, async (round) => {
      const { from } = next;
      const outcome = await attempt(movement, next);
      if ("replay" in outcome) return answer(outcome.replay, true);
      if ("done" in outcome) {
        if (!from) return answer(movement, false);
        const levels = levelsAfter(from, kind, quantity);
        lastSeen.set(itemId, levels);
        return { itemId, levels, movement, replayed: false };
      }
      next = round === 0 && !isCrowded ? outcome : { ...outcome, from: undefined };
      return new OnceMore();
    });
  }

  return {
    /**
     * Moves stock once per reference, in one transaction with its entry in the ledger. One request
     * when nobody else moved the item since this process last saw it, two otherwise, up to five under
     * contention. Safe to repeat: a repetition gets the first answer, in one request.
     *
     * @throws InsufficientStock, ItemNotFound, ReferenceReused; nothing was changed
     * @example
     * await ledger.move({ itemId: "mug", kind: "sold", quantity: 1, reference: "till-42", actor });
     */
    move: (request: MoveRequest): Promise<Moved> =>
      crowd.join(request.itemId, (isCrowded) => run(request, isCrowded)),
  };
}

/** See `createLedgerService`. */
export type LedgerService = ReturnType<typeof createLedgerService>;

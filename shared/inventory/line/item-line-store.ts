/**
 * How the line for an item is written. Places stand in a row of their own, so that orders stay as cheap as they
 * are; the item's row only says that there is a line (`hasLine`), and no order without a turn passes that:
 *
 *     sold out ──join──▶ has a line ──a unit is free──▶ held for the first in it (a turn)
 *        ▲                   │ nobody left in it          │ order with the ticket: the order's hold
 *        └───────────────────┘                            └ turn over: free again, for the next one
 *
 * Both rows change in one transaction wherever `hasLine` does, so `isOpen` of the line always says the same.
 */
import { type Actor, type ChangeNote, changeNote } from "../../base/actor.ts";
import { lineResource } from "../../base/line-id.ts";
import { dayMs, type EpochMs, later, ttlSecondsAt } from "../../base/time.ts";
import { parseTickets, placeMs, waiterAttribute } from "../../locks/line.ts";
import { lineIs, lookAgain, tidied } from "../../locks/line-parts.ts";
import { lockRow } from "../../locks/lock-conditions.ts";
import {
  action,
  allOf,
  anyOf,
  condition,
  exists,
  type Fragment,
  isMissing,
  pathsOf,
} from "../../table/expression.ts";
import { type Row, update, type Write } from "../../table/write.ts";
import { at as stockAt, isNotTurning, itemIsForSale } from "../hold-conditions.ts";
import { releaseHoldWrite } from "../hold-store.ts";
import type { Stock } from "../stock.ts";
import { rowIsReadable, stockRow } from "../stock-store.ts";
import { type ItemTurn, parseTurns, turnAttribute } from "./item-line.ts";

/** The row of an item's line, as it is stored. */
export interface ItemLineRow {
  readonly resource: string;
  readonly line?: readonly string[];
  readonly [place: `waiter_${string}`]: { readonly userId: string; readonly untilMs: EpochMs };
  readonly [turn: `turn_${string}`]: { readonly userId: string; readonly endsAtMs: EpochMs };
  /** The item's own row says that it has a line. */
  readonly isOpen?: true;
  /** Since the last unit that came free, or since the line began. */
  readonly sinceMs?: EpochMs;
  readonly typicalGapMs?: number;
  readonly ttlSeconds?: number;
}

/** Its attributes. */
export const at = pathsOf<ItemLineRow>();

/** A line and its item, as both were read at one time. */
export interface LineAndItem {
  readonly row: Row | undefined;
  readonly stock: Stock;
}

/** Where it is. */
export const lineRow = (itemId: string) => lockRow(lineResource(itemId));

/** Nobody asks for it for a day: then it may go. */
export const mayGoAfter = (nowMs: EpochMs): Fragment =>
  action`${at("ttlSeconds")} = ${ttlSecondsAt(later(nowMs, dayMs))}`;

/** The places and turns that are over, which every write of the list leaves out. */
export function tidiedTurns({ row }: LineAndItem, nowMs: EpochMs) {
  const tidy = tidied(row, nowMs);
  const lapsed = parseTurns(row).filter(({ endsAtMs }) => endsAtMs <= nowMs);
  const turns = lapsed.map(({ ticket }) => at(turnAttribute(ticket)));
  return { ...tidy, remove: [...tidy.remove, ...turns] };
}

/** The item is sold from one row, in which its line is told of. */
const isInOneRow: Fragment = allOf(
  isMissing(stockAt("shards")),
  anyOf(isMissing(stockAt("away")), condition`${stockAt("away")} = ${0}`),
);

/** The item has a line from now on. What units it has meanwhile does not matter: the first in line gets them. */
function openWrite(itemId: string, nowMs: EpochMs, actor: Actor): Write {
  const note = changeNote("item.line_opened", actor, nowMs);
  return update({
    ...stockRow(itemId),
    change: {
      set: [action`${stockAt("hasLine")} = ${true}`, action`${stockAt("change")} = ${note}`],
    },
    condition: allOf(rowIsReadable, isInOneRow, isNotTurning(nowMs), ...itemIsForSale(nowMs)),
    refused: lookAgain,
  });
}

/** A place that is about to be taken: what is written, and the line as it is with it. */
interface Joining {
  readonly writes: readonly Write[];
  readonly after: Row;
}

/** Appends a place; the first one opens the line, which takes the item's row as well. */
export function joinItem(
  seen: LineAndItem,
  { ticket, userId, actor }: { ticket: string; userId: string; actor: Actor },
  nowMs: EpochMs,
): Joining {
  const { row, stock } = seen;
  const untilMs = later(nowMs, placeMs);
  const isOpen = row?.["isOpen"] === true;
  const { living, remove, guards } = tidiedTurns(seen, nowMs);
  const tickets = [...living.map((each) => each.ticket), ticket];
  const joining = update({
    ...lineRow(stock.itemId),
    change: {
      set: [
        action`${at("line")} = ${tickets}`,
        action`${at(waiterAttribute(ticket))} = ${{ userId, untilMs }}`,
        action`${at("isOpen")} = ${true}`,
        ...(isOpen ? [] : [action`${at("sinceMs")} = ${nowMs}`]),
        mayGoAfter(nowMs),
      ],
      remove,
    },
    condition: allOf(
      lineIs(row),
      ...guards,
      isOpen ? exists(at("isOpen")) : isMissing(at("isOpen")),
    ),
    refused: lookAgain,
    applied: (found) => parseTickets(found).includes(ticket),
  });
  return {
    writes: isOpen ? [joining] : [joining, openWrite(stock.itemId, nowMs, actor)],
    after: { ...row, line: tickets, [waiterAttribute(ticket)]: { userId, untilMs } },
  };
}

/** Whose place or turn it is. */
export interface ItemClaim {
  readonly itemId: string;
  readonly ticket: string;
  readonly userId: string;
  readonly nowMs: EpochMs;
}

/**
 * Keeps a place. Repeating it sets the same instant, and one that comes late, or by a clock that is behind, takes no
 * time away.
 */
export function keepItemPlaceWrite({ itemId, ticket, userId, nowMs }: ItemClaim): Write {
  const place = waiterAttribute(ticket);
  const untilMs = later(nowMs, placeMs);
  return update({
    ...lineRow(itemId),
    change: { set: [action`${at(place, "untilMs")} = ${untilMs}`, mayGoAfter(nowMs)] },
    condition: allOf(
      condition`${at(place, "userId")} = ${userId}`,
      condition`${at(place, "untilMs")} > ${nowMs}`,
      condition`${at(place, "untilMs")} <= ${untilMs}`,
    ),
    refused: lookAgain,
  });
}

/** The ticket's turn is used or given up, once. */
export function endTurnWrite(itemId: string, { ticket, userId, endsAtMs }: ItemTurn): Write {
  const turn = turnAttribute(ticket);
  return update({
    ...lineRow(itemId),
    change: { remove: [at(turn)] },
    condition: allOf(
      condition`${at(turn, "userId")} = ${userId}`,
      condition`${at(turn, "endsAtMs")} = ${endsAtMs}`,
    ),
    refused: lookAgain,
  });
}

/** Gives a turn up: its unit is free again. */
export function giveUpTurnWrites(itemId: string, turn: ItemTurn, note: ChangeNote): Write[] {
  const { ticket: orderId, endsAtMs: expiresAtMs } = turn;
  const holding = { itemId, orderId, quantity: 1, expiresAtMs, note };
  return [endTurnWrite(itemId, turn), releaseHoldWrite(holding)];
}

/** Replacing a whole cart: one guarded put, because an update of 200 lines would not fit DynamoDB. */
import { allOf } from "../../table/expression.ts";
import { versionIs } from "../../table/versions.ts";
import { put, type Row, type Write } from "../../table/write.ts";
import { later, ttlSecondsAt } from "../../base/time.ts";
import { type Cart, makeCartId, type CartInstance, cartLifeMs } from "../model/cart.ts";
import {
  type Edit,
  refusalOfEdit,
  cartIsUnlocked,
  checkoutsAre,
  editIsRecalled,
  editTookEffect,
  newEditId,
} from "../storage/cart-edits.ts";
import {
  checkAttributes,
  checkConditionCount,
  checkLineCount,
  checkMetadata,
  countLines,
  listLines,
} from "../model/cart-limits.ts";
import { cartPlace, contentsRow, type ReadCart, rememberedEdits } from "../storage/cart-row.ts";

/** The cart's instances with this one in place of the one of its name; empty ones go. */
export function withInstance(cart: Cart, replaced: CartInstance): CartInstance[] {
  const others = [...cart.instances.values()].filter(
    ({ instance }) => instance !== replaced.instance,
  );
  return [...others, replaced];
}

function rememberedIn(row: Row | undefined, editId: string): Row {
  const entries = rememberedEdits.map((attribute, index) => [
    attribute,
    index === 0 ? editId : (row?.[rememberedEdits[index - 1]!] ?? ""),
  ]);
  return Object.fromEntries(entries);
}

/**
 * Puts a cart with these contents in place of the one that was read, under the condition that nobody
 * edited, ordered or pays meanwhile. So nothing that the writer has not seen can get lost.
 *
 * @throws TooLarge when it would have more lines, attributes, conditions or metadata than a cart may
 */
export function replaceWrite(
  edit: Omit<Edit, "address"> & { readonly address: Omit<Edit["address"], "instance"> },
  cart: ReadCart,
  instances: readonly CartInstance[],
): Write {
  checkLineCount(countLines(instances));
  checkConditionCount(instances);
  checkMetadata(instances, cart.instances.values());
  checkAttributes(listLines(instances), listLines(cart.instances.values()));
  const { nowMs, note, address } = edit;
  const { userId, sessionId } = address;
  const cartId = makeCartId(userId, sessionId);
  const editId = newEditId();
  return put({
    ...cartPlace(cartId),
    item: {
      cartId,
      userId,
      sessionId,
      version: (cart.version || nowMs) + 1,
      ...(cart.checkouts > 0 ? { checkouts: cart.checkouts } : {}),
      ttlSeconds: ttlSecondsAt(later(nowMs, cartLifeMs)),
      change: note,
      ...rememberedIn(cart.row, editId),
      ...contentsRow(instances),
    },
    condition: allOf(cartIsUnlocked(nowMs), versionIs(cart.version), checkoutsAre(cart.checkouts)),
    refused: refusalOfEdit(edit),
    applied: (found) => editTookEffect(editId, found),
    recall: editIsRecalled(cart.version),
  });
}

/** The edits of a single key: a line, a condition, a metadata value; each is one update. */
import { isDeepStrictEqual } from "node:util";
import { TooLarge } from "../../base/errors.ts";
import {
  action,
  anyOf,
  condition,
  exists,
  type Fragment,
  isMissing,
} from "../../table/expression.ts";
import { versionIs } from "../../table/versions.ts";
import type { Write } from "../../table/write.ts";
import {
  type Cart,
  type CartCondition,
  type CartLine,
  CartLineNotFound,
  CurrencyMismatch,
  selectInstance,
} from "../model/cart.ts";
import { type Addition, keepingPlace, freeLineId, identify } from "../model/cart-lines.ts";
import { type Edit, editWrite, hasRoomFor, hasRoomForKb } from "../storage/cart-edits.ts";
import {
  checkAttributes,
  checkLineCount,
  checkLineQuantity,
  countKb,
  listLines,
  maxConditions,
  maxJsonBytes,
  maxMetadataKeys,
  tooMuchMetadata,
  maxLineQuantity,
  maxLines,
} from "../model/cart-limits.ts";
import {
  at,
  conditionAttribute,
  currencyAttribute,
  keyIn,
  lineAttribute,
  listKb,
  metadataAttribute,
  quantityAttribute,
  storedCondition,
  storedLine,
} from "../storage/cart-row.ts";

/** The line's snapshot is the one that was read: whoever changed it meanwhile is not overwritten. */
function lineIsAsRead(attribute: `line:${string}`, known: CartLine | undefined): Fragment {
  return known ? condition`${at(attribute)} = ${storedLine(known)}` : isMissing(at(attribute));
}

function fitsWith(attribute: `quantity:${string}`, quantity: number): Fragment {
  return anyOf(
    isMissing(at(attribute)),
    condition`${at(attribute)} <= ${maxLineQuantity - quantity}`,
  );
}

/**
 * A currency is bound by lines only. One that is left of lines removed one by one may be replaced, as
 * long as the cart stays as it was read.
 */
function currencyFits(cart: Cart, instance: string, currency: string): Fragment {
  const path = at(currencyAttribute(instance));
  const isFree = anyOf(isMissing(path), condition`${path} = ${currency}`);
  const isEmpty = selectInstance(cart, instance).lines.length === 0;
  return isEmpty && cart.version > 0 ? anyOf(isFree, versionIs(cart.version)) : isFree;
}

/**
 * How many bytes all lines' attributes take is told by the whole cart only: a line that brings some is added to the cart
 * that was read, or planned again.
 */
function attributesFit(cart: Cart, known: CartLine | undefined, line: CartLine): Fragment[] {
  return known || line.attributes === undefined ? [] : [versionIs(cart.version)];
}

/** What can be told from the cart that was read; the guards of the write say the same again. */
function checkAddition(
  cart: Cart,
  instance: string,
  { line, currency }: Addition,
): { readonly known: CartLine | undefined; readonly added: CartLine } {
  const { lines, currency: bound } = selectInstance(cart, instance);
  if (bound !== undefined && bound !== currency) throw new CurrencyMismatch(bound, currency);
  const known = lines.find((present) => identify(present) === line.lineId);
  if (!known) {
    const all = listLines(cart.instances.values());
    checkLineCount(all.length + 1);
    if (line.attributes !== undefined) checkAttributes([...all, line], all);
  }
  checkLineQuantity((known?.quantity ?? 0) + line.quantity);
  if (known) return { known, added: keepingPlace(line, known) };
  return { known, added: { ...line, lineId: freeLineId(line, lines) } };
}

/**
 * Adds a line or raises its quantity, at the price of now. A line that stays the same but for its
 * quantity is not written again, so that many can add the same item at once.
 *
 * @throws CurrencyMismatch or TooLarge when the cart that was read has no room for it; the write is
 * refused with `CartMoved` when the cart is another by now in a way that matters
 */
export function addLineWrite(edit: Edit, cart: Cart, addition: Addition): Write {
  const { currency } = addition;
  const { instance } = edit.address;
  const { known, added: line } = checkAddition(cart, instance, addition);
  const attribute = lineAttribute(instance, line.lineId);
  const quantity = quantityAttribute(instance, line.lineId);
  const key = keyIn(instance, line.lineId);
  const stored = storedLine(line);
  const isUnchanged = known !== undefined && isDeepStrictEqual(storedLine(known), stored);
  return editWrite(edit, {
    change: {
      set: [
        ...(isUnchanged ? [] : [action`${at(attribute)} = ${stored}`]),
        action`${at(currencyAttribute(instance))} = ${currency}`,
      ],
      add: [action`${at(quantity)} ${line.quantity}`, action`${at("lineKeys")} ${new Set([key])}`],
    },
    plannedOn: cart.version,
    guards: [
      lineIsAsRead(attribute, known),
      fitsWith(quantity, line.quantity),
      hasRoomFor("lineKeys", key, maxLines),
      currencyFits(cart, instance, currency),
      ...attributesFit(cart, known, line),
    ],
  });
}

/** A line of a cart. */
export interface LineEdit extends Edit {
  readonly lineId: string;
}

/** Sets the quantity of a line that is there; its price stays. */
export function changeQuantityWrite(edit: LineEdit, quantity: number): Write {
  const { address, lineId } = edit;
  const path = at(quantityAttribute(address.instance, lineId));
  return editWrite(edit, {
    change: { set: [action`${path} = ${quantity}`] },
    guards: [exists(path)],
    refused: () => new CartLineNotFound(address.instance, lineId),
  });
}

/** Removes a line that is there. */
export function removeLineWrite(edit: LineEdit): Write {
  const { instance } = edit.address;
  const { lineId } = edit;
  const attribute = lineAttribute(instance, lineId);
  const key = keyIn(instance, lineId);
  return editWrite(edit, {
    change: {
      remove: [at(attribute), at(quantityAttribute(instance, lineId))],
      delete: [action`${at("lineKeys")} ${new Set([key])}`],
    },
    guards: [exists(at(attribute))],
    refused: () => new CartLineNotFound(instance, lineId),
  });
}

/** Puts a condition, or another one in place of one of the same name. */
export function setConditionWrite(edit: Edit, given: CartCondition): Write {
  const { instance } = edit.address;
  const key = keyIn(instance, given.name);
  const path = at(conditionAttribute(instance, given.name));
  return editWrite(edit, {
    change: {
      set: [action`${path} = ${storedCondition(given)}`],
      add: [action`${at("conditionKeys")} ${new Set([key])}`],
    },
    guards: [hasRoomFor("conditionKeys", key, maxConditions)],
    refused: () => new TooLarge(`A cart has at most ${maxConditions} conditions`, maxConditions),
  });
}

/** Removes a condition; refused with `CartMoved` where there is none. */
export function removeConditionWrite(edit: Edit, name: string): Write {
  const { instance } = edit.address;
  const attribute = conditionAttribute(instance, name);
  return editWrite(edit, {
    change: {
      remove: [at(attribute)],
      delete: [action`${at("conditionKeys")} ${new Set([keyIn(instance, name)])}`],
    },
    guards: [exists(at(attribute))],
  });
}

/**
 * Sets a metadata value, given as JSON text. A value that gets smaller keeps its room until it is removed: then
 * no look at the old one is needed.
 */
export function setMetadataWrite(edit: Edit, key: string, json: string): Write {
  const { instance } = edit.address;
  const path = at(metadataAttribute(instance, key));
  const [name, kb] = [keyIn(instance, key), countKb(json)];
  return editWrite(edit, {
    change: {
      set: [action`${path} = ${json}`],
      add: [
        action`${at("metadataKeys")} ${new Set([name])}`,
        action`${at("metadataKb")} ${new Set(listKb(name, kb))}`,
      ],
    },
    guards: [hasRoomFor("metadataKeys", name, maxMetadataKeys), hasRoomForKb(name, kb)],
    refused: (found) => {
      const keys = new Set((found?.["metadataKeys"] as ReadonlySet<string> | undefined) ?? []);
      return tooMuchMetadata(keys.add(name).size);
    },
  });
}

/** Removes a metadata value; refused with `CartMoved` where there is none. */
export function removeMetadataWrite(edit: Edit, key: string): Write {
  const { instance } = edit.address;
  const attribute = metadataAttribute(instance, key);
  const name = keyIn(instance, key);
  // However large it was.
  const all = listKb(name, Math.ceil(maxJsonBytes / 1_024));
  return editWrite(edit, {
    change: {
      remove: [at(attribute)],
      delete: [
        action`${at("metadataKeys")} ${new Set([name])}`,
        action`${at("metadataKb")} ${new Set(all)}`,
      ],
    },
    guards: [exists(at(attribute))],
  });
}

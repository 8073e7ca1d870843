/** The edits of a cart's promotion codes; each is one update. */
import { TooLarge } from "../../base/errors.ts";
import { CodeNotAccepted, maxCodes, type Promotion } from "../../promotions/promotion.ts";
import { action, exists } from "../../table/expression.ts";
import { versionIs } from "../../table/versions.ts";
import type { Write } from "../../table/write.ts";
import type { Cart } from "../model/cart.ts";
import { judgeEntry } from "../model/price-rules.ts";
import { at, codeAttribute, storedCode } from "../storage/cart-row.ts";
import { type Edit, editWrite } from "../storage/cart-edits.ts";

/** @throws TooLarge when the cart has as many codes as it may */
function checkRoom(cart: Cart, edit: Edit, { code }: Promotion): void {
  const others = [...cart.instances.values()].flatMap(({ instance, codes = [] }) =>
    codes.filter((each) => each.code !== code || instance !== edit.address.instance),
  );
  if (others.length < maxCodes) return;
  throw new TooLarge(`A cart has at most ${maxCodes} promotion codes`, maxCodes);
}

/**
 * Enters a code, or the promotion as it is now for one that was entered before, into the cart as it was read.
 *
 * @throws CodeNotAccepted or TooLarge when that cart cannot have it; the write is refused with `CartMoved` when it
 * is another cart by now
 */
export function enterCodeWrite(edit: Edit, cart: Cart, promotion: Promotion): Write {
  const { instance } = edit.address;
  const { code } = promotion;
  const reason = judgeEntry(promotion, cart, { instance, nowMs: edit.nowMs });
  if (reason) throw new CodeNotAccepted(code, reason);
  checkRoom(cart, edit, promotion);
  return editWrite(edit, {
    change: {
      set: [action`${at(codeAttribute(instance, code))} = ${storedCode(promotion)}`],
    },
    plannedOn: cart.version,
    // Minimum, number and company of codes were judged by this very cart.
    guards: [versionIs(cart.version)],
  });
}

/** Takes a code back; refused with `CartMoved` where there is none. */
export function removeCodeWrite(edit: Edit, code: string): Write {
  const attribute = codeAttribute(edit.address.instance, code);
  return editWrite(edit, {
    change: { remove: [at(attribute)] },
    guards: [exists(at(attribute))],
  });
}

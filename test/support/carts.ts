/** Puts things into carts of a test's world, the way a shopper does. */
import type { InstanceAddress } from "../../shared/carts/model/cart.ts";
import type { World } from "./world.ts";

/** One of an item into a cart. */
export async function fillCart(
  { carts }: World,
  { itemId, ...address }: InstanceAddress & { itemId: string },
): Promise<void> {
  const actor = { id: address.userId };
  await carts.addLine({ ...address, actor }, { itemId, quantity: 1 });
}

/** Puts things into carts of a test's world, the way a shopper does. */
import type { InstanceAddress } from "../../shared/carts/cart.ts";
import { createCartContentsStore } from "../../shared/carts/cart-contents-store.ts";
import { createCartService } from "../../shared/carts/cart-service.ts";
import type { World } from "./world.ts";

/** One of an item into a cart. */
export async function fillCart(
  { database, carts, tables, clock }: World,
  { itemId, ...address }: InstanceAddress & { itemId: string },
): Promise<void> {
  const names = { tableName: tables.Carts, stockTable: tables.Stock };
  const contents = createCartContentsStore({ database, ...names });
  const service = createCartService({ database, store: carts, contents, clock });
  const actor = { id: address.userId };
  await service.addLine({ ...address, actor }, { itemId, quantity: 1 });
}

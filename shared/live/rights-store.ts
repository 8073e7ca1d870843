/** Whether somebody may listen to a topic: the same that lets him ask for what it tells. */
import { Forbidden } from "../base/errors.ts";
import { isUsesId } from "../base/uses-id.ts";
import { accessIn, mayRead } from "../documents/document-access.ts";
import { DocumentNotFound, documentLockName } from "../documents/document.ts";
import { findStock } from "../inventory/stock-store.ts";
import { ItemNotFound } from "../inventory/stock.ts";
import { findLockRow } from "../locks/lock-store.ts";
import { getOwnOrder } from "../orders/order-store.ts";
import type { Database } from "../table/database.ts";
import type { Listener, Topic } from "./live.ts";

/**
 * Lets a listener through, or throws. One request for a document, an order or an item, none for others.
 *
 * @throws Forbidden when it is somebody else's cart, or only for administrators
 * @throws DocumentNotFound, OrderNotFound, ItemNotFound when there is none that the listener may know of
 */
export async function assertMayListen(
  database: Database,
  topic: Topic,
  listener: Listener,
): Promise<void> {
  switch (topic.kind) {
    case "document": {
      const row = await findLockRow(database, documentLockName(topic.documentId));
      if (!mayRead(accessIn(row), listener)) throw new DocumentNotFound(topic.documentId);
      return;
    }
    case "order":
      await getOwnOrder(database, topic.orderId, listener);
      return;
    case "item":
      // Uses of promotions are counted like units; they are no items.
      if (isUsesId(topic.itemId) || !(await findStock(database, topic.itemId))) {
        throw new ItemNotFound(topic.itemId);
      }
      return;
    case "cart": {
      const isOwn = listener.isAdmin || listener.userId === topic.userId;
      if (!isOwn) throw new Forbidden("You may listen to your own carts only");
      return;
    }
    case "contention":
    case "activity":
      if (!listener.isAdmin) throw new Forbidden("This is for administrators");
      return;
    case "name":
  }
}

/** A copy of what is available, which stays equal to `GET /items` whatever is told twice, late or again. */
import type { AnyEvent, Client } from "../client/index.ts";
import type { Take } from "./receiver.ts";

/** The items whose units an event may have moved. */
function itemsOf(event: AnyEvent): readonly string[] {
  if ("lines" in event.data) return event.data.lines.map(({ itemId }) => itemId);
  return "itemId" in event.data ? [event.data.itemId] : [];
}

/**
 * An event says that something moved, not what is there now: that is asked for. So an old event, or one that comes
 * twice, costs a question and does no harm. Its endpoint asks for the types of orders and items.
 */
export function createStockMirror(
  client: Pick<Client, "getItem">,
  available: Map<string, number>,
): Take {
  /** One after the other: of two answers on their way the older one must not come last. */
  let queue = Promise.resolve();
  const look = async (event: AnyEvent): Promise<void> => {
    for (const itemId of itemsOf(event)) {
      const item = await client.getItem({ params: { itemId } });
      available.set(itemId, item.available);
    }
  };
  return (event) => {
    const looked = queue.then(() => look(event));
    queue = looked.catch(() => {});
    return looked;
  };
}

/** An item that was opened: its levels, who holds it until when, its ledger, and what can be done with it. */
import { formatLeft } from "../parts/clock.ts";
import { formatMoney } from "../parts/money.ts";
import { openQuestion } from "./confirm-form.tsx";
import type { Desk, Item } from "./desk.ts";
import { openItem } from "./item-form.tsx";
import { openStock } from "./stock-form.tsx";
import { SubjectButton } from "./subject-button.tsx";
import { useAsked } from "./use-asked.ts";

function withdraw({ client, items, notices }: Desk, { itemId }: Item): void {
  openQuestion({
    notices,
    title: `Withdraw ${itemId}`,
    warning: "It is neither listed nor sold any more. Its orders, holds and returns go on.",
    action: "Withdraw it",
    save: async () => {
      await client.archiveItem({ params: { itemId } });
      await items.ask();
      return `${itemId} is withdrawn.`;
    },
  });
}

const bringBack = ({ client, items, notices }: Desk, { itemId }: Item) =>
  notices.attempt(async () => {
    await client.changeItem({ params: { itemId }, body: { archived: false } });
    await items.ask();
    return `${itemId} is in the shop again.`;
  });

function Actions({ desk, item }: { readonly desk: Desk; readonly item: Item }) {
  return (
    <div class="actions">
      <button type="button" onClick={() => openItem(desk, item)}>
        Change…
      </button>
      <button type="button" onClick={() => openStock(desk, item)}>
        Stock…
      </button>
      {item.archived ? (
        <button type="button" onClick={() => bringBack(desk, item)}>
          Bring it back
        </button>
      ) : (
        <button type="button" onClick={() => withdraw(desk, item)}>
          Withdraw…
        </button>
      )}
    </div>
  );
}

/** Everything about an item in three requests. */
async function readItem({ client }: Desk, itemId: string) {
  const params = { itemId };
  const [item, { holds }, { movements }] = await Promise.all([
    client.getItem({ params }),
    client.itemLocks({ params }),
    client.listMovements({ params, query: { limit: 10 } }),
  ]);
  return {
    item,
    holds: holds.toSorted((one, other) => one.expiresAtMs - other.expiresAtMs),
    movements,
  };
}

/** The item, looked at again every few seconds. */
export function ItemCard({ desk, itemId }: { readonly desk: Desk; readonly itemId: string }) {
  const { value, problem } = useAsked(itemId, 3_000, () => readItem(desk, itemId));
  if (!value.value) return <p class="problem">{problem.value}</p>;
  const { item, holds, movements } = value.value;
  const { price, available, held, sold } = item;
  return (
    <article aria-label={`Item ${itemId}`}>
      <p>
        <strong>{item.name}</strong>, {formatMoney(price.amountMinor, price.currency)}, {available}{" "}
        free, {held} held, {sold} sold{item.archived ? ", withdrawn" : ""}
      </p>
      <Actions desk={desk} item={item} />
      <h3>Held</h3>
      {holds.length === 0 ? <p>By nobody.</p> : null}
      <ul>
        {holds.slice(0, 20).map(({ orderId, userId, quantity, expiresAtMs }) => (
          <li key={orderId}>
            {quantity} by {userId}, {formatLeft(expiresAtMs)} left:{" "}
            <SubjectButton desk={desk} subject={`order/${orderId}`} name={orderId} />
          </li>
        ))}
      </ul>
      <h3>Ledger</h3>
      <ul>
        {movements.map(({ movementId, kind, quantity, reference, reason, actor }) => (
          <li key={movementId}>
            {kind} {quantity} as {reference} by {actor}
            {reason ? `: ${reason}` : ""}
          </li>
        ))}
      </ul>
    </article>
  );
}

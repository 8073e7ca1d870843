/** What is for sale, and what can be done with each of it. */
import { formatMoney } from "../parts/money.ts";
import { LineButton } from "./line-button.tsx";
import { cartOf, type Item, type Visit } from "./visit.ts";

function put({ client, cart, notices }: Visit, { itemId, name }: Item): Promise<boolean> {
  return notices.attempt(async () => {
    await client.addCartItem({ params: cartOf, body: { itemId, quantity: 1 } });
    await cart.ask();
    return `${name} is in the cart. It is held only once you order.`;
  });
}

function Card({ visit, item }: { readonly visit: Visit; readonly item: Item }) {
  const { itemId, name, price, available } = item;
  // A unit that came free is for whoever waits, so who waits keeps seeing the line.
  const isLine = available === 0 || itemId in visit.lines.value;
  return (
    <li class="card">
      <h2>{name}</h2>
      <p>{formatMoney(price.amountMinor, price.currency)}</p>
      <p class={available === 0 ? "out" : "free"}>
        {available === 0 ? "Sold out for now" : `${available} free`}
      </p>
      {isLine ? (
        <LineButton visit={visit} item={item} />
      ) : (
        <button type="button" onClick={() => put(visit, item)}>
          Add to cart
        </button>
      )}
    </li>
  );
}

/** All items of the shop, with how many are free at this moment. */
export function Catalogue({ visit }: { readonly visit: Visit }) {
  const { value, problem } = visit.items;
  const items = value.value;
  if (items === undefined) return <p>{problem.value ?? "Asking what there is…"}</p>;
  if (items.length === 0) {
    return (
      <p>
        Nothing is for sale yet: <a href="/">add sample items</a>.
      </p>
    );
  }
  return (
    <ul class="cards" aria-label="For sale">
      {items.map((item) => (
        <Card key={item.itemId} visit={visit} item={item} />
      ))}
    </ul>
  );
}

/** The cart, and the order that is made of it. */
import { Emptiness } from "../parts/emptiness.tsx";
import { formatMoney } from "../parts/money.ts";
import { CodeEntry } from "./code-entry.tsx";
import { cartOf, type Visit } from "./visit.ts";

function remove({ client, cart, notices }: Visit, lineId: string): Promise<boolean> {
  return notices.attempt(async () => {
    await client.removeCartItem({ params: { ...cartOf, lineId } });
    await cart.ask();
  });
}

/** Orders what is in the cart, at the total that is in sight. */
export function orderCart(visit: Visit, totalMinor: number): Promise<boolean> {
  const { client, cart, items, notices } = visit;
  return notices.attempt(async () => {
    const { userId, sessionId } = cartOf;
    const body = { sessionId, paymentMethod: "sandbox" as const, expectedTotalMinor: totalMinor };
    visit.follow(await client.placeOrder({ params: { userId }, body }));
    await Promise.all([cart.ask(), items.ask()]);
    return "Ordered: everything is held for you until the clock runs out.";
  });
}

/** What is in the cart, at the prices of now. */
export function CartPanel({ visit }: { readonly visit: Visit }) {
  const { value, problem } = visit.cart;
  const cart = value.value;
  const main = cart?.instances.find(({ instance }) => instance === cartOf.instance);
  const currency = main?.currency;
  const isLocked = cart?.lock != null;
  if (!main || !currency || main.items.length === 0) {
    return (
      <section aria-label="Cart">
        <h2>Cart</h2>
        <Emptiness list={cart && []} problem={problem.value} says="Nothing in it." />
      </section>
    );
  }
  return (
    <section aria-label="Cart">
      <h2>Cart</h2>
      <ul class="lines">
        {main.items.map(({ lineId, name, quantity, lineTotalMinor }) => (
          <li key={lineId}>
            <span>
              {quantity} × {name}
            </span>
            <span>{formatMoney(lineTotalMinor, currency)}</span>
            <button
              type="button"
              aria-label={`Remove ${name}`}
              disabled={isLocked}
              onClick={() => remove(visit, lineId)}
            >
              ×
            </button>
          </li>
        ))}
      </ul>
      <CodeEntry visit={visit} conditions={main.conditions} isLocked={isLocked} />
      <p class="total">{formatMoney(main.totalMinor, currency)}</p>
      <button
        type="button"
        class="main"
        disabled={isLocked}
        onClick={() => orderCart(visit, main.totalMinor)}
      >
        Order
      </button>
      {isLocked ? <p>It is frozen while its order is paid.</p> : null}
    </section>
  );
}

/** The order that is being paid: how long it is held, and all that can happen to it. */
import { formatLeft, nowMs } from "../parts/clock.ts";
import { formatMoney } from "../parts/money.ts";
import { orderCart } from "./cart-panel.tsx";
import { cartOf, type Order, type Visit } from "./visit.ts";

const endings: Readonly<Partial<Record<Order["status"], string>>> = {
  paid: "Paid. It is yours.",
  failed: "The payment failed; everything was let go.",
  cancelled: "Cancelled; everything was let go.",
  expired: "The time is over; everything was let go.",
  refund_due: "Paid too late, and somebody else has it: the money goes back.",
  refunded: "The money went back.",
};

async function refresh({ client, order, cart, items }: Visit, orderId: string): Promise<void> {
  order.value = await client.getOrder({ params: { orderId } });
  await Promise.all([cart.ask(), items.ask()]);
}

/** Starts the payment where none is, and has the sandbox say how it went. */
function pay(visit: Visit, { orderId, payment }: Order, outcome: "success" | "failure") {
  return visit.notices.attempt(async () => {
    const { client } = visit;
    const transactionId =
      payment?.transactionId ?? (await client.initiatePayment({ body: { orderId } })).transactionId;
    await client.paySandbox({ body: { transactionId, outcome } });
    await refresh(visit, orderId);
  });
}

function open(visit: Visit, { orderId }: Order) {
  return visit.notices.attempt(async () => {
    await visit.client.initiatePayment({ body: { orderId } });
    await refresh(visit, orderId);
    return "The payment has begun. Let the time run out, and pay then.";
  });
}

function cancel(visit: Visit, { orderId }: Order) {
  return visit.notices.attempt(async () => {
    await visit.client.cancelOrder({ params: { orderId } });
    await refresh(visit, orderId);
  });
}

/** Orders the same once more: the cart, which is open again, or what was ordered without one. */
function orderAgain(visit: Visit, { lines }: Order): Promise<boolean> {
  const { client, notices } = visit;
  const cart = visit.cart.value.value?.instances.find(
    ({ instance }) => instance === cartOf.instance,
  );
  if (cart && cart.items.length > 0) return orderCart(visit, cart.totalMinor);
  return notices.attempt(async () => {
    const items = lines.map(({ itemId, quantity }) => ({ itemId, quantity }));
    const body = { items, paymentMethod: "sandbox" as const };
    visit.follow(await client.placeOrder({ params: { userId: "me" }, body }));
    await visit.items.ask();
  });
}

function SecondTry({ visit, order }: { readonly visit: Visit; readonly order: Order }) {
  return (
    <div class="actions">
      <button type="button" class="main" onClick={() => orderAgain(visit, order)}>
        Try another card
      </button>
    </div>
  );
}

function Actions({ visit, order }: { readonly visit: Visit; readonly order: Order }) {
  const isPending = order.status === "pending";
  const isLate = order.status === "expired" || nowMs.value >= order.expiresAtMs;
  const hasBegun = order.payment != null;
  if (order.status === "failed") return <SecondTry visit={visit} order={order} />;
  if (!isPending && !(isLate && hasBegun)) return null;
  return (
    <div class="actions">
      <button type="button" class="main" onClick={() => pay(visit, order, "success")}>
        {isLate ? "Pay all the same" : "Pay"}
      </button>
      {isPending && !isLate ? (
        <>
          <button type="button" onClick={() => pay(visit, order, "failure")}>
            Card fails
          </button>
          {hasBegun ? null : (
            <button type="button" onClick={() => open(visit, order)}>
              Begin, and pay late
            </button>
          )}
          <button type="button" onClick={() => cancel(visit, order)}>
            Cancel
          </button>
        </>
      ) : null}
    </div>
  );
}

/** The order of this visit, if there is one. */
export function OrderPanel({ visit }: { readonly visit: Visit }) {
  const order = visit.order.value;
  if (!order) return null;
  const { status, totalMinor, currency, expiresAtMs, lines } = order;
  const isHeld = status === "pending" && nowMs.value < expiresAtMs;
  return (
    <section aria-label="Order">
      <h2>Order</h2>
      <p>
        {lines.map(({ quantity, name }) => `${quantity} × ${name}`).join(", ")},{" "}
        {formatMoney(totalMinor, currency)}
      </p>
      <p class={isHeld ? "held" : status} data-status={status}>
        {isHeld
          ? `Held for you for ${formatLeft(expiresAtMs)}`
          : (endings[status] ?? endings.expired)}
      </p>
      <Actions visit={visit} order={order} />
    </section>
  );
}

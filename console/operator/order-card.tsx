/** An order that was opened: its lines, its money, what was sent and what came back, and what can be done with it. */
import { formatMoney } from "../parts/money.ts";
import type { Desk, Order } from "./desk.ts";
import { countLine, openEnding, openFulfilment, openRefund } from "./order-forms.tsx";
import { OwedRefund } from "./owed-refund.tsx";
import { SubjectButton } from "./subject-button.tsx";
import { useAsked } from "./use-asked.ts";

function Lines({ desk, order }: { readonly desk: Desk; readonly order: Order }) {
  const { lines, currency } = order;
  return (
    <table>
      <caption>Lines</caption>
      <thead>
        <tr>
          <th scope="col">Item</th>
          <th scope="col">Ordered</th>
          <th scope="col">Sent</th>
          <th scope="col">Came back</th>
          <th scope="col">Price</th>
        </tr>
      </thead>
      <tbody>
        {lines.map(({ lineId, itemId, name, lineTotalMinor, adjustmentMinor }) => {
          const { ordered, sent, back } = countLine(order, lineId);
          return (
            <tr key={lineId}>
              <td>
                <SubjectButton desk={desk} subject={`item/${itemId}`} name={name} />
              </td>
              <td class="number">{ordered} ordered</td>
              <td class="number">{sent} sent</td>
              <td class="number">{back} back</td>
              <td class="number">{formatMoney(lineTotalMinor + adjustmentMinor, currency)}</td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}

function Money({ desk, order }: { readonly desk: Desk; readonly order: Order }) {
  const { payment, currency, paymentMethod } = order;
  if (!payment) return <p>Nothing was paid yet; it is to be paid by {paymentMethod}.</p>;
  const { provider, state, transactionId, capturedMinor, refunds, disputes } = payment;
  const captured = capturedMinor === undefined ? "" : `, ${formatMoney(capturedMinor, currency)}`;
  return (
    <>
      <p>
        {provider}: {state}
        {captured} <span class="small">{payment.paymentId ?? transactionId}</span>
      </p>
      <ul>
        {refunds.map((refund) => (
          <li key={refund.refundId}>
            {refund.status === "done" ? (
              `${formatMoney(refund.amountMinor, currency)} went back: ${refund.reason}`
            ) : (
              <OwedRefund desk={desk} order={order} refund={refund} />
            )}
          </li>
        ))}
        {disputes.map(({ disputeId, status, amountMinor }) => (
          <li key={disputeId} class="problem">
            Disputed: {formatMoney(amountMinor, currency)}, {status}
          </li>
        ))}
      </ul>
    </>
  );
}

function Sent({ fulfilments }: Order) {
  return (
    <ul>
      {fulfilments.map(({ fulfilmentId, reference, lines, tracking }) => (
        <li key={fulfilmentId}>
          Sent as {reference}: {lines.map((line) => `${line.quantity} × ${line.lineId}`).join(", ")}
          {tracking === undefined ? "" : `, ${JSON.stringify(tracking)}`}
        </li>
      ))}
    </ul>
  );
}

/** To whom and where it goes, as the shopper said. */
function describeShopper({ userId, customer = {}, note, shipTo }: Order): string {
  const where = shipTo === undefined ? [] : Object.values(shipTo).map(String);
  return [userId, ...Object.values(customer), ...where, note].filter(Boolean).join(", ");
}

function Actions({ desk, order }: { readonly desk: Desk; readonly order: Order }) {
  const isPaid = order.status === "paid";
  return (
    <div class="actions">
      {isPaid && order.fulfilmentStatus !== "fulfilled" ? (
        <button type="button" onClick={() => openFulfilment(desk, order)}>
          Send…
        </button>
      ) : null}
      {isPaid ? (
        <button type="button" onClick={() => openRefund(desk, order)}>
          Pay back or take back…
        </button>
      ) : null}
      {order.status === "pending" ? (
        <button type="button" onClick={() => openEnding(desk, order)}>
          End…
        </button>
      ) : null}
    </div>
  );
}

/** The order, looked at again every two seconds. */
export function OrderCard({ desk, orderId }: { readonly desk: Desk; readonly orderId: string }) {
  const { value, problem } = useAsked(orderId, 2_000, () =>
    desk.client.getOrder({ params: { orderId } }),
  );
  const order = value.value;
  const decided = order?.holdDecision;
  if (!order) return <p class="problem">{problem.value}</p>;
  return (
    <article aria-label={`Order ${orderId}`}>
      <p>
        <strong>{order.status}</strong>, {order.fulfilmentStatus},{" "}
        {formatMoney(order.totalMinor, order.currency)} by {describeShopper(order)}
      </p>
      {decided ? (
        <p>
          Units held for {decided.seconds} s, and again once a payment starts. {decided.reason}
        </p>
      ) : null}
      <Lines desk={desk} order={order} />
      <Money desk={desk} order={order} />
      <Sent {...order} />
      <Actions desk={desk} order={order} />
    </article>
  );
}

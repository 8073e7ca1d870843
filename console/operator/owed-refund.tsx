/** One refund that is owed, and what can be done about it: ask its provider once more, or say that it went back otherwise. */
import { useSignal } from "@preact/signals";
import { formatMoney } from "../parts/money.ts";
import type { Desk, Order } from "./desk.ts";

type Refund = NonNullable<Order["payment"]>["refunds"][number];

/** The sum, how it stands, and both ways on. */
export function OwedRefund(props: {
  readonly desk: Desk;
  readonly order: Order;
  readonly refund: Refund;
}) {
  const { desk, order, refund } = props;
  const { refundId, status, lastError } = refund;
  const reason = useSignal("");
  const isAsking = useSignal(false);
  const amount = formatMoney(refund.amountMinor, order.currency);
  const ask = (body: { reason: string; outside?: true }) =>
    desk.notices.attempt(async () => {
      const { orderId } = order;
      await desk.client.refundPayment({ params: { orderId }, body: { ...body, refundId } });
      await desk.owed.ask();
      return `The refund of ${amount} was asked for, or noted: its order shows what came of it.`;
    });
  const note = async (event: Event): Promise<void> => {
    event.preventDefault();
    if (await ask({ reason: reason.value, outside: true })) isAsking.value = false;
  };
  if (!isAsking.value) {
    return (
      <p>
        {[amount, status, lastError].filter(Boolean).join(", ")}{" "}
        <button type="button" onClick={() => ask({ reason: "Asked for once more" })}>
          Ask again
        </button>{" "}
        <button type="button" onClick={() => (isAsking.value = true)}>
          Paid otherwise…
        </button>
      </p>
    );
  }
  return (
    <form onSubmit={note} aria-label={`${amount} went back by other means`}>
      <label>
        How did {amount} go back?{" "}
        <input
          required
          maxLength={500}
          value={reason.value}
          onInput={({ currentTarget }) => (reason.value = currentTarget.value)}
        />
      </label>{" "}
      <button type="submit" class="main">
        Note it
      </button>{" "}
      <button type="button" onClick={() => (isAsking.value = false)}>
        It is still owed
      </button>
    </form>
  );
}

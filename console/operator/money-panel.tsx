/** Money at risk: refunds that are due, and the providers' books held against ours. */
import { useSignal } from "@preact/signals";
import type { AnswerOf } from "../../client/index.ts";
import { Emptiness } from "../parts/emptiness.tsx";
import { formatMoney } from "../parts/money.ts";
import type { Desk, Order } from "./desk.ts";
import { Elsewhere } from "./elsewhere.tsx";
import { OwedRefund } from "./owed-refund.tsx";
import { SubjectButton } from "./subject-button.tsx";

type Difference = AnswerOf<"reconcilePayments">["differences"][number];

/** Goes on until the books are through. */
async function reconcile({ client }: Desk): Promise<{ checked: number; found: Difference[] }> {
  const found: Difference[] = [];
  let checked = 0;
  let cursor: string | undefined;
  do {
    const body = cursor === undefined ? {} : { cursor };
    const page = await client.reconcilePayments({ body });
    checked += page.checked;
    found.push(...page.differences);
    cursor = page.cursor ?? undefined;
  } while (cursor !== undefined);
  return { checked, found };
}

function Due({ desk, order }: { readonly desk: Desk; readonly order: Order }) {
  const open = (order.payment?.refunds ?? []).filter(({ status }) => status !== "done");
  return (
    <li>
      <SubjectButton desk={desk} subject={`order/${order.orderId}`} name={order.orderId} />
      {open.map((refund) => (
        <OwedRefund key={refund.refundId} desk={desk} order={order} refund={refund} />
      ))}
    </li>
  );
}

/** The fourth panel. */
export function MoneyPanel({ desk }: { readonly desk: Desk }) {
  const differences = useSignal<readonly Difference[]>([]);
  const owed = desk.owed.value.value ?? [];
  const sweep = () =>
    desk.notices.attempt(async () => {
      const { expiredOrders, releasedLocks } = await desk.client.cleanupLocks({ body: {} });
      await desk.owed.ask();
      return `The sweep ended ${expiredOrders} orders and ${releasedLocks} locks.`;
    });
  const compare = () =>
    desk.notices.attempt(async () => {
      const { checked, found } = await reconcile(desk);
      differences.value = found;
      return `${checked} payments compared, ${found.length} differ.`;
    });
  return (
    <section aria-label="Money">
      <h2>Money at risk</h2>
      <Emptiness
        list={desk.owed.value.value}
        problem={desk.owed.problem.value}
        says="No refund is due."
      />
      <ul>
        {owed.map((order) => (
          <Due key={order.orderId} desk={desk} order={order} />
        ))}
      </ul>
      <ul>
        {differences.value.map(({ paymentId, provider, kind, orderId, amountMinor, currency }) => (
          <li key={paymentId}>
            {provider}: {kind}, {formatMoney(amountMinor, currency)},{" "}
            <SubjectButton desk={desk} subject={`order/${orderId}`} name={orderId} />
          </li>
        ))}
      </ul>
      <div class="actions">
        <button type="button" onClick={sweep}>
          Sweep now
        </button>
        <button type="button" onClick={compare}>
          Compare the providers' books
        </button>
      </div>
      <Elsewhere />
    </section>
  );
}

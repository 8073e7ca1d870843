/** What an endpoint was told lately and what it answered, each to try once more. */
import type { Desk, Webhook } from "./desk.ts";
import { closeDialog, openDialog } from "./dialog.tsx";
import { SubjectButton } from "./subject-button.tsx";
import { useAsked } from "./use-asked.ts";
import { type Delivery, webhookCalls } from "./webhook-calls.ts";

/** How a delivery stands, in a few words. */
export function describeDelivery({ status, attempts, answered, problem }: Delivery): string {
  const why = problem ?? (answered === null ? "no answer" : `answered ${answered}`);
  return `${status} after ${attempts} ${attempts === 1 ? "try" : "tries"}: ${why}`;
}

function Deliveries({ desk, webhook }: { readonly desk: Desk; readonly webhook: Webhook }) {
  const { endpointId } = webhook;
  const { value, problem } = useAsked(endpointId, 3_000, () =>
    webhookCalls.listDeliveries(desk, endpointId),
  );
  const deliveries = value.value?.deliveries ?? [];
  const retry = ({ deliveryId, type }: Delivery) =>
    desk.notices.attempt(async () => {
      const tried = await webhookCalls.retryDelivery(desk, endpointId, deliveryId);
      return `${type} to ${endpointId}: ${describeDelivery(tried)}.`;
    });
  return (
    <div class="record">
      <h2 id="dialog-title">Deliveries to {endpointId}</h2>
      <button type="button" onClick={() => closeDialog()}>
        Close
      </button>
      {problem.value ? <p class="problem">{problem.value}</p> : null}
      {value.value && deliveries.length === 0 ? <p>Nothing in the last 14 days.</p> : null}
      <p role="status">{desk.notices.said.value?.text}</p>
      <ul>
        {deliveries.map((delivery) => (
          <li key={delivery.deliveryId}>
            {new Date(delivery.triedAtMs).toLocaleString(undefined, { hour12: false })}{" "}
            {delivery.type}, {describeDelivery(delivery)}{" "}
            <SubjectButton desk={desk} subject={delivery.resource} name={delivery.resource} />{" "}
            <button
              type="button"
              onClick={() => retry(delivery)}
              aria-label={`Try now ${delivery.type} of ${delivery.resource}`}
            >
              Try now
            </button>
          </li>
        ))}
      </ul>
    </div>
  );
}

/** Opens the list. */
export function openDeliveries(desk: Desk, webhook: Webhook): void {
  openDialog(<Deliveries key="deliveries" desk={desk} webhook={webhook} />);
}

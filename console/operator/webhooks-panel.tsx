/** Who is told what happens, and who is not any more because nothing got through. */
import { Emptiness } from "../parts/emptiness.tsx";
import { openDeliveries } from "./deliveries.tsx";
import type { Desk, Webhook } from "./desk.ts";
import { webhookCalls } from "./webhook-calls.ts";
import {
  changeWebhook,
  openDeletion,
  openReplay,
  openRotation,
  openWebhook,
} from "./webhook-form.tsx";

function describe({ active, pausedAtMs, pausedBecause }: Webhook): string {
  if (pausedAtMs !== null) {
    const since = new Date(pausedAtMs).toLocaleString(undefined, { hour12: false });
    return `paused since ${since}: ${pausedBecause ?? "nothing got through"}`;
  }
  return active ? "told" : "off, what happens waits";
}

async function tryOut(desk: Desk, endpointId: string): Promise<string> {
  const { taken, answered, problem } = await webhookCalls.testWebhook(desk, endpointId);
  const why = problem ?? `it answered ${answered}`;
  return taken ? `${endpointId} took a test event.` : `${endpointId} took nothing: ${why}.`;
}

type Action = readonly [text: string, label: string, act: () => unknown];

function Actions({ desk, webhook }: { readonly desk: Desk; readonly webhook: Webhook }) {
  const { endpointId, active, pausedAtMs } = webhook;
  const isTold = active && pausedAtMs === null;
  // To set it as it is ends a pause; it goes on where it was.
  const turn = () =>
    desk.notices.attempt(async () => {
      await changeWebhook(desk, webhook, { active: !isTold });
      return isTold
        ? `${endpointId} is told nothing now; what happens waits for it.`
        : `${endpointId} is told again what it missed.`;
    });
  const actions: readonly Action[] = [
    [
      "Test",
      `Send ${endpointId} a test event`,
      () => desk.notices.attempt(() => tryOut(desk, endpointId)),
    ],
    isTold
      ? ["Pause", `Pause ${endpointId}`, turn]
      : ["Resume", `Tell ${endpointId} again: resume`, turn],
    ["Change…", `Change ${endpointId}`, () => openWebhook(desk, webhook)],
    ["Deliveries…", `Deliveries to ${endpointId}`, () => openDeliveries(desk, webhook)],
    ["Replay…", `Replay to ${endpointId}`, () => openReplay(desk, webhook)],
    ["Secret…", `A new secret for ${endpointId}`, () => openRotation(desk, webhook)],
    ["Delete…", `Delete ${endpointId}`, () => openDeletion(desk, webhook)],
  ];
  return (
    <div class="actions">
      {actions.map(([text, label, act]) => (
        <button key={text} type="button" onClick={() => void act()} aria-label={label}>
          {text}
        </button>
      ))}
    </div>
  );
}

function Row({ desk, webhook }: { readonly desk: Desk; readonly webhook: Webhook }) {
  return (
    <tr>
      <th scope="row">{webhook.endpointId}</th>
      <td class="small">{webhook.url}</td>
      <td>{describe(webhook)}</td>
      <td>
        <Actions desk={desk} webhook={webhook} />
      </td>
    </tr>
  );
}

/** The fifth panel. */
export function WebhooksPanel({ desk }: { readonly desk: Desk }) {
  const rows = (desk.webhooks.value.value ?? []).toSorted(
    (one, other) => Number(one.pausedAtMs === null) - Number(other.pausedAtMs === null),
  );
  return (
    <section aria-label="Webhooks">
      <h2>Webhooks</h2>
      <p>
        <button type="button" onClick={() => openWebhook(desk)}>
          New endpoint…
        </button>
      </p>
      <Emptiness
        list={desk.webhooks.value.value}
        problem={desk.webhooks.problem.value}
        says="No endpoint is told what happens."
      />
      <table hidden={rows.length === 0}>
        <caption>Those that are paused first</caption>
        <thead>
          <tr>
            <th scope="col">Endpoint</th>
            <th scope="col">Address</th>
            <th scope="col">State</th>
            <th scope="col">Do</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((webhook) => (
            <Row key={webhook.endpointId} desk={desk} webhook={webhook} />
          ))}
        </tbody>
      </table>
    </section>
  );
}

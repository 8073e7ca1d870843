/** Who is told what happens, and who is not any more because nothing got through. */
import type { Desk, Webhook } from "./desk.ts";

const buildPath = ({ endpointId }: Webhook): string =>
  `/admin/webhooks/${encodeURIComponent(endpointId)}`;

function describe({ active, pausedAtMs, pausedBecause }: Webhook): string {
  if (pausedAtMs !== null) {
    const since = new Date(pausedAtMs).toLocaleString(undefined, { hour12: false });
    return `paused since ${since}: ${pausedBecause ?? "nothing got through"}`;
  }
  return active ? "told" : "off, what happens waits";
}

interface Tried {
  readonly taken: boolean;
  readonly answered: number | null;
  readonly problem: string | null;
}

function Row({ desk, webhook }: { readonly desk: Desk; readonly webhook: Webhook }) {
  const { endpointId, url, types, include, active, pausedAtMs } = webhook;
  const test = () =>
    desk.notices.attempt(async () => {
      const tried = (await desk.ask("POST", `${buildPath(webhook)}/test`, {})) as Tried;
      const { taken, answered, problem } = tried;
      const why = problem ?? `it answered ${answered}`;
      return taken ? `${endpointId} took a test event.` : `${endpointId} took nothing: ${why}.`;
    });
  // A PUT of what it is ends the pause; it goes on where it was.
  const resume = () =>
    desk.notices.attempt(async () => {
      await desk.ask("PUT", buildPath(webhook), { url, types, include, active });
      await desk.webhooks.ask();
      return `${endpointId} is told again what it missed.`;
    });
  return (
    <tr>
      <th scope="row">{endpointId}</th>
      <td>{url}</td>
      <td>{describe(webhook)}</td>
      <td class="actions">
        <button type="button" onClick={test} aria-label={`Send ${endpointId} a test event`}>
          Test
        </button>
        {pausedAtMs === null ? null : (
          <button type="button" onClick={resume} aria-label={`Tell ${endpointId} again`}>
            Resume
          </button>
        )}
      </td>
    </tr>
  );
}

/** The fifth panel. */
export function WebhooksPanel({ desk }: { readonly desk: Desk }) {
  const { value, problem } = desk.webhooks;
  const rows = (value.value ?? []).toSorted(
    (one, other) => Number(one.pausedAtMs === null) - Number(other.pausedAtMs === null),
  );
  return (
    <section aria-label="Webhooks">
      <h2>Webhooks</h2>
      {problem.value ? <p class="problem">{problem.value}</p> : null}
      {rows.length === 0 ? <p>No endpoint is told what happens.</p> : null}
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

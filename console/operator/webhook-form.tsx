/** Making an endpoint that is told what happens, changing one, its secret, and telling it again what was. */
import { eventTypes } from "../../shared/base/event-type.ts";
import { refuseOverwriting } from "./changes.ts";
import { openQuestion } from "./confirm-form.tsx";
import type { Desk, Webhook } from "./desk.ts";
import { closeDialog, openDialog } from "./dialog.tsx";
import {
  type Field,
  formatInstant,
  makeFieldError,
  readInstant,
  readMany,
  readText,
  type Values,
} from "./form-values.ts";
import { RecordForm } from "./record-form.tsx";
import { webhookCalls, type WebhookBody } from "./webhook-calls.ts";

const settable = ["url", "types", "include", "active"] as const;

const types: Field = { name: "types", label: "Events", kind: "many", options: eventTypes };
const fields: readonly Field[] = [
  { name: "url", label: "Address", required: true, hint: "https, and not of an inner network." },
  {
    name: "include",
    label: "Orders' events carry also",
    kind: "many",
    options: ["customer", "shipTo"],
  },
  { name: "active", label: "Is told; off, what happens waits for it", kind: "check" },
  types,
];
const endpointId: Field = { name: "endpointId", label: "Name", required: true };

function readBody(values: Values): WebhookBody {
  const wanted = readMany(values, "types");
  if (wanted.length === 0) throw makeFieldError("types", "choose at least one");
  return {
    url: readText(values, "url") ?? "",
    types: wanted as WebhookBody["types"],
    include: readMany(values, "include") as NonNullable<WebhookBody["include"]>,
    active: values["active"] === "true",
  };
}

function Secret({ id, secret }: { readonly id: string; readonly secret: string }) {
  return (
    <div class="record">
      <h2 id="dialog-title">The secret of {id}</h2>
      <p>It is shown this once: put it where {id} checks signatures.</p>
      <input readOnly value={secret} aria-label="Secret" />
      <div class="actions">
        <button type="button" class="main" onClick={() => closeDialog()}>
          I have kept it
        </button>
      </div>
    </div>
  );
}

function showSecret(id: string, secret: string | null): void {
  if (secret !== null) openDialog(<Secret key="secret" id={id} secret={secret} />);
}

/** Sets an endpoint anew, if it still is what was seen of it. */
export async function changeWebhook(
  desk: Desk,
  seen: Webhook,
  body: Partial<WebhookBody>,
): Promise<void> {
  const now = await webhookCalls.getWebhook(desk, seen.endpointId);
  refuseOverwriting({ ...seen }, now, settable);
  const whole = Object.fromEntries(settable.map((name) => [name, now[name]]));
  await webhookCalls.putWebhook(desk, now.endpointId, { ...whole, ...body } as WebhookBody);
  await desk.webhooks.ask();
}

async function create(desk: Desk, values: Values): Promise<string> {
  const id = readText(values, "endpointId") ?? "";
  const body = readBody(values);
  await desk.webhooks.ask();
  if (desk.webhooks.value.value?.some((each) => each.endpointId === id)) {
    throw makeFieldError("endpointId", "is there already");
  }
  const { secret } = await webhookCalls.putWebhook(desk, id, body);
  await desk.webhooks.ask();
  showSecret(id, secret);
  return `${id} is told what happens.`;
}

async function change(desk: Desk, seen: Webhook, values: Values): Promise<string> {
  await changeWebhook(desk, seen, readBody(values));
  return `${seen.endpointId} is changed.`;
}

/** Opens the form, of an endpoint that there is or of a new one. */
export function openWebhook(desk: Desk, seen?: Webhook): void {
  openDialog(
    <RecordForm
      key={`webhook-${seen?.endpointId}`}
      title={seen ? `Change ${seen.endpointId}` : "New endpoint"}
      {...(seen?.pausedAtMs ? { warning: "It listens again from then on." } : {})}
      action={seen ? "Change it" : "Make it"}
      fields={seen ? fields : [endpointId, ...fields]}
      initial={{
        url: seen?.url ?? "",
        types: seen?.types.join(" ") ?? "",
        include: seen?.include.join(" ") ?? "",
        active: (seen?.active ?? true) ? "true" : "",
      }}
      notices={desk.notices}
      save={(values) => (seen ? change(desk, seen, values) : create(desk, values))}
    />,
  );
}

/** Asks before an endpoint gets another secret, and shows that once. */
export function openRotation(desk: Desk, { endpointId: id }: Webhook): void {
  openQuestion({
    notices: desk.notices,
    title: `A new secret for ${id}`,
    warning: "The one before signs along for some hours, and then no more.",
    action: "Make a new secret",
    save: async () => {
      const { secret } = await webhookCalls.rotateWebhookSecret(desk, id);
      showSecret(id, secret);
      return `${id} has a new secret.`;
    },
  });
}

/** Asks before an endpoint is deleted. */
export function openDeletion(desk: Desk, { endpointId: id }: Webhook): void {
  openQuestion({
    notices: desk.notices,
    title: `Delete ${id}`,
    warning: "What it was not told yet, it will never be told.",
    action: "Delete it",
    save: async () => {
      await webhookCalls.deleteWebhook(desk, id);
      await desk.webhooks.ask();
      return `${id} is deleted.`;
    },
  });
}

/** Opens what an endpoint is told again: what left since an instant, under the same ids. */
export function openReplay(desk: Desk, { endpointId: id }: Webhook): void {
  openDialog(
    <RecordForm
      key={`replay-${id}`}
      title={`Tell ${id} again`}
      action="Tell it"
      fields={[
        { name: "fromMs", label: "What left since", kind: "time", required: true },
        { name: "resource", label: "Of this alone", hint: "For example order/ord_…" },
        { ...types, label: "Of these types alone" },
      ]}
      initial={{ fromMs: formatInstant(Date.now() - 3_600_000) }}
      notices={desk.notices}
      save={async (values) => {
        const wanted = readMany(values, "types");
        const resource = readText(values, "resource");
        await webhookCalls.replayWebhook(desk, id, {
          fromMs: readInstant(values, "fromMs") ?? 0,
          ...(resource && { resource }),
          ...(wanted.length > 0 && { types: wanted as WebhookBody["types"] }),
        });
        return `${id} is told again, beside what is new.`;
      }}
    />,
  );
}

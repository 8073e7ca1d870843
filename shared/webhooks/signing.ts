/** Signs what endpoints are told, as Standard Webhooks has it, by every secret that counts. */
import { randomBytes } from "node:crypto";
import { Webhook as Signer } from "standardwebhooks";
import type { EpochMs } from "../base/time.ts";
import { signingSecrets, type Webhook, type WebhookCall } from "./webhook.ts";

/** A new secret: 256 bits. */
export function makeSecret(): string {
  return `whsec_${randomBytes(32).toString("base64")}`;
}

/** The call that tells an event; its id is the event's, so that a repetition is known as one. */
export function makeCall(
  webhook: Webhook,
  event: { readonly id: string },
  nowMs: EpochMs,
): WebhookCall {
  const body = JSON.stringify(event);
  const signatures = signingSecrets(webhook, nowMs).map((secret) =>
    new Signer(secret).sign(event.id, new Date(nowMs), body),
  );
  const headers = {
    "content-type": "application/json; charset=utf-8",
    "user-agent": "Holdfast-Webhooks",
    "webhook-id": event.id,
    "webhook-timestamp": String(Math.floor(nowMs / 1_000)),
    "webhook-signature": signatures.join(" "),
  };
  return { url: webhook.url, headers, body };
}

/** What a webhook is: an endpoint of somebody else's that is told events, and how patient we are with it. Pure. */
import { HoldfastError } from "../base/errors.ts";
import type { EventType } from "../base/event-type.ts";
import { type EpochMs, later } from "../base/time.ts";
import type { Replay } from "./replay.ts";

/** A secret that calls are signed with; with an end it only signs along until then. */
export interface SigningSecret {
  /** `whsec_` and base64, as Standard Webhooks has it. */
  readonly secret: string;
  readonly untilMs?: EpochMs;
}

/** What of an order an endpoint may ask for besides: what tells of a person. */
export const includable = ["customer", "shipTo"] as const;

/** An endpoint that is told events. */
export interface Webhook {
  readonly endpointId: string;
  /** Of this endpoint and none that had its name before: what was for that one is not for it. */
  readonly uid: string;
  readonly url: string;
  readonly types: readonly EventType[];
  /** What its events of orders carry besides; left out in old rows. */
  readonly include?: readonly (typeof includable)[number][];
  /** Switched off, what happens waits for it. */
  readonly active: boolean;
  readonly createdAtMs: EpochMs;
  /** The latest first. */
  readonly secrets: readonly SigningSecret[];
  /** Since when it is left alone because nothing got through, and what its last answer was. */
  readonly pausedAtMs?: EpochMs;
  readonly pausedBecause?: string;
  /** When it took something for the last time, give or take a minute. */
  readonly tookAtMs?: EpochMs;
  /** What it is told again, the last time that somebody asked for it. */
  readonly replay?: Replay;
  /** Another one with every change. */
  readonly stamp: string;
}

/** So many endpoints there may be: of the shop's own systems there are some tens. */
export const mostWebhooks = 200;

/** What an administrator says of an endpoint. */
export type WebhookFacts = Pick<Webhook, "url" | "types" | "active" | "include">;

/** How far a delivery has come. */
export const deliveryStatuses = ["failing", "delivered", "failed"] as const;

/** `failing` is tried again, `failed` is not. */
export type DeliveryStatus = (typeof deliveryStatuses)[number];

/** What became of telling one event to one endpoint; kept for 14 days. */
export interface Delivery {
  readonly deliveryId: string;
  readonly eventId: string;
  readonly type: string;
  readonly resource: string;
  readonly sequence: number;
  readonly status: DeliveryStatus;
  readonly attempts: number;
  readonly triedAtMs: EpochMs;
  /** When it answered last, whatever it said. */
  readonly answeredAtMs?: EpochMs;
  readonly nextTryAtMs?: EpochMs;
  /** The line of a replay that it is of. */
  readonly replayLine?: string;
  /** The number that it answered with. */
  readonly answered?: number;
  /** The beginning of its answer. */
  readonly answer?: string;
  /** Why there was none. */
  readonly problem?: string;
}

/** What is sent. */
export interface WebhookCall {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** What came back: an answer, or why there is none. */
export interface Outcome {
  /** The number of the answer; 200 to 299 say that the event was taken. */
  readonly answered?: number;
  readonly answer?: string;
  readonly problem?: string;
}

/** There is no such endpoint. */
export class WebhookNotFound extends HoldfastError {
  constructor(endpointId: string) {
    super("WEBHOOK_NOT_FOUND", `There is no webhook ${endpointId}`);
  }
}

/** So many endpoints there are at the most; nothing was changed. */
export class TooManyWebhooks extends HoldfastError {
  constructor(value: number) {
    super("LIMIT_EXCEEDED", `There are at most ${value} webhooks`, {
      limit: { name: "maxWebhooks", value },
    });
  }
}

/** There is no such delivery, or not any more. */
export class DeliveryNotFound extends HoldfastError {
  constructor(deliveryId: string) {
    super("DELIVERY_NOT_FOUND", `There is no delivery ${deliveryId}`);
  }
}

/** Somebody else changed the row first. */
export class WebhookMoved extends HoldfastError {
  constructor() {
    super("TRY_AGAIN", "Somebody else was first");
  }
}

/** There was no endpoint before: the row of who is told what is still to be made. */
export class NoAudience extends WebhookMoved {}

const [secondMs, minuteMs, hourMs] = [1_000, 60_000, 3_600_000];
/** The pauses behind each failed try; there is no try behind the last. */
const pausesMs: readonly number[] = [
  ...[1, 5, 30].map((seconds) => seconds * secondMs),
  ...[5, 30].map((minutes) => minutes * minuteMs),
  ...[2, 5, 10, 14].map((hours) => hours * hourMs),
];

/** An answer is kept so far. */
export const keptAnswerBytes = 1_024;

/** The answer of an endpoint that wants nothing any more, as Standard Webhooks has it. */
const gone = 410;

/** Whether the event was taken. */
export function isTaken({ answered = 0 }: Outcome): boolean {
  return answered >= 200 && answered < 300;
}

/** Whether to stop asking: it said so, or was asked often enough. `attempts` counts this one. */
export function isHopeless({ answered }: Outcome, attempts: number): boolean {
  return answered === gone || attempts > pausesMs.length;
}

/** When to try again after so many tries. */
export function nextTryAtMs(attempts: number, nowMs: EpochMs): EpochMs {
  return later(nowMs, pausesMs[attempts - 1] ?? 0);
}

/** What went wrong, in a few words. */
export function explain({ answered, problem = "No answer" }: Outcome): string {
  return answered === undefined ? problem : `Answered ${answered}`;
}

/** Whether it is told anything now. */
export function isListening({
  active,
  pausedAtMs,
}: Pick<Webhook, "active"> & { readonly pausedAtMs?: EpochMs | undefined }): boolean {
  return active && pausedAtMs === undefined;
}

/** Those that sign at this instant. */
export function signingSecrets({ secrets }: Webhook, nowMs: EpochMs): string[] {
  return secrets
    .filter(({ untilMs }) => untilMs === undefined || untilMs > nowMs)
    .map(({ secret }) => secret);
}

/** A new secret in front of the present one, which goes on signing along for a while; older ones end. */
export function rotate(
  { secrets }: Webhook,
  secret: string,
  untilMs: EpochMs,
): readonly SigningSecret[] {
  return [{ secret }, ...secrets.slice(0, 1).map((old) => ({ ...old, untilMs }))];
}

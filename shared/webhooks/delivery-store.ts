/** The log of deliveries: a row each, kept for 14 days, written together with how far its line has come. */
import { derivedId } from "../base/derived-ids.ts";
import { dayMs, type EpochMs, later, ttlSecondsAt } from "../base/time.ts";
import type { ShopEvent } from "../events/event.ts";
import type { Database } from "../table/database.ts";
import { anyOf, condition, isMissing, pathsOf } from "../table/expression.ts";
import type { Page } from "../table/paging.ts";
import { put, type Write } from "../table/write.ts";
import {
  type Delivery,
  type DeliveryStatus,
  keptAnswerBytes,
  type Outcome,
  WebhookMoved,
} from "./webhook.ts";

const keptDays = 14;

interface DeliveryRow extends Delivery {
  readonly about: string;
  readonly part: string;
  readonly ttlSeconds: number;
}

const at = pathsOf<DeliveryRow>();
const partition = (uid: string): string => `deliveries/${uid}`;

/** Sorts by when the event was first tried; the same for every try. */
function nameDelivery(eventId: string, startedAtMs: EpochMs): string {
  return derivedId(`whd_${String(startedAtMs).padStart(14, "0")}`, eventId);
}

/** What became of a try. */
export function noteTry(
  { id, type, resource, sequence }: ShopEvent,
  outcome: Outcome,
  tried: {
    readonly status: DeliveryStatus;
    readonly attempts: number;
    readonly startedAtMs: EpochMs;
    readonly nowMs: EpochMs;
    readonly nextTryAtMs?: EpochMs;
    readonly replayLine?: string | undefined;
  },
): Delivery {
  const { status, attempts, startedAtMs, nowMs, nextTryAtMs, replayLine } = tried;
  const { answered, answer, problem } = outcome;
  return {
    deliveryId: nameDelivery(id, startedAtMs),
    eventId: id,
    type,
    resource,
    sequence,
    status,
    attempts,
    triedAtMs: nowMs,
    ...(answered === undefined ? {} : { answered, answeredAtMs: nowMs }),
    ...(answer ? { answer: answer.slice(0, keptAnswerBytes) } : {}),
    ...(problem === undefined ? {} : { problem }),
    ...(nextTryAtMs === undefined ? {} : { nextTryAtMs }),
    ...(replayLine === undefined ? {} : { replayLine }),
  };
}

/** Writes down what became of a delivery; never in the place of a later try. */
export function deliveryWrite(uid: string, delivery: Delivery): Write {
  const key = { about: partition(uid), part: delivery.deliveryId };
  const ttlSeconds = ttlSecondsAt(later(delivery.triedAtMs, keptDays * dayMs));
  const isEarlier = condition`${at("attempts")} < ${delivery.attempts}`;
  return put({
    table: "Webhooks",
    key,
    item: { ...key, ...delivery, ttlSeconds },
    isBlind: true,
    condition: anyOf(isMissing(at("about")), isEarlier),
    refused: () => new WebhookMoved(),
    applied: (found) => Number(found?.["attempts"]) >= delivery.attempts,
  });
}

/** A delivery as of now. One request. */
export async function findDelivery(
  database: Database,
  uid: string,
  deliveryId: string,
): Promise<Delivery | undefined> {
  const row = await database.get("Webhooks", { about: partition(uid), part: deliveryId });
  return row as Delivery | undefined;
}

/** A page of an endpoint's deliveries, the latest first. One request. */
export async function listDeliveries(
  database: Database,
  uid: string,
  page: { readonly limit: number; readonly cursor?: string | undefined },
): Promise<Page<Delivery>> {
  const where = condition`${at("about")} = ${partition(uid)}`;
  const request = { table: "Webhooks", where, ascending: false, ...page } as const;
  const { rows, ...more } = await database.query(request);
  return { rows: rows as unknown as readonly Delivery[], ...more };
}

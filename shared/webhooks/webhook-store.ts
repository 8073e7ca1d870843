/** How endpoints are kept: a row each in one partition, which is read whenever something happened. */
import { dayMs, type EpochMs, later, ttlSecondsAt } from "../base/time.ts";
import type { Database } from "../table/database.ts";
import {
  action,
  allOf,
  anyOf,
  assigned,
  condition,
  exists,
  isMissing,
  pathsOf,
} from "../table/expression.ts";
import type { Page } from "../table/paging.ts";
import { put, type Row, update, type Write } from "../table/write.ts";
import { type Webhook, WebhookMoved } from "./webhook.ts";

/** The partition of all endpoints. */
const endpoints = "endpoints";
/** What is gone is kept for so long, so that nothing that is under way mistakes it. */
const rememberedDays = 30;
/** When an endpoint took something is written down no more often than this. */
const tookEveryMs = 60_000;

interface WebhookRow extends Webhook {
  readonly about: string;
  readonly part: string;
  readonly deletedAtMs?: EpochMs;
  readonly ttlSeconds?: number;
}

const at = pathsOf<WebhookRow>();
const keyFor = (endpointId: string) => ({ about: endpoints, part: endpointId });

/** The endpoint in a row; undefined for one that is gone. */
function parseWebhook(row: Row | undefined): Webhook | undefined {
  if (!row || row["deletedAtMs"] !== undefined) return undefined;
  const { about: _about, part: _part, ...webhook } = row as unknown as WebhookRow;
  return webhook;
}

/** The endpoint as of now. One request. */
export async function findWebhook(
  database: Database,
  endpointId: string,
): Promise<Webhook | undefined> {
  return parseWebhook(await database.get("Webhooks", keyFor(endpointId)));
}

/** A page of the endpoints by name, as of now; it can be short and still have a cursor. One request. */
export async function listWebhooks(
  database: Database,
  page: { readonly limit: number; readonly cursor?: string | undefined },
): Promise<Page<Webhook>> {
  const where = condition`${at("about")} = ${endpoints}`;
  const request = { table: "Webhooks", where, isConsistent: true, ...page } as const;
  const { rows, ...more } = await database.query(request);
  return { rows: rows.flatMap((row) => parseWebhook(row) ?? []), ...more };
}

/** Every endpoint as of now. One request for some hundreds of them. */
export async function listAllWebhooks(database: Database): Promise<readonly Webhook[]> {
  const all: Webhook[] = [];
  let cursor: string | undefined;
  do {
    const page = await listWebhooks(database, { limit: 1_000, cursor });
    all.push(...page.rows);
    ({ cursor } = page);
  } while (cursor !== undefined);
  return all;
}

/** Makes an endpoint where there is none. */
export function createWebhookWrite(webhook: Webhook): Write {
  const key = keyFor(webhook.endpointId);
  return put({
    table: "Webhooks",
    key,
    item: { ...key, ...webhook },
    condition: anyOf(isMissing(at("about")), exists(at("deletedAtMs"))),
    refused: () => new WebhookMoved(),
    applied: (found) => found?.["stamp"] === webhook.stamp,
  });
}

/** Changes an endpoint from what was read; what is undefined is removed. */
export function changeWebhookWrite(
  { endpointId, stamp: seen }: Webhook,
  stamp: string,
  changes: Partial<
    Pick<
      WebhookRow,
      "url" | "types" | "active" | "include" | "secrets" | "deletedAtMs" | "ttlSeconds"
    >
  > & {
    readonly pausedAtMs?: EpochMs | undefined;
    readonly pausedBecause?: string | undefined;
  },
): Write {
  return update({
    table: "Webhooks",
    key: keyFor(endpointId),
    change: assigned<WebhookRow>({ ...changes, stamp }),
    condition: condition`${at("stamp")} = ${seen}`,
    refused: () => new WebhookMoved(),
    applied: (found) => found?.["stamp"] === stamp,
  });
}

/** Makes an endpoint go. */
export function removeWebhookWrite(webhook: Webhook, stamp: string, nowMs: EpochMs): Write {
  const ttlSeconds = ttlSecondsAt(later(nowMs, rememberedDays * dayMs));
  return changeWebhookWrite(webhook, stamp, { deletedAtMs: nowMs, ttlSeconds });
}

/** Remembers that an endpoint took something, about once a minute; undefined when it is known already. */
export function tookWrite(
  { endpointId, uid, tookAtMs = 0 as EpochMs }: Webhook,
  nowMs: EpochMs,
): Write | undefined {
  if (nowMs - tookAtMs < tookEveryMs) return undefined;
  return update({
    table: "Webhooks",
    key: keyFor(endpointId),
    isBlind: true,
    change: { set: [action`${at("tookAtMs")} = ${nowMs}`] },
    condition: allOf(
      condition`${at("uid")} = ${uid}`,
      anyOf(isMissing(at("tookAtMs")), condition`${at("tookAtMs")} < ${nowMs}`),
    ),
    refused: () => new WebhookMoved(),
    applied: (found) => Number(found?.["tookAtMs"]) >= nowMs,
  });
}

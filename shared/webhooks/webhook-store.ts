/** How endpoints are kept: a row each, written together with who is told what, which is read whenever something happened. */
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
import { adjustWrite, joinWrite, leaveWrite } from "./audience-store.ts";
import type { Replay } from "./replay.ts";
import { type Webhook, WebhookMoved, WebhookNotFound } from "./webhook.ts";

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

/**
 * The endpoint as of now. One request.
 *
 * @throws WebhookNotFound
 */
export async function getWebhook(database: Database, endpointId: string): Promise<Webhook> {
  const webhook = await findWebhook(database, endpointId);
  if (!webhook) throw new WebhookNotFound(endpointId);
  return webhook;
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

/** Makes an endpoint where there is none, unless there are as many as may be. */
export function createWebhookWrite(webhook: Webhook, most: number): Write {
  const key = keyFor(webhook.endpointId);
  return put({
    table: "Webhooks",
    key,
    item: { ...key, ...webhook },
    condition: anyOf(isMissing(at("about")), exists(at("deletedAtMs"))),
    refused: () => new WebhookMoved(),
    applied: (found) => found?.["stamp"] === webhook.stamp,
    companion: joinWrite(webhook, most),
  });
}

/** What can become of an endpoint; what is undefined is removed. */
type Changes = Partial<
  Pick<WebhookRow, "url" | "types" | "active" | "include" | "secrets" | "replay">
> & {
  readonly pausedAtMs?: EpochMs | undefined;
  readonly pausedBecause?: string | undefined;
};

/** An endpoint from what was read of it; with another write where it matters to what happens from now on. */
function movedWrite(
  { endpointId, stamp: seen }: Webhook,
  stamp: string,
  changes: Changes & Partial<Pick<WebhookRow, "deletedAtMs" | "ttlSeconds">>,
  companion?: Write,
): Write {
  return update({
    table: "Webhooks",
    key: keyFor(endpointId),
    isBlind: true,
    change: assigned<WebhookRow>({ ...changes, stamp }),
    condition: condition`${at("stamp")} = ${seen}`,
    refused: () => new WebhookMoved(),
    applied: (found) => found?.["stamp"] === stamp,
    ...(companion && { companion }),
  });
}

/** Changes an endpoint from what was read. */
export function changeWebhookWrite(webhook: Webhook, stamp: string, changes: Changes): Write {
  const isHeard = ["types", "active", "pausedAtMs", "replay"].some((name) => name in changes);
  return movedWrite(
    webhook,
    stamp,
    changes,
    isHeard ? adjustWrite({ ...webhook, ...changes }) : undefined,
  );
}

/** Says how far the replay of an endpoint has come, from what was read; its beginning and end are changes of the endpoint. */
export function replayWrite({ endpointId, uid }: Webhook, seen: Replay, replay: Replay): Write {
  const { replayId, pages } = seen;
  return update({
    table: "Webhooks",
    key: keyFor(endpointId),
    isBlind: true,
    change: assigned<WebhookRow>({ replay }),
    condition: allOf(
      condition`${at("uid")} = ${uid}`,
      condition`${at("replay", "replayId")} = ${replayId}`,
      condition`${at("replay", "pages")} = ${pages}`,
    ),
    refused: () => new WebhookMoved(),
    applied: (found) => {
      const there = found?.["replay"] as Replay | undefined;
      return there?.replayId === replayId && there.pages === replay.pages;
    },
  });
}

/** Makes an endpoint go, and gives its place back. */
export function removeWebhookWrite(webhook: Webhook, stamp: string, nowMs: EpochMs): Write {
  const ttlSeconds = ttlSecondsAt(later(nowMs, rememberedDays * dayMs));
  return movedWrite(webhook, stamp, { deletedAtMs: nowMs, ttlSeconds }, leaveWrite(webhook));
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

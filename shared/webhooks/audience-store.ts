/**
 * The audience: who is told what, in one row that is read whenever something happened. An endpoint is in it exactly
 * while there is one, because it is written together with the endpoint; there are as many as there is room for here.
 */
import type { Database } from "../table/database.ts";
import { action, anyOf, condition, exists, isMissing, pathsOf } from "../table/expression.ts";
import { put, type Row, update, type Write } from "../table/write.ts";
import { isUnderWay } from "./replay.ts";
import { isListening, NoAudience, TooManyWebhooks, type Webhook, WebhookMoved } from "./webhook.ts";

/** What has to be known of an endpoint when something happened. */
export interface Listener extends Pick<Webhook, "endpointId" | "uid" | "types"> {
  /** Off or paused, what happens waits for it. */
  readonly isListening: boolean;
  /** Something is told again. */
  readonly isReplaying?: boolean;
}

type Member = Omit<Listener, "endpointId">;

interface AudienceRow {
  readonly about: string;
  readonly part: string;
  readonly members: Readonly<Record<string, Member>>;
}

const at = pathsOf<AudienceRow>();
const key = { about: "audience", part: "all" };

const parseMembers = (row: Row | undefined): AudienceRow["members"] =>
  (row as AudienceRow | undefined)?.members ?? {};

/** Makes the row where there is none. One request. */
export async function openAudience(database: Database): Promise<void> {
  const write = put({
    table: "Webhooks",
    key,
    item: { ...key, members: {} },
    isBlind: true,
    condition: isMissing(at("about")),
    refused: () => new WebhookMoved(),
    applied: () => true,
  });
  try {
    await database.apply(write);
  } catch (error) {
    if (!(error instanceof WebhookMoved)) throw error;
  }
}

/** Everybody who is told anything, as of now. One request. */
export async function readAudience(database: Database): Promise<readonly Listener[]> {
  const members = parseMembers(await database.get("Webhooks", key));
  return Object.entries(members).map(([endpointId, member]) => ({
    endpointId,
    ...member,
  }));
}

type Told = Pick<Webhook, "endpointId" | "uid" | "types" | "active" | "replay"> & {
  readonly pausedAtMs?: Webhook["pausedAtMs"] | undefined;
};

function setMember({ endpointId, uid, types, active, pausedAtMs, replay }: Told) {
  const listens = { isListening: isListening({ active, pausedAtMs }) };
  const isReplaying = isUnderWay(replay);
  const member: Member = { uid, types, ...listens, ...(isReplaying && { isReplaying }) };
  return { set: [action`${at("members", endpointId)} = ${member}`] };
}

/** Goes with an endpoint that is made: it takes a place, unless `most` are taken. Twice, it takes one. */
export function joinWrite(webhook: Told, most: number): Write {
  const isKnown = exists(at("members", webhook.endpointId));
  return update({
    table: "Webhooks",
    key,
    isBlind: true,
    change: setMember(webhook),
    condition: anyOf(isKnown, condition`size(${at("members")}) < ${most}`),
    refused: (found) => (found ? new TooManyWebhooks(most) : new NoAudience()),
    applied: (found) => parseMembers(found)[webhook.endpointId]?.uid === webhook.uid,
  });
}

/** Goes with a change of what an endpoint is told, or whether. */
export function adjustWrite(webhook: Told): Write {
  return update({
    table: "Webhooks",
    key,
    isBlind: true,
    change: setMember(webhook),
    condition: exists(at("members", webhook.endpointId)),
    refused: () => new WebhookMoved(),
  });
}

/** Goes with an endpoint that is made to go: its place is free. Twice, it frees one. */
export function leaveWrite({ endpointId }: Pick<Webhook, "endpointId">): Write {
  return update({
    table: "Webhooks",
    key,
    isBlind: true,
    change: { remove: [at("members", endpointId)] },
    condition: exists(at("members", endpointId)),
    refused: () => new WebhookMoved(),
    applied: (found) => !(endpointId in parseMembers(found)),
  });
}

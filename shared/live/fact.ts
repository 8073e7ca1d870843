/** What a change in a table means to those who listen: pure, so that a repeated record makes the same facts. */
import { isDeepStrictEqual } from "node:util";
import type { ChangeNote } from "../base/actor.ts";
import { derivedId } from "../base/derived-ids.ts";
import { isUsesId } from "../base/uses-id.ts";
import type { CartLock } from "../carts/model/cart.ts";
import { accessIn } from "../documents/document-access.ts";
import { askView, parseAsk, parseTurn } from "../locks/line.ts";
import { type Lock, lockView, parseLock } from "../locks/lock.ts";
import type { ItemChange } from "../table/stream.ts";
import { contentionTopic, type Fact, lockTopic, topicName } from "./live.ts";

const everybody = { of: "everybody" } as const;
/** These are told of a lock as they are noted on it; renewals say nothing that matters to others. */
const toldOfLocks = new Set([
  "lock.acquired",
  "lock.granted",
  "lock.asked",
  "lock.released",
  "lock.forced",
]);

type Told = Pick<Fact, "topic" | "type" | "data" | "audience" | "delta">;

const viewOrNull = (lock: Lock | undefined) => (lock ? lockView(lock) : null);

/** What happened to a lock: one fact, and one more where a lease that was over was taken over. */
export function tellLock({ key, before, after }: ItemChange): Told[] {
  const topic = lockTopic(String(key["resource"]));
  const note = after?.["change"] as ChangeNote | undefined;
  const isNoted = !isDeepStrictEqual(note, before?.["change"]);
  const isNew = note && (isNoted || before?.["fence"] !== after?.["fence"]);
  if (!topic || !isNew || !toldOfLocks.has(note.action)) return [];
  const audience = { of: "document", access: accessIn(after) } as const;
  const about = topic.startsWith("lock/document/") ? audience : everybody;
  const [was, is] = [parseLock(before), parseLock(after)];
  const reason = note.reason === undefined ? {} : { reason: note.reason };
  const ticket = note.action === "lock.granted" ? { ticket: parseTurn(after)?.ticket } : {};
  const asked = note.action === "lock.asked" ? { askedBy: askView(parseAsk(after)) } : {};
  const data = {
    lockInfo: viewOrNull(is),
    former: viewOrNull(was),
    ...reason,
    ...ticket,
    ...asked,
  };
  const main = { topic, type: note.action, data, audience: about };
  const wasLost = was !== undefined && is !== undefined && was.expiresAtMs <= note.atMs;
  if (!wasLost || was.fence === is.fence) return [main];
  return [{ topic, type: "lock.lost", data: { ...data, ...ticket }, audience: about }, main];
}

/** A cart's lock began, changed or ended, or its contents changed. */
function tellCart({ key, before, after }: ItemChange): Told[] {
  const topic = `cart/${String(key["cartId"])}`;
  const [was, is] = [before, after].map((row) => row?.["lock"] as CartLock | undefined);
  const told: Told[] = [];
  if (is && !isDeepStrictEqual(was, is)) {
    const data = { orderId: is.orderId, lockedUntilMs: is.expiresAtMs };
    told.push({ topic, type: "cart.locked", data, audience: everybody });
  }
  if (was && !is) {
    told.push({
      topic,
      type: "cart.unlocked",
      data: { orderId: was.orderId },
      audience: everybody,
    });
  }
  if (after && before?.["version"] !== after["version"]) {
    const data = { version: Number(after["version"] ?? 0) };
    told.push({ topic, type: "cart.updated", data, audience: everybody });
  }
  return told;
}

/** An order's status moved. */
function tellOrder({ key, before, after }: ItemChange): Told[] {
  if (!after || before?.["status"] === after["status"]) return [];
  const orderId = String(key["orderId"]);
  const status = after["status"] === "pending" ? "placed" : String(after["status"]);
  const audience = { of: "user", userId: String(after["userId"]) } as const;
  const data = { orderId, status: after["status"] };
  return [
    { topic: topicName({ kind: "order", orderId }), type: `order.${status}`, data, audience },
  ];
}

/** Units became available, or were taken: whichever of the item's rows says so. A new item is no news of an old one. */
function tellItem({ key, before, after }: ItemChange): Told[] {
  const row = after ?? before;
  const itemId = String(row?.["item"] ?? key["itemId"]);
  const delta = Number(after?.["available"] ?? 0) - Number(before?.["available"] ?? 0);
  const isNewItem = !before && row?.["item"] === undefined;
  if (isUsesId(itemId) || row?.["noticeOf"] !== undefined || isNewItem || delta === 0) return [];
  const topic = topicName({ kind: "item", itemId });
  return [{ topic, type: "item.level", data: {}, audience: everybody, delta }];
}

const tellers: Readonly<Record<string, (change: ItemChange) => Told[]>> = {
  resource: tellLock,
  cartId: tellCart,
  orderId: tellOrder,
  itemId: tellItem,
};

/** The facts of one change; none where nobody could care. Their ids come from the changed row and its version. */
function makeFacts(change: ItemChange): Fact[] {
  const kind = Object.keys(tellers).find((name) => change.key[name] !== undefined);
  const told = kind === undefined ? [] : tellers[kind]!(change);
  const note = (change.after ?? change.before)?.["change"] as ChangeNote | undefined;
  return told.map((each) => ({
    ...each,
    id: derivedId("live", each.topic, each.type, change.key, change.sequence),
    occurredAtMs: note?.atMs ?? change.atMs,
  }));
}

/** What says that somebody had to wait, lost something, or was told no more. */
const isContention = ({ type }: Fact): boolean =>
  /^lock\.(?:granted|lost|forced)$|^order\.(?:failed|cancelled|expired)$/.test(type);

/** How often somebody met somebody else, for those who watch the shop: one fact a batch. */
function countContention(facts: readonly Fact[]): Fact[] {
  const met = facts.filter(isContention);
  const [first] = met;
  if (!first) return [];
  const counts = Object.fromEntries(
    [...Map.groupBy(met, ({ type }) => type)].map(([type, same]) => [type, same.length]),
  );
  const id = derivedId(
    "live",
    contentionTopic,
    met.map((fact) => fact.id),
  );
  const { occurredAtMs } = first;
  const told = { topic: contentionTopic, type: "contention", data: { counts } };
  return [{ ...told, id, occurredAtMs, audience: everybody }];
}

/**
 * The facts of a batch, in order. What happened to one item's level is one fact, with what it comes to: the last one
 * counts. What watchers of the shop want to know is added.
 */
export function collectFacts(changes: readonly ItemChange[]): Fact[] {
  const facts = changes.flatMap(makeFacts);
  const levels = new Map<string, Fact>();
  for (const fact of facts) {
    const { topic, delta } = fact;
    if (delta === undefined) continue;
    levels.set(topic, { ...fact, delta: delta + (levels.get(topic)?.delta ?? 0) });
  }
  const others = facts.filter(({ delta }) => delta === undefined);
  return [...others, ...levels.values(), ...countContention(others)];
}

// Holdfast at b4829bdff7771dadc57afe9e2568ce593b506810: made by keep-release.ts, not by hand.
var __create = Object.create;
var __defProp = Object.defineProperty;
var __getOwnPropDesc = Object.getOwnPropertyDescriptor;
var __getOwnPropNames = Object.getOwnPropertyNames;
var __getProtoOf = Object.getPrototypeOf;
var __hasOwnProp = Object.prototype.hasOwnProperty;
var __export = (target, all) => {
  for (var name in all)
    __defProp(target, name, { get: all[name], enumerable: true });
};
var __copyProps = (to, from, except, desc) => {
  if (from && typeof from === "object" || typeof from === "function") {
    for (let key2 of __getOwnPropNames(from))
      if (!__hasOwnProp.call(to, key2) && key2 !== except)
        __defProp(to, key2, { get: () => from[key2], enumerable: !(desc = __getOwnPropDesc(from, key2)) || desc.enumerable });
  }
  return to;
};
var __toESM = (mod, isNodeMode, target) => (target = mod != null ? __create(__getProtoOf(mod)) : {}, __copyProps(
  // If the importer is in node compatibility mode or this is not an ESM
  // file that has been converted to a CommonJS file using a Babel-
  // compatible transform (i.e. "__esModule" has not been set), then set
  // "default" to the CommonJS "module.exports" for node compatibility.
  isNodeMode || !mod || !mod.__esModule ? __defProp(target, "default", { value: mod, enumerable: true }) : target,
  mod
));
var __toCommonJS = (mod) => __copyProps(__defProp({}, "__esModule", { value: true }), mod);

// <stdin>
var stdin_exports = {};
__export(stdin_exports, {
  HoldfastError: () => HoldfastError,
  ItemsUnavailable: () => ItemsUnavailable,
  LimitExceeded: () => LimitExceeded,
  LockHeld: () => LockHeld,
  ProviderFailed: () => ProviderFailed,
  createSystem: () => createSystem,
  runOperation: () => runOperation
});
module.exports = __toCommonJS(stdin_exports);

// shared/providers/foreign.ts
var import_zod = require("zod");
var foreignId = import_zod.z.string().min(1).max(255);
var currencyCode = import_zod.z.string().regex(/^[a-z]{3}$/i);

// shared/providers/sandbox.ts
var import_standardwebhooks = require("standardwebhooks");
var import_zod2 = require("zod");

// shared/base/time.ts
function epochMs(value) {
  return value;
}
var systemClock = () => epochMs(Date.now());
function later(instant, durationMs) {
  return epochMs(instant + durationMs);
}
function secondsToMs(seconds) {
  return Math.round(seconds * 1e3);
}
function isExpired(expiresAtMs2, nowMs) {
  return expiresAtMs2 <= nowMs;
}
function ttlSecondsAt(instant) {
  return Math.ceil(instant / 1e3);
}
var dayMs = 864e5;
var toleranceMs = 1e3;
function stopwatch(clock, steadyMs) {
  const [startMs, steadyStartMs] = [clock(), steadyMs()];
  return () => {
    const [byWall, bySteady] = [clock() - startMs, steadyMs() - steadyStartMs];
    return byWall < bySteady - toleranceMs ? Infinity : Math.max(byWall, bySteady);
  };
}

// shared/base/ids.ts
var import_node_crypto = require("node:crypto");
var import_safe_stable_stringify = require("safe-stable-stringify");
function digest(parts, length) {
  return (0, import_node_crypto.createHash)("sha256").update((0, import_safe_stable_stringify.stringify)(parts) ?? "").digest("base64url").slice(0, length);
}
function derivedId(prefix4, ...parts) {
  return `${prefix4}_${digest(parts, 22)}`;
}
function randomId(prefix4) {
  return `${prefix4}_${(0, import_node_crypto.randomUUID)().replaceAll("-", "")}`;
}
function fingerprint(body) {
  return digest([body], 43);
}
function pickShard(id, shards) {
  return [...id].reduce((sum, character) => sum + character.codePointAt(0), 0) % shards;
}

// shared/base/errors.ts
var HoldfastError = class extends Error {
  code;
  fields;
  constructor(code, detail, fields = {}) {
    super(detail);
    this.name = new.target.name;
    this.code = code;
    this.fields = fields;
  }
};
var InvalidRequest = class extends HoldfastError {
  constructor(issues) {
    const first = issues[0];
    super("INVALID_REQUEST", first ? `${first.path}: ${first.message}` : "Invalid request", {
      issues
    });
  }
};
var Forbidden = class extends HoldfastError {
  constructor(detail = "You may not do this") {
    super("FORBIDDEN", detail);
  }
};
var TooLarge = class extends HoldfastError {
  constructor(detail, limit) {
    super("TOO_LARGE", detail, { limit });
  }
};
var TryAgain = class extends HoldfastError {
  constructor(detail = "Too busy right now: nothing was changed, please try again") {
    super("TRY_AGAIN", detail);
  }
};

// shared/providers/provider.ts
var BadSignature = class extends HoldfastError {
  constructor(provider) {
    super("BAD_SIGNATURE", "This was not signed by the provider", { provider });
  }
};
var PaymentMethodUnavailable = class extends HoldfastError {
  constructor(paymentMethod, reason) {
    const told2 = {
      currency_unsupported: "does not take this currency",
      amount_too_small: "does not take so small an amount",
      amount_too_large: "does not take so large an amount",
      amount_not_representable: "cannot take exactly this amount",
      not_configured: "is not set up here"
    };
    super("PAYMENT_METHOD_UNAVAILABLE", `${paymentMethod} ${told2[reason]}`, {
      paymentMethod,
      reason
    });
  }
};
var ProviderFailed = class extends HoldfastError {
  retriable;
  /** The provider's own code, for example `charge_already_refunded`. */
  reason;
  constructor(provider, reason, retriable) {
    super("PAYMENT_PROVIDER_ERROR", `The payment provider ${provider} failed`, {
      provider,
      reason,
      retriable
    });
    this.retriable = retriable;
    this.reason = reason;
  }
};

// shared/providers/signatures.ts
var import_node_crypto2 = require("node:crypto");
function sameText(one, other) {
  const digest2 = (text) => (0, import_node_crypto2.createHash)("sha256").update(text).digest();
  return (0, import_node_crypto2.timingSafeEqual)(digest2(one), digest2(other));
}
function matchesAny(given, expected) {
  return expected.map((signature) => sameText(signature, given)).includes(true);
}
function secondsIn(text) {
  return text !== void 0 && /^\d{1,12}$/.test(text) ? Number(text) : void 0;
}
function parseJson(body) {
  try {
    return JSON.parse(body.toString());
  } catch {
    return void 0;
  }
}

// shared/providers/sandbox.ts
var toleranceSeconds = 300;
var prefix = "sbx_";
var foreignId2 = import_zod2.z.string().min(1).max(255);
var eventSchema = import_zod2.z.object({
  type: import_zod2.z.enum([
    "payment.processing",
    "payment.captured",
    "payment.failed",
    "payment.refunded",
    "payment.disputed"
  ]),
  data: import_zod2.z.object({
    orderId: foreignId2,
    transactionId: foreignId2,
    paymentId: foreignId2,
    amountMinor: import_zod2.z.int(),
    currency: currencyCode,
    /** What `payment.refunded` is about; without it all of the payment went back. */
    refund: import_zod2.z.object({
      refundId: foreignId2,
      amountMinor: import_zod2.z.int().positive(),
      status: import_zod2.z.enum(["requested", "done", "failed"]),
      ourRefundId: foreignId2.optional()
    }).optional(),
    /** What `payment.disputed` is about. */
    dispute: import_zod2.z.object({
      disputeId: foreignId2,
      amountMinor: import_zod2.z.int().positive(),
      status: import_zod2.z.enum(["open", "won", "lost"]),
      changedAtMs: import_zod2.z.int().nonnegative()
    }).optional()
  })
});
function parseSandboxTransactionId(transactionId) {
  return transactionId.startsWith(prefix) ? transactionId.slice(prefix.length) : void 0;
}
function makeSandboxTransactionId(orderId) {
  return prefix + orderId;
}
function createWebhook(keys) {
  try {
    return new import_standardwebhooks.Webhook(keys["webhookSecret"] ?? "");
  } catch {
    return void 0;
  }
}
function signSandboxEvent(keys, event, message) {
  const body = JSON.stringify(event);
  const signature = createWebhook(keys)?.sign(message.id, message.at, body) ?? "";
  const timestamp = String(Math.floor(message.at.getTime() / 1e3));
  return {
    body,
    headers: {
      "content-type": "application/json",
      "webhook-id": message.id,
      "webhook-timestamp": timestamp,
      "webhook-signature": signature
    }
  };
}
var outline = import_zod2.z.object({
  type: import_zod2.z.string(),
  data: import_zod2.z.object({ orderId: foreignId2.optional() }).catch({})
});
var kinds = {
  "payment.processing": "processing",
  "payment.captured": "captured",
  "payment.failed": "failed",
  "payment.refunded": "refunded",
  "payment.disputed": "disputed"
};
function parseFact({ type, data: { refund, dispute, ...data } }) {
  const kind = kinds[type];
  const fact = { kind, provider: "sandbox", ...data, type, certain: true };
  if (kind === "disputed") {
    if (!dispute) return void 0;
    const { changedAtMs: toldAtMs, ...told3 } = dispute;
    const isOver3 = told3.status !== "open";
    const takenMinor = told3.status === "won" ? 0 : told3.amountMinor;
    return { ...fact, dispute: { ...told3, takenMinor, isOver: isOver3, toldAtMs } };
  }
  if (kind !== "refunded") return fact;
  const { paymentId, amountMinor } = data;
  const whole = { refundId: `all-${paymentId}`, amountMinor, status: "done" };
  const told2 = refund ?? whole;
  return { ...fact, refunds: [told2], refundId: told2.refundId };
}
function isGenuine(delivery, keys, nowMs) {
  const { "webhook-id": id, "webhook-timestamp": timestamp } = delivery.headers;
  const sentSeconds = secondsIn(timestamp);
  const given = delivery.headers["webhook-signature"]?.split(" ") ?? [];
  const isText = Buffer.from(delivery.body.toString()).equals(delivery.body);
  if (!id || sentSeconds === void 0 || String(sentSeconds) !== timestamp || !isText)
    return false;
  if (Math.abs(nowMs / 1e3 - sentSeconds) > toleranceSeconds) return false;
  const expected = keys.flatMap((version) => {
    const signing = createWebhook(version);
    return signing ? [signing.sign(id, new Date(sentSeconds * 1e3), delivery.body)] : [];
  });
  return given.map((signature) => matchesAny(signature, expected)).includes(true);
}
function createSandbox({ keys, clock = systemClock }) {
  return {
    name: "sandbox",
    steps: {},
    async whyNot() {
      return void 0;
    },
    async create({ orderId }) {
      return { transactionId: makeSandboxTransactionId(orderId) };
    },
    async readWebhook(delivery) {
      if (!isGenuine(delivery, await keys(), clock())) throw new BadSignature("sandbox");
      const event = eventSchema.safeParse(parseJson(delivery.body));
      const fact = event.success ? parseFact(event.data) : void 0;
      const eventId = delivery.headers["webhook-id"] ?? "";
      if (fact) return { ...fact, eventId };
      const told2 = outline.safeParse(parseJson(delivery.body)).data;
      const { type = "unknown", data } = told2 ?? {};
      const named = data?.orderId === void 0 ? {} : { orderId: data.orderId };
      const noted = { kind: "noted", provider: "sandbox", eventId, type, ...named };
      const isOurs = type === "unknown" || type in kinds;
      return isOurs ? { ...noted, isUnreadable: true } : noted;
    },
    async readReturn() {
      return void 0;
    },
    async fetch() {
      return void 0;
    },
    async findPayment() {
      return void 0;
    },
    async listRecent() {
      return { facts: [] };
    },
    async cancel() {
      return "cancelled";
    },
    async refund({ idempotencyKey, refundId }) {
      return { refundId: refundId ?? derivedId("sbr", idempotencyKey), status: "done" };
    },
    async listRefunds() {
      return [];
    }
  };
}

// shared/locks/lock-limits.ts
var noLockLimits = {
  maxLocksPerUser: 0,
  maxLockMs: Number.POSITIVE_INFINITY
};
function isCounted(kind, { maxLocksPerUser }) {
  return maxLocksPerUser > 0 && kind !== "cart";
}
function leaseEnd({ leaseMs: leaseMs2, maxLockMs }, nowMs, acquiredAtMs = nowMs) {
  return epochMs(Math.min(later(nowMs, leaseMs2), later(acquiredAtMs, maxLockMs)));
}
var takenEntry = ({ fence, resource }) => `${fence} ${resource}`;
function parseTaken(row) {
  const entries = row?.["taken"] ?? /* @__PURE__ */ new Set();
  return [...entries].map((entry) => {
    const end = entry.indexOf(" ");
    return { fence: Number(entry.slice(0, end)), resource: entry.slice(end + 1) };
  });
}
var TooManyLocks = class extends HoldfastError {
  constructor({ maxLocksPerUser: value }, untilMs) {
    const limit = { name: "maxLocksPerUser", value, ...untilMs === void 0 ? {} : { untilMs } };
    super("LIMIT_EXCEEDED", `One user has at most ${value} locks at a time`, { limit });
  }
};
var NoRoom = class extends HoldfastError {
  constructor() {
    super("TRY_AGAIN", "The locks of this user are being counted");
  }
};

// shared/base/logger.ts
var silentLogger = { debug() {
}, info() {
}, warn() {
}, error() {
} };

// shared/shop.ts
var import_promises5 = require("node:timers/promises");

// shared/table/operation.ts
var import_node_async_hooks = require("node:async_hooks");
var operations = new import_node_async_hooks.AsyncLocalStorage();
function newMeter() {
  return { requests: 0, writeUnits: 0, readUnits: 0, elapsedMs: 0, throttles: 0, conflicts: 0 };
}
function runOperation(operation, work) {
  return operations.run(operation, work);
}
function withMoreTime({ moreMs, nowMs }, work) {
  const operation = operations.getStore();
  if (!operation) return work();
  const { deadlineMs, patientUntilMs: patientUntilMs2 = deadlineMs } = operation;
  const untilMs = Math.min(deadlineMs, Math.max(patientUntilMs2, nowMs + moreMs));
  return operations.run({ ...operation, patientUntilMs: untilMs }, work);
}
function withOwnPatience({ forMs, nowMs }, work) {
  const { meter = newMeter(), deadlineMs = nowMs + forMs } = operations.getStore() ?? {};
  const patientUntilMs2 = Math.min(deadlineMs, nowMs + forMs);
  return operations.run({ meter, deadlineMs, patientUntilMs: patientUntilMs2 }, work);
}
var withCommits = /* @__PURE__ */ new WeakSet();
function noteCommit() {
  const operation = operations.getStore();
  if (operation) withCommits.add(operation);
}
function hasCommitted() {
  const operation = operations.getStore();
  return operation !== void 0 && withCommits.has(operation);
}
function currentOperation() {
  return operations.getStore();
}

// shared/admin/clearing.ts
var clearingConfirmation = "clear all locks";
var ClearingNotConfirmed = class extends HoldfastError {
  constructor(issues, dryRun) {
    const { releasedLocks, endedOrders } = dryRun;
    const detail = `This would end ${releasedLocks} locks and ${endedOrders} pending orders. To do it, send confirm: "${clearingConfirmation}" and a reason`;
    super("INVALID_REQUEST", detail, { issues, dryRun });
  }
};

// shared/orders/due-shards.ts
var askAheadMs = secondsToMs(90);
function pendingDueAt({
  expiresAtMs: expiresAtMs2,
  payment
}) {
  return payment ? epochMs(expiresAtMs2 - askAheadMs) : expiresAtMs2;
}
var mostDueShards = 64;
var usualDueShards = 4;
function pickDueShard({ orderId, dueShard }, shards = usualDueShards) {
  return dueShard ?? `due-${pickShard(orderId, shards)}`;
}
var dueShards = Array.from(
  { length: mostDueShards },
  (_, shard) => `due-${shard}`
);

// shared/table/expression.ts
var AttributePath = class {
  segments;
  constructor(segments) {
    this.segments = segments;
  }
};
var Fragment = class {
  texts;
  parts;
  constructor(texts, parts) {
    this.texts = texts;
    this.parts = parts;
  }
};
function pathsOf() {
  return (...segments) => new AttributePath(segments);
}
function assigned(values) {
  const entries = Object.entries(values).map(
    ([name, value]) => [new AttributePath([name]), value]
  );
  return {
    set: entries.filter(([, value]) => value !== void 0).map(([path, value]) => action`${path} = ${value}`),
    remove: entries.filter(([, value]) => value === void 0).map(([path]) => path)
  };
}
function condition(texts, ...parts) {
  return new Fragment(texts, parts);
}
var action = condition;
function joined(fragments, word) {
  const [only] = fragments;
  if (only && fragments.length === 1) return only;
  const texts = fragments.map((_, index) => index === 0 ? "(" : `) ${word} (`);
  return new Fragment([...texts, ")"], fragments);
}
function allOf(...fragments) {
  return joined(fragments, "AND");
}
function anyOf(...fragments) {
  return joined(fragments, "OR");
}
function exists(path) {
  return condition`attribute_exists(${path})`;
}
function isMissing(path) {
  return condition`attribute_not_exists(${path})`;
}
var Placeholders = class {
  #placeholders = /* @__PURE__ */ new Map();
  #names = {};
  #known = [];
  #values = {};
  /** The text of a fragment, with its names and values registered here. */
  text({ texts, parts }) {
    let text = texts[0] ?? "";
    for (const [index, part] of parts.entries())
      text += this.#part(part) + (texts[index + 1] ?? "");
    return text;
  }
  /** The text of a path. */
  path({ segments }) {
    return segments.map((segment) => this.#name(segment)).join(".");
  }
  /** The request's `ExpressionAttributeNames` and `ExpressionAttributeValues`, where there are any. */
  attributes() {
    return {
      ...this.#placeholders.size > 0 ? { ExpressionAttributeNames: this.#names } : {},
      ...this.#known.length > 0 ? { ExpressionAttributeValues: this.#values } : {}
    };
  }
  #part(part) {
    if (part instanceof Fragment) return this.text(part);
    if (part instanceof AttributePath) return this.path(part);
    const known = this.#known.indexOf(part);
    if (known >= 0) return `:v${known}`;
    const placeholder = `:v${this.#known.push(part) - 1}`;
    this.#values[placeholder] = part;
    return placeholder;
  }
  #name(segment) {
    const known = this.#placeholders.get(segment);
    if (known) return known;
    const placeholder = `#n${this.#placeholders.size}`;
    this.#placeholders.set(segment, placeholder);
    this.#names[placeholder] = segment;
    return placeholder;
  }
};

// shared/table/write.ts
var maxTransactionWrites = 100;
function makeRepeatable(write) {
  return write.recall ? { ...write, condition: allOf(write.condition, write.recall.condition) } : write;
}
function listTogether(writes) {
  return [...writes, ...writes.flatMap(({ companion }) => companion ? [companion] : [])];
}
function put(write) {
  return { kind: "put", ...write };
}
function update(write) {
  return { kind: "update", ...write };
}
function check(write) {
  return { kind: "check", ...write };
}
function updateExpression(change3, placeholders) {
  const clause = (word, actions = []) => actions.length > 0 ? [`${word} ${actions.join(", ")}`] : [];
  const text = (fragment) => placeholders.text(fragment);
  return [
    ...clause("SET", change3.set?.map(text)),
    ...clause(
      "REMOVE",
      change3.remove?.map((path) => placeholders.path(path))
    ),
    ...clause("ADD", change3.add?.map(text)),
    ...clause("DELETE", change3.delete?.map(text))
  ].join(" ");
}
function makeRequest(write, tableName) {
  const placeholders = new Placeholders();
  const expressions = write.kind === "update" ? { UpdateExpression: updateExpression(write.change, placeholders) } : {};
  return {
    TableName: tableName(write.table),
    ...write.kind === "put" ? { Item: write.item } : { Key: write.key },
    ...expressions,
    ConditionExpression: placeholders.text(write.condition),
    ...placeholders.attributes(),
    ReturnValuesOnConditionCheckFailure: "ALL_OLD"
  };
}

// shared/orders/old-refunds.ts
function carryOver(refund, createdAtMs) {
  const { refundId, provider, transactionId, paymentId, currency, ...entry } = refund;
  const of = { provider, transactionId, paymentId, currency };
  return {
    ...entry,
    of,
    createdAtMs,
    ...refundId === void 0 ? {} : { providerRefundId: refundId }
  };
}
function parseOrderRow(row) {
  const old = row;
  if (!old.payment?.refund && !old.extraRefunds) return row;
  const { extraRefunds = {}, payment: paid, ...order } = old;
  const { refund, ...payment } = paid;
  const { orderId, createdAtMs } = old;
  const atMs = payment.capturedAtMs ?? createdAtMs;
  const extras = Object.entries(extraRefunds);
  const refunds = {
    ...payment.refunds,
    ...refund ? { [orderId]: carryOver(refund, atMs) } : {},
    ...Object.fromEntries(extras.map(([id, each]) => [`${orderId}-${id}`, carryOver(each, atMs)]))
  };
  const extraMinor = {
    ...payment.extraMinor,
    ...Object.fromEntries(extras.map(([paymentId, { amountMinor }]) => [paymentId, amountMinor]))
  };
  return { ...order, payment: { ...payment, refunds, extraMinor } };
}

// shared/orders/order.ts
function isOwnOrder({ userId }, caller) {
  return caller.isAdmin || caller.userId === userId;
}
function resolvePlacer({ userId, placedBy = userId }) {
  return placedBy;
}
function sumDemand(lines) {
  const quantities2 = /* @__PURE__ */ new Map();
  for (const { itemId, quantity } of lines) {
    quantities2.set(itemId, (quantities2.get(itemId) ?? 0) + quantity);
  }
  return [...quantities2].map(([itemId, quantity]) => ({ itemId, quantity }));
}
var maxOrderItems = 90;
var OrderNotFound = class extends HoldfastError {
  constructor(orderId) {
    super("ORDER_NOT_FOUND", "There is no such order", { orderId });
  }
};
function isProcessing({ status, payment }) {
  return status === "pending" && payment?.state === "processing";
}
var OrderNotPayable = class extends HoldfastError {
  constructor(order) {
    const { orderId, status: orderStatus } = order;
    const isBusy = isProcessing(order);
    const detail = isBusy ? "A bank is at work on the order's payment" : `The order is ${orderStatus}`;
    super("ORDER_NOT_PAYABLE", detail, {
      orderId,
      orderStatus,
      ...isBusy ? { reason: "payment_processing" } : {}
    });
  }
};
var IdempotencyKeyReused = class extends HoldfastError {
  constructor() {
    super("IDEMPOTENCY_KEY_REUSED", "This idempotency key was used for a different request");
  }
};
var OrderExists = class extends HoldfastError {
  order;
  constructor(order) {
    super("IDEMPOTENCY_KEY_REUSED", "This order was placed before", { orderId: order.orderId });
    this.order = order;
  }
};

// shared/orders/order-store.ts
function parseOrder(row) {
  return parseOrderRow(row);
}
function orderRefused(orderId, found) {
  return found ? new OrderNotPayable(parseOrder(found)) : new OrderNotFound(orderId);
}
var at = pathsOf();
var orderRow = (orderId) => ({ table: "Orders", key: { orderId } });
function canBeOrderId(orderId) {
  return /^[\w-]{1,128}$/.test(orderId);
}
var isPending = condition`${at("status")} = ${"pending"}`;
function orderIsAsRead({ order }) {
  return allOf(
    condition`${at("expiresAtMs")} = ${order.expiresAtMs}`,
    condition`${at("userId")} = ${order.userId}`
  );
}
var noBankIsAtWork = anyOf(
  isMissing(at("payment", "state")),
  condition`${at("payment", "state")} <> ${"processing"}`
);
function mayEnd({ to, nowMs }) {
  if (to !== "expired") return noBankIsAtWork;
  return condition`${at("expiresAtMs")} <= ${nowMs}`;
}
function placeOrderWrite(order, note) {
  return put({
    ...orderRow(order.orderId),
    item: { ...order, change: note },
    condition: isMissing(at("orderId")),
    refused: (found) => new OrderExists(parseOrder(found))
  });
}
function closeOrderWrite(closing) {
  const { order, to, note } = closing;
  const { orderId } = order;
  return update({
    ...orderRow(orderId),
    change: {
      set: [action`${at("status")} = ${to}`, action`${at("change")} = ${note}`],
      remove: [at("dueShard"), at("dueAtMs")]
    },
    condition: allOf(isPending, orderIsAsRead(closing), mayEnd(closing)),
    refused: (found) => orderRefused(orderId, found)
  });
}
async function resolve(database, { rows, cursor }, status) {
  const keys = rows.map((row) => ({ orderId: parseOrder(row).orderId }));
  const found = keys.length > 0 ? await database.getMany("Orders", keys) : [];
  const byId = new Map(found.map((row) => [parseOrder(row).orderId, parseOrder(row)]));
  const orders = keys.flatMap(({ orderId }) => byId.get(orderId) ?? []);
  const wanted = orders.filter((order) => status === void 0 || order.status === status);
  return { rows: wanted, ...cursor === void 0 ? {} : { cursor } };
}
async function findOrder(database, orderId) {
  if (!canBeOrderId(orderId)) return void 0;
  const row = await database.get("Orders", { orderId });
  return row && parseOrder(row);
}
async function getOwnOrder(database, orderId, caller) {
  const order = await findOrder(database, orderId);
  if (order && isOwnOrder(order, caller)) return order;
  throw new OrderNotFound(orderId);
}
async function listOrders(database, query) {
  const { userId, status, limit, cursor } = query;
  if (userId === void 0) {
    const filter = status && condition`${at("status")} = ${status}`;
    const wanted = filter ? { filter } : {};
    const page = await database.scan({ table: "Orders", limit, cursor, ...wanted });
    return { ...page, rows: page.rows.map(parseOrder) };
  }
  const where = condition`${at("userId")} = ${userId}`;
  const list = {
    table: "Orders",
    index: "byUser",
    where,
    limit,
    cursor,
    ascending: false
  };
  return resolve(database, await database.query(list), status);
}
async function listDueOrders(database, { dueShard, throughMs, ...page }) {
  const where = condition`${at("dueShard")} = ${dueShard} AND ${at("dueAtMs")} <= ${throughMs}`;
  return resolve(database, await database.query({ table: "Orders", index: "due", where, ...page }));
}

// shared/table/paging.ts
function encodeCursor(key2) {
  return Buffer.from(JSON.stringify(key2)).toString("base64url");
}
function notACursor() {
  return new InvalidRequest([{ path: "cursor", message: "is not a cursor of this list" }]);
}
function isPart(part) {
  return typeof part === "string" ? part.isWellFormed() : Number.isSafeInteger(part);
}
function isKey(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value) && Object.values(value).every(isPart);
}
function decodeCursor(cursor) {
  try {
    const key2 = JSON.parse(Buffer.from(cursor, "base64url").toString());
    if (isKey(key2)) return key2;
  } catch {
  }
  throw notACursor();
}

// shared/table/sharded-index.ts
function parsePosition(cursor, shards) {
  if (cursor === void 0) return { shard: 0 };
  const { shard, after } = decodeCursor(cursor);
  if (typeof shard !== "number" || !Number.isInteger(shard) || shard < 0 || shard >= shards) {
    throw notACursor();
  }
  return { shard, ...after === void 0 ? {} : { after: String(after) } };
}
var atOnce = 16;
async function listShards(database, { table: table2, index, partitions, limit, cursor }) {
  const rows = [];
  let position = parsePosition(cursor, partitions.length);
  let width = 1;
  while (position && rows.length < limit) {
    const { shard: first, after } = position;
    const left2 = limit - rows.length;
    const asked = partitions.slice(first, first + width).map((where, nth) => {
      const from = nth === 0 ? after : void 0;
      return database.query({ table: table2, index, where, limit: left2, cursor: from });
    });
    for (const [nth, page] of (await Promise.all(asked)).entries()) {
      if (rows.length >= limit || page.rows.length > limit - rows.length) break;
      rows.push(...page.rows);
      const shard = first + nth;
      if (page.cursor !== void 0) position = { shard, after: page.cursor };
      else position = shard + 1 < partitions.length ? { shard: shard + 1 } : void 0;
      if (page.cursor !== void 0) break;
    }
    width = atOnce;
  }
  return { rows, ...position ? { cursor: encodeCursor({ ...position }) } : {} };
}

// shared/admin/pending-order-store.ts
var at2 = pathsOf();
async function resolve2(database, entries) {
  if (entries.length === 0) return [];
  const keys = entries.map((entry) => ({ orderId: String(entry["orderId"]) }));
  const rows = await database.getMany("Orders", keys);
  const byId = new Map(rows.map((row) => [row["orderId"], row]));
  const inOrder = keys.map(({ orderId }) => byId.get(orderId));
  return inOrder.filter((row) => row !== void 0).map(parseOrder);
}
function deadlineIsBetween(afterMs, throughMs) {
  if (afterMs === void 0) return [];
  const fromMs = afterMs + 1 - askAheadMs;
  if (throughMs === void 0) return [condition`${at2("dueAtMs")} >= ${fromMs}`];
  return [condition`${at2("dueAtMs")} BETWEEN ${fromMs} AND ${throughMs}`];
}
async function listPendingOrders(database, { afterMs, throughMs, limit, cursor }) {
  const isLive = deadlineIsBetween(afterMs, throughMs);
  const partitions = dueShards.map(
    (shard) => allOf(condition`${at2("dueShard")} = ${shard}`, ...isLive)
  );
  const list = { table: "Orders", index: "due", partitions, limit, cursor };
  const page = await listShards(database, list);
  const pending = (await resolve2(database, page.rows)).filter(
    ({ status, expiresAtMs: expiresAtMs2 }) => status === "pending" && (afterMs === void 0 || expiresAtMs2 > afterMs) && (throughMs === void 0 || expiresAtMs2 <= throughMs)
  );
  return { ...page, rows: pending };
}

// shared/admin/clearing-service.ts
var sideBySide = 10;
var countedAtOnce = 500;
var reserveMs = 4e3;
async function countAll(list, isLate2) {
  let count = 0;
  let cursor;
  do {
    const page = await list({ limit: countedAtOnce, cursor });
    count += page.rows.length;
    cursor = page.cursor;
  } while (cursor !== void 0 && !isLate2());
  return count;
}
async function endAll(list, end, isLate2) {
  let [ended, busy] = [0, 0];
  let cursor;
  do {
    if (isLate2()) return { ended, undone: true };
    const page = await list({ limit: sideBySide, cursor });
    const outcomes = await Promise.all(page.rows.map(end));
    ended += outcomes.filter((outcome) => outcome === "ended").length;
    busy += outcomes.filter((outcome) => outcome === "busy").length;
    cursor = page.cursor;
  } while (cursor !== void 0);
  return { ended, undone: busy > 0 };
}
function whatIsMissing({ confirm, reason }) {
  const typed = { path: "confirm", message: `must be exactly "${clearingConfirmation}"` };
  return [
    ...confirm === clearingConfirmation ? [] : [typed],
    ...reason === void 0 ? [{ path: "reason", message: "must be given" }] : []
  ];
}
function createClearingService(options) {
  const { database, locks, cancelling: cancelling2, clock } = options;
  async function endOrder(orderId, actor, reason) {
    try {
      await release(orderId, actor, reason);
      return "ended";
    } catch (error) {
      if (!(error instanceof HoldfastError)) throw error;
      if (error.code === "PAYMENT_PROVIDER_ERROR") return "busy";
      if (error.code !== "ORDER_NOT_PAYABLE") throw error;
      return error.fields["reason"] === "payment_processing" ? "busy" : "gone";
    }
  }
  function release(orderId, actor, reason) {
    const caller = { userId: actor.id, isAdmin: true };
    return cancelling2.cancel({ orderId, caller, actor, reason });
  }
  return {
    /**
     * Ends a pending order whoever's it is: its holds are released, its cart is unlocked, and the
     * provider is asked to take no more money for it. Two requests.
     *
     * @throws OrderNotFound, OrderNotPayable, CaptureUnsettled; nothing was changed
     * @example await clearing.release("ord_x", { id: "root" }, "the shop closes")
     */
    release,
    /**
     * Ends every lock and every pending order: afterwards no former holder's write is accepted, and who
     * did it and why is on record with each of them. Each end is a transaction of its own, so an
     * interruption leaves nothing half done, and repeating it goes on with what is left; `complete`
     * tells that nothing is. An order whose payment a bank is at work on stays. Stops when the operation's time is up.
     *
     * @throws ClearingNotConfirmed with the counts of what would end; nothing was changed
     * @example await clearing.clearAll({ confirm: "clear all locks", reason: "drill", actor })
     */
    async clearAll(wish) {
      const endMs = (currentOperation()?.deadlineMs ?? Number.POSITIVE_INFINITY) - reserveMs;
      const isLate2 = () => clock() >= endMs;
      const missing = whatIsMissing(wish);
      if (missing.length > 0) {
        const releasedLocks = await countAll((page) => locks.list(page), isLate2);
        const endedOrders = await countAll((page) => listPendingOrders(database, page), isLate2);
        throw new ClearingNotConfirmed(missing, { releasedLocks, endedOrders });
      }
      const { actor, reason } = wish;
      const released = await endAll(
        (page) => locks.list(page),
        async ({ resource }) => await locks.forceRelease({ resource, actor, reason }) ? "ended" : "gone",
        isLate2
      );
      const closed = await endAll(
        (page) => listPendingOrders(database, page),
        ({ orderId }) => endOrder(orderId, actor, reason),
        isLate2
      );
      return {
        releasedLocks: released.ended,
        endedOrders: closed.ended,
        complete: !released.undone && !closed.undone
      };
    }
  };
}

// shared/base/group-by.ts
function groupBy(list, nameOf) {
  const groups = /* @__PURE__ */ new Map();
  for (const entry of list) {
    const name = nameOf(entry);
    const group = groups.get(name);
    if (group) group.push(entry);
    else groups.set(name, [entry]);
  }
  return groups;
}

// shared/inventory/deadline.ts
var steps = [
  [30, 1],
  [100, 5],
  [400, 20],
  [1200, 60],
  [6e3, 300],
  [18e3, 900],
  [72e3, 3600]
];
var coarsestSeconds = 21600;
function gridStepMs(holdMs) {
  const fitting = steps.find(([longestSeconds]) => holdMs <= secondsToMs(longestSeconds));
  return secondsToMs(fitting?.[1] ?? coarsestSeconds);
}
function deadlineAfter(nowMs, holdMs) {
  const stepMs = gridStepMs(holdMs);
  return epochMs(Math.ceil((nowMs + holdMs) / stepMs) * stepMs);
}
function deadlineWithin(latestMs, holdMs) {
  const stepMs = gridStepMs(holdMs);
  return epochMs(Math.floor(latestMs / stepMs) * stepMs);
}
function bucketKey(expiresAtMs2) {
  return String(Math.ceil(expiresAtMs2 / 1e3));
}
function bucketEndMs(bucket) {
  return epochMs(Number(bucket) * 1e3);
}

// shared/inventory/buckets.ts
var manyBuckets = 40;
var maxTakenOver = 100;
function listBuckets({ due }) {
  return Object.entries(due).map(([key2, quantity]) => ({ key: key2, endsAtMs: bucketEndMs(key2), quantity })).toSorted((one, other) => one.endsAtMs - other.endsAtMs);
}
function unitsIn(buckets) {
  return buckets.reduce((sum, { quantity }) => sum + quantity, 0);
}
function isOver({ endsAtMs }, { reclaimedThroughMs }, nowMs) {
  return isExpired(endsAtMs, nowMs) || endsAtMs <= reclaimedThroughMs;
}
function liveBuckets(stock, nowMs) {
  return listBuckets(stock).filter(
    (bucket) => bucket.quantity > 0 && !isOver(bucket, stock, nowMs)
  );
}
function expiredUnits(stock, nowMs) {
  return unitsIn(listBuckets(stock).filter((bucket) => isOver(bucket, stock, nowMs)));
}
function roomIn(stock, nowMs) {
  const over = listBuckets(stock).filter((bucket) => isOver(bucket, stock, nowMs));
  return {
    over: over.slice(0, maxTakenOver),
    reclaimedThroughMs: stock.reclaimedThroughMs
  };
}
function watermarkAfter({ over, reclaimedThroughMs }) {
  const last = over.at(-1)?.endsAtMs ?? 0;
  return epochMs(Math.max(reclaimedThroughMs, last));
}

// shared/inventory/stock.ts
function isForSale({ saleStartsAtMs = 0, saleEndsAtMs = Infinity, archivedAtMs }, nowMs) {
  return archivedAtMs === void 0 && saleStartsAtMs <= nowMs && nowMs < saleEndsAtMs;
}
function isSpread({ away = 0, shards }) {
  return away > 0 || shards !== void 0;
}
function isAtPrice({ price, ceiling }, { amountMinor, currency }) {
  const isAsSeen = !price || price.amountMinor === amountMinor && price.currency === currency;
  const isBelow = !ceiling || amountMinor <= ceiling.amountMinor && ceiling.currency === currency;
  return isAsSeen && isBelow;
}
function whyRefused(demand, stock, nowMs) {
  const { itemId, quantity: requested } = demand;
  if (!stock) return { itemId, reason: "not_found", available: 0, requested };
  const live = liveBuckets(stock, nowMs);
  const available = stock.available + expiredUnits(stock, nowMs);
  const facts = { itemId, available, requested };
  if (!isForSale(stock, nowMs)) return { ...facts, reason: "not_for_sale" };
  if (!isAtPrice(demand, stock)) {
    const { amountMinor, currency } = stock;
    return { ...facts, reason: "price_changed", price: { amountMinor, currency } };
  }
  if (live.length > 0 && stock.holdPolicy === "exclusive") {
    const lockedUntilMs = Math.max(...live.map(({ endsAtMs }) => endsAtMs));
    return { ...facts, reason: "locked", lockedUntilMs };
  }
  return available < requested ? { ...facts, reason: "insufficient_stock" } : void 0;
}
var lockedDetail = "Item is currently being processed by another user";
var ItemsUnavailable = class extends HoldfastError {
  failedItems;
  constructor(failedItems) {
    const locked = failedItems.some(({ reason }) => reason === "locked");
    const names = failedItems.map(({ itemId, reason }) => `${itemId} (${reason})`).join(", ");
    super("ITEMS_UNAVAILABLE", locked ? lockedDetail : `Not available: ${names}`, { failedItems });
    this.failedItems = failedItems;
  }
};
var ItemNotFound = class extends HoldfastError {
  constructor(itemId) {
    super("ITEM_NOT_FOUND", `There is no item ${itemId}`, { itemId });
  }
};
var ItemExists = class extends HoldfastError {
  constructor(itemId) {
    super("ITEM_EXISTS", `There is an item ${itemId} already`, { itemId });
  }
};
var HoldGone = class extends HoldfastError {
  constructor(itemId) {
    super("HOLD_GONE", "The hold has ended", { itemId });
  }
};

// shared/base/actor.ts
function changeNote(action2, actor, atMs, reason) {
  return {
    action: action2,
    actor: actor.id,
    atMs,
    ...reason === void 0 ? {} : { reason },
    ...actor.requestId === void 0 ? {} : { requestId: actor.requestId }
  };
}

// shared/base/again.ts
var OnceMore = class {
  /** What it comes to when no round is left. */
  worn;
  constructor(worn = new TryAgain()) {
    this.worn = worn;
  }
};
async function again(rounds, attempt) {
  for (let round = 0; ; round += 1) {
    const outcome = await attempt(round);
    if (!(outcome instanceof OnceMore)) return outcome;
    if (round + 1 >= rounds) throw outcome.worn;
  }
}

// shared/table/transaction.ts
var TransactionRefused = class _TransactionRefused extends HoldfastError {
  refusals;
  /** An earlier attempt got no answer: it might still arrive and find that all conditions hold by then. */
  isAfterLoss;
  constructor(refusals, isAfterLoss = false) {
    const [{ error }] = refusals;
    super(error.code, error.message, error.fields);
    this.refusals = refusals;
    this.isAfterLoss = isAfterLoss;
  }
  /** The same, where an attempt before this one got no answer either. */
  withLoss(isAfterLoss) {
    const [first, ...others] = this.refusals;
    return isAfterLoss === this.isAfterLoss ? this : new _TransactionRefused([first, ...others], isAfterLoss);
  }
  /** The refusal of this very write, if it is among those that failed. */
  of(write) {
    return this.refusals.find((refusal) => refusal.write === write);
  }
};
function makeRefusal(writes, found, isAfterLoss) {
  const refusals = [...found].map(([index, row]) => {
    const write = writes[index];
    return { index, write, error: write.refused(row), found: row };
  });
  const companions = new Set(writes.map(({ companion }) => companion));
  const decisive2 = refusals.find(({ write }) => companions.has(write));
  if (decisive2) return decisive2.error;
  return new TransactionRefused(refusals, isAfterLoss);
}

// shared/inventory/old-layout.ts
var stockSchemaVersion = 2;
var at3 = pathsOf();
var clocksDifferByMs = 5e3;
function isOldLayout(row) {
  return row?.["holds"] !== void 0 && row["due"] === void 0;
}
function carriedOver(row, nowMs) {
  const { holds, ...facts } = row;
  const due = {};
  let held = 0;
  for (const { quantity, expiresAtMs: expiresAtMs2 } of Object.values(holds)) {
    const bucket = bucketKey(expiresAtMs2);
    due[bucket] = (due[bucket] ?? 0) + quantity;
    held += quantity;
  }
  const reclaimedThroughMs = nowMs === void 0 ? 0 : (Math.floor(nowMs / 1e3) + clocksDifferByMs / 1e3) * 1e3;
  return { ...facts, held, due, reclaimedThroughMs, schemaVersion: stockSchemaVersion };
}

// shared/inventory/hot/item-moved.ts
var ItemMoved = class extends HoldfastError {
  found;
  constructor(found) {
    super("TRY_AGAIN", new TryAgain().message);
    this.found = found;
  }
};

// shared/inventory/hot/row-place.ts
var settlementParts = 16;
function rowKey(itemId, row) {
  return { itemId: row === 0 ? itemId : `${itemId}#${row}`, shard: row };
}
function pickPart(orderId) {
  return pickShard(orderId, settlementParts);
}
function noticePlace(itemId) {
  return { table: "Stock", key: { itemId: `${itemId}#soldout`, shard: -1 } };
}
function openingsPlace(itemId, row) {
  return { table: "Stock", key: { itemId: `${itemId}#${row}#openings`, shard: -1 } };
}
function settlementPlace(itemId, row, bucket, part) {
  const key2 = { itemId: `${itemId}#${row}#${part}`, shard: Number(bucket) };
  return { table: "Stock", key: key2 };
}

// shared/inventory/about-store.ts
var at4 = pathsOf();
var aboutShard = -2;
var aboutPlace = (itemId) => ({ table: "Stock", key: { itemId, shard: aboutShard } });
function aboutWrite(itemId, about, note) {
  const said = Object.entries({ description: about.description, imageUrl: about.imageUrl });
  const set = said.filter(([, value]) => value !== void 0 && value !== null);
  const gone2 = said.filter(([, value]) => value === null);
  return update({
    ...aboutPlace(itemId),
    change: {
      set: [
        action`${at4("item")} = ${itemId}`,
        action`${at4("change")} = ${note}`,
        ...set.map(([name, value]) => action`${new AttributePath([name])} = ${value}`)
      ],
      remove: gone2.map(([name]) => new AttributePath([name]))
    },
    condition: anyOf(isMissing(at4("item")), condition`${at4("item")} = ${itemId}`),
    refused: () => new ItemNotFound(itemId)
  });
}
function isAboutRow(row) {
  return row["shard"] === aboutShard;
}
function parseAbout(row) {
  const { description, imageUrl } = row ?? {};
  return {
    ...description === void 0 ? {} : { description },
    ...imageUrl === void 0 ? {} : { imageUrl }
  };
}
async function withAbout(items, read2) {
  const told2 = items.filter(({ hasAbout }) => hasAbout);
  const rows = told2.length > 0 ? await read2(
    "Stock",
    told2.map(({ itemId }) => aboutPlace(itemId).key)
  ) : [];
  const byItem = new Map(rows.map((row) => [row["itemId"], parseAbout(row)]));
  return items.map((item) => ({ ...item, ...byItem.get(item.itemId) }));
}
async function lookAtTold(database, itemId) {
  const key2 = pathsOf();
  const where = condition`${key2("itemId")} = ${itemId} AND ${key2("shard")} BETWEEN ${aboutShard} AND ${0}`;
  return (await database.query({ table: "Stock", where, limit: 3 })).rows;
}

// shared/inventory/item-facts.ts
function checkSale(sale) {
  const { startsAtMs = 0, endsAtMs = Infinity } = sale ?? {};
  if (startsAtMs < endsAtMs) return;
  const message = "must be after the sale's beginning";
  throw new InvalidRequest([{ path: "sale.endsAtMs", message }]);
}
function limitFacts(limits) {
  return { perOrder: limits?.perOrder, perShopper: limits?.perShopper };
}
function saleFacts(sale) {
  return { saleStartsAtMs: sale?.startsAtMs, saleEndsAtMs: sale?.endsAtMs };
}
function changedFacts(patch2, nowMs) {
  const { name, price, holdPolicy, limits, sale, archived } = patch2;
  return {
    ...name === void 0 ? {} : { name },
    ...price ? { amountMinor: price.amountMinor, currency: price.currency } : {},
    ...holdPolicy === void 0 ? {} : { holdPolicy },
    ...limits === void 0 ? {} : limitFacts(limits),
    ...sale === void 0 ? {} : saleFacts(sale),
    ...archived === void 0 ? {} : { archivedAtMs: archived ? nowMs : void 0 },
    ...changesAbout(patch2) ? { hasAbout: true } : {}
  };
}
function shardsFacts({ shards }) {
  if (shards === void 0) return {};
  return { shards: shards < 2 ? void 0 : shards, coolsAfterMs: void 0 };
}
function changesAbout({ description, imageUrl }) {
  return description !== void 0 || imageUrl !== void 0;
}

// shared/inventory/stock-store.ts
var catalogs = ["items", "archived"];
var stockKey = (itemId) => rowKey(itemId, 0);
var at5 = pathsOf();
var stockRow = (itemId, row = 0) => ({ table: "Stock", key: rowKey(itemId, row) });
var rowIsReadable = exists(at5("due"));
function parseStock(row) {
  const stock = isOldLayout(row) ? carriedOver(row) : row;
  return stock.item === void 0 ? stock : { ...stock, itemId: stock.item };
}
async function findStock(database, itemId) {
  const row = await database.get("Stock", stockKey(itemId));
  return row && parseStock(row);
}
async function lookAtStock(database, itemId) {
  const rows = await lookAtTold(database, itemId);
  const row = rows.find(({ shard }) => shard === 0);
  return row && { ...parseStock(row), ...parseAbout(rows.find(isAboutRow)) };
}
async function findStocks(database, itemIds) {
  const rows = await database.getMany("Stock", [...new Set(itemIds)].map(stockKey));
  return new Map(rows.map((row) => [parseStock(row).itemId, parseStock(row)]));
}
async function listStocks(database, { catalog: catalog2 = "items", ...page }, read2) {
  const where = condition`${at5("catalog")} = ${catalog2}`;
  const { rows, cursor } = await database.query({
    table: "Stock",
    index: "catalog",
    where,
    ...page
  });
  const keys = rows.map((row) => stockKey(String(row["itemId"])));
  const stocks = keys.length > 0 ? (await read2("Stock", keys)).map(parseStock) : [];
  const items = new Map(stocks.map((stock) => [stock.itemId, stock]));
  const listed = rows.flatMap((row) => items.get(String(row["itemId"])) ?? []);
  return { rows: listed, ...cursor === void 0 ? {} : { cursor } };
}
function createStockWrite(stock, note) {
  return put({
    ...stockRow(stock.itemId),
    item: {
      ...stock,
      shard: 0,
      catalog: catalogs[0],
      schemaVersion: stockSchemaVersion,
      change: note
    },
    condition: isMissing(at5("itemId")),
    refused: () => new ItemExists(stock.itemId)
  });
}
function rowsAreAsRead({ rows }) {
  return rows === void 0 ? isMissing(at5("rows")) : condition`${at5("rows")} = ${rows}`;
}
function isTogether() {
  return allOf(
    isMissing(at5("shards")),
    anyOf(isMissing(at5("away")), condition`${at5("away")} = ${0}`)
  );
}
function patchRowWrite({ itemId, row }, { facts, under = [], note }) {
  const catalog2 = facts.archivedAtMs === void 0 ? "items" : "archived";
  const listed = row === 0 && "archivedAtMs" in facts ? { catalog: catalog2 } : {};
  const { set, remove } = assigned({ ...facts, ...listed });
  const revision = at5("factsRevision");
  return update({
    ...stockRow(itemId, row),
    change: {
      set: [
        action`${at5("change")} = ${note}`,
        action`${revision} = if_not_exists(${revision}, ${0}) + ${1}`,
        ...set
      ],
      remove
    },
    condition: allOf(exists(at5(row === 0 ? "itemId" : "item")), ...under),
    refused: (found) => found ? new ItemMoved(found) : new ItemNotFound(itemId),
    // Its own effect: the very note, which nothing else leaves.
    applied: (found) => isSameNote(found?.["change"], note)
  });
}
function isSameNote(found, note) {
  const change3 = found;
  return ["action", "actor", "atMs", "requestId"].every(
    (name) => change3?.[name] === note[name]
  );
}
function canHaveRows({ shards = 1, holdPolicy }) {
  if (shards < 2 || holdPolicy === "counted") return [];
  return [condition`${at5("holdPolicy")} = ${"counted"}`];
}
function patchStockWrites(item, patch2, note) {
  const { itemId, rows = 0 } = item;
  const all = changedFacts(patch2, note.atMs);
  const { name: _name, hasAbout: _about, ...facts } = all;
  const further = Object.keys(facts).length > 0 ? rows : 0;
  const under = [
    ...Object.keys(facts).length > 0 ? [rowsAreAsRead(item)] : [],
    ...patch2.holdPolicy === "exclusive" ? [isTogether()] : [],
    ...canHaveRows(patch2)
  ];
  const places = Array.from({ length: further }, (_, index) => ({ itemId, row: index + 1 }));
  return [
    patchRowWrite({ itemId, row: 0 }, { facts: { ...all, ...shardsFacts(patch2) }, under, note }),
    ...places.map((place3) => patchRowWrite(place3, { facts, note })),
    ...changesAbout(patch2) ? [aboutWrite(itemId, patch2, note)] : []
  ];
}

// shared/inventory/hot/rows-store.ts
function parseHotRow(row) {
  const parsed = parseStock(row);
  return parsed;
}
function listKeys({ itemId, rows = 0 }) {
  return Array.from({ length: rows + 1 }, (_, row) => rowKey(itemId, row));
}
async function findRows(database, known, read2 = database.getMany) {
  for (let item = known; ; ) {
    const found = await read2("Stock", listKeys(item));
    const first = found.find((each) => each["row"] === void 0);
    if (!first) return void 0;
    const main = parseStock(first);
    const rows = found.filter((each) => each !== first).map(parseHotRow);
    if ((main.rows ?? 0) <= (item.rows ?? 0)) return { main, rows };
    item = main;
  }
}
function together({ main, rows }) {
  const due = {};
  const all = [main, ...rows];
  for (const { key: key2, quantity } of all.flatMap(listBuckets)) {
    due[key2] = (due[key2] ?? 0) + quantity;
  }
  const sum = (name) => all.reduce((total, row) => total + row[name], 0);
  const [held, sold] = [sum("held"), sum("sold")];
  const refunded = Math.min(0, sold);
  const levels = { available: sum("available"), held: held + refunded, sold: sold - refunded };
  return { ...main, ...levels, due };
}
async function withRows(items, read2) {
  const spread2 = items.filter(isSpread);
  const keys = spread2.flatMap((item) => listKeys(item).slice(1));
  const found = keys.length > 0 ? (await read2("Stock", keys)).map(parseHotRow) : [];
  const byItem = groupBy(found, ({ itemId }) => itemId);
  return items.map((main) => {
    const rows = isSpread(main) ? byItem.get(main.itemId) : void 0;
    return rows ? together({ main, rows }) : main;
  });
}
async function findWhole(database, itemId) {
  const main = await findStock(database, itemId);
  return main && (await withRows([main], database.getMany))[0];
}

// shared/admin/live-lock.ts
function selectLockKinds(kind) {
  if (kind === void 0) return [void 0];
  return kind === "item" ? [] : [kind];
}
function liveLockView({ resource, kind, owner, fence, ...times2 }) {
  const { acquiredAtMs, expiresAtMs: expiresAtMs2 } = times2;
  return {
    kind,
    resource,
    owner: owner.userId,
    username: owner.username ?? null,
    sessionId: owner.sessionId ?? null,
    orderId: null,
    quantity: null,
    fence,
    acquiredAtMs,
    expiresAtMs: expiresAtMs2
  };
}
function orderLockViews(order, kind) {
  const { orderId, userId: owner, createdAtMs: acquiredAtMs, expiresAtMs: expiresAtMs2, cart } = order;
  const common = { owner, username: null, orderId, fence: null, acquiredAtMs, expiresAtMs: expiresAtMs2 };
  const items = sumDemand(order.lines).map(({ itemId, quantity }) => {
    return { ...common, kind: "item", resource: itemId, sessionId: null, quantity };
  });
  const carts = cart ? [cart] : [];
  const locked = carts.map(({ cartId, sessionId }) => {
    return { ...common, kind: "cart", resource: cartId, sessionId, quantity: null };
  });
  return [...items, ...locked].filter((lock) => kind === void 0 || lock.kind === kind);
}
var soonMs = 6e4;
var shown = 20;
function countLiveLocks(locks, nowMs) {
  const count = (kind) => locks.filter((lock) => lock.kind === kind).length;
  const byKind = {
    document: count("document"),
    cart: count("cart"),
    item: count("item"),
    custom: count("custom")
  };
  const since = locks.map(({ acquiredAtMs }) => acquiredAtMs);
  return {
    totalActiveLocks: locks.length,
    byKind,
    activeHolds: byKind.item,
    heldUnits: locks.reduce((sum, { quantity }) => sum + (quantity ?? 0), 0),
    oldestAcquiredAtMs: since.length === 0 ? null : since.reduce((a, b) => Math.min(a, b)),
    expiringSoon: locks.filter(({ expiresAtMs: expiresAtMs2 }) => expiresAtMs2 <= nowMs + soonMs).length,
    locks: locks.slice(0, shown)
  };
}

// shared/admin/overview-service.ts
var countedAtOnce2 = 1e3;
var lookedThroughAtOnce = 1e3;
function holdsIn(orders, itemId) {
  return orders.flatMap(
    ({ orderId, userId, expiresAtMs: expiresAtMs2, lines }) => sumDemand(lines).filter((demand) => demand.itemId === itemId).map(({ quantity }) => ({ orderId, userId, quantity, expiresAtMs: expiresAtMs2 }))
  );
}
function measureSpan(live) {
  const ends = live.map(({ endsAtMs }) => endsAtMs);
  return { afterMs: epochMs(Math.min(...ends) - 1e3), throughMs: epochMs(Math.max(...ends)) };
}
var pagesAtOnce = 5;
var pickedFrom = 100;
var identify = ({ kind, resource, orderId }) => [kind, orderId ?? "", resource].join(" ");
function untold(rows, told2) {
  return told2 === void 0 ? rows : rows.slice(rows.findIndex((lock) => identify(lock) === told2) + 1);
}
function parsePosition2(cursor) {
  if (cursor === void 0) return { source: 0 };
  const { source, after, told: told2 } = decodeCursor(cursor);
  if (!Number.isInteger(source) || Number(source) < 0) throw notACursor();
  return {
    source: Number(source),
    ...after === void 0 ? {} : { after: String(after) },
    ...told2 === void 0 ? {} : { told: String(told2) }
  };
}
function formatCursor({ source, after, told: told2 }) {
  return encodeCursor({
    source,
    ...after === void 0 ? {} : { after },
    ...told2 === void 0 ? {} : { told: told2 }
  });
}
function createOverviewService(options) {
  const { database, locks, clock } = options;
  function listSources(kind, owner) {
    const named = selectLockKinds(kind).map((wanted) => {
      return async (page) => {
        const { rows, ...more } = await locks.list({ kind: wanted, userId: owner, ...page });
        return { rows: rows.map(liveLockView), ...more };
      };
    });
    const ordered = async (page) => {
      const { rows, ...more } = await listPendingOrders(database, { afterMs: clock(), ...page });
      const owned = rows.filter(({ userId }) => owner === void 0 || userId === owner);
      return { rows: owned.flatMap((order) => orderLockViews(order, kind)), ...more };
    };
    return kind === "document" || kind === "custom" ? named : [...named, ordered];
  }
  async function list({ kind, owner, limit, cursor }) {
    const sources = listSources(kind, owner);
    const found = [];
    const pageSize4 = owner === void 0 ? limit : Math.max(limit, pickedFrom);
    let position = parsePosition2(cursor);
    for (let looks = 0; looks < pagesAtOnce && found.length < limit; looks += 1) {
      const { source, after, told: told2 } = position;
      const next = sources[source];
      if (!next) return { rows: found };
      const page = await next({ limit: pageSize4, cursor: after });
      const fresh = untold(page.rows, told2);
      const room = limit - found.length;
      found.push(...fresh.slice(0, room));
      if (fresh.length > room) position = { source, after, told: identify(fresh[room - 1]) };
      else if (page.cursor === void 0) position = { source: source + 1 };
      else position = { source, after: page.cursor };
    }
    return position.source < sources.length ? { rows: found, cursor: formatCursor(position) } : { rows: found };
  }
  return {
    /**
     * A page of live locks and holds: named locks first, then what pending orders hold.
     *
     * @example const { rows } = await overview.list({ kind: "item", limit: 20 });
     */
    list,
    /**
     * Counts over live locks and holds, about 1,000 of them at once; the cursor counts on.
     *
     * @example const { totalActiveLocks } = await overview.stats();
     */
    async stats(cursor) {
      const page = await list({ limit: countedAtOnce2, cursor });
      return { ...countLiveLocks(page.rows, clock()), cursor: page.cursor ?? null };
    },
    /**
     * An item with its live holds, longest to go last. The item's row says how many units are held until
     * when, and pending orders with those deadlines say by whom: one request where nothing is held,
     * otherwise one more for each partition of the index and each 100 of up to 1,000 orders that are
     * looked through; the cursor goes on behind them.
     *
     * @throws ItemNotFound
     * @example const { holds } = await overview.item("mug");
     */
    async item(itemId, cursor) {
      const stock = await findWhole(database, itemId);
      if (!stock) throw new ItemNotFound(itemId);
      const nowMs = clock();
      const live = liveBuckets(stock, nowMs);
      const isLocked = live.length > 0;
      if (!isLocked && cursor === void 0) return { stock, isLocked, holds: [] };
      const span = isLocked ? measureSpan(live) : { afterMs: nowMs, throughMs: nowMs };
      const query = { ...span, limit: lookedThroughAtOnce, cursor };
      const { rows, ...more } = await listPendingOrders(database, query);
      const holds = holdsIn(
        rows.filter(({ expiresAtMs: expiresAtMs2 }) => expiresAtMs2 > nowMs),
        itemId
      );
      const sorted = holds.toSorted((a, b) => a.expiresAtMs - b.expiresAtMs);
      return { stock, isLocked, holds: sorted, ...more };
    }
  };
}

// shared/inventory/hold-conditions.ts
var at6 = pathsOf();
function stockCoversHold(quantity, freed) {
  return condition`${at6("available")} >= ${quantity - freed}`;
}
function priceIsAsSeen({ price }) {
  if (!price) return [];
  return [
    condition`${at6("amountMinor")} = ${price.amountMinor}`,
    condition`${at6("currency")} = ${price.currency}`
  ];
}
function priceHasNotRisen({ ceiling }) {
  if (!ceiling) return [];
  return [
    condition`${at6("amountMinor")} <= ${ceiling.amountMinor}`,
    condition`${at6("currency")} = ${ceiling.currency}`
  ];
}
function itemIsForSale(nowMs) {
  const [starts, ends] = [at6("saleStartsAtMs"), at6("saleEndsAtMs")];
  return [
    isMissing(at6("archivedAtMs")),
    anyOf(isMissing(starts), condition`${starts} <= ${nowMs}`),
    anyOf(isMissing(ends), condition`${ends} > ${nowMs}`)
  ];
}
function limitsAllow({ quantity, perShopper }) {
  if (perShopper === void 0) return [];
  const orderMayHave = condition`${at6("perOrder")} >= ${quantity}`;
  const countedAsItIs = perShopper === null ? isMissing(at6("perShopper")) : condition`${at6("perShopper")} = ${perShopper}`;
  return [anyOf(isMissing(at6("perOrder")), orderMayHave), countedAsItIs];
}
function roomIsAsSeen(room) {
  if (!room) return [];
  return [
    condition`${at6("reclaimedThroughMs")} = ${room.reclaimedThroughMs}`,
    ...room.over.map(({ key: key2, quantity }) => condition`${at6("due", key2)} = ${quantity}`)
  ];
}
function isAboveWatermark(expiresAtMs2) {
  return condition`${at6("reclaimedThroughMs")} < ${bucketEndMs(bucketKey(expiresAtMs2))}`;
}
function policyAllowsHold(freed) {
  const nothingElseIsHeld = condition`${at6("held")} = ${freed}`;
  return anyOf(condition`${at6("holdPolicy")} <> ${"exclusive"}`, nothingElseIsHeld);
}
function isNotTurning(nowMs) {
  return anyOf(isMissing(at6("turningUntilMs")), condition`${at6("turningUntilMs")} <= ${nowMs}`);
}
var nobodyWaits = isMissing(at6("hasLine"));
function rowIsTidy(room) {
  return room ? [] : [condition`size(${at6("due")}) < ${manyBuckets}`];
}
function callerStillHolds({ quantity, expiresAtMs: expiresAtMs2 }) {
  return allOf(
    isAboveWatermark(expiresAtMs2),
    condition`${at6("due", bucketKey(expiresAtMs2))} >= ${quantity}`
  );
}
function reclaiming(room) {
  if (!room || room.over.length === 0) return { set: [], remove: [] };
  return {
    set: [action`${at6("reclaimedThroughMs")} = ${watermarkAfter(room)}`],
    remove: room.over.map(({ key: key2 }) => at6("due", key2))
  };
}

// shared/inventory/movement.ts
function makeMovementId(reference) {
  return derivedId("mov", "reference", reference);
}
var firstMovementId = derivedId("mov", "item", "create");
function orderMovementId(name, kind) {
  return derivedId("mov", "order", name, kind);
}
function pickLevels({ available, held, sold, received, adjusted }) {
  return { available, held, sold, received, adjusted };
}
function computeEffect(kind, quantity) {
  const nothing = { available: 0, sold: 0, received: 0, adjusted: 0 };
  if (kind === "received") return { ...nothing, available: quantity, received: quantity };
  if (kind === "adjusted") return { ...nothing, available: quantity, adjusted: quantity };
  if (kind === "sold") return { ...nothing, available: -quantity, sold: quantity };
  return { ...nothing, available: quantity, sold: -quantity };
}
function levelsAfter(levels, kind, quantity) {
  const effect = computeEffect(kind, quantity);
  return {
    available: levels.available + effect.available,
    held: levels.held,
    sold: levels.sold + effect.sold,
    received: levels.received + effect.received,
    adjusted: levels.adjusted + effect.adjusted
  };
}
function isCovered(levels, kind, quantity) {
  const after = levelsAfter(levels, kind, quantity);
  return after.available >= 0 && after.sold >= 0;
}
var InsufficientStock = class extends HoldfastError {
  constructor(stock, kind, requested) {
    const { itemId, available, sold } = stock;
    const detail = kind === "returned" ? `Only what was sold can come back: ${sold} sold. Use adjust for new stock` : `Only ${available} available`;
    super("INSUFFICIENT_STOCK", detail, { itemId, available, sold, requested });
  }
};
var ReferenceReused = class extends HoldfastError {
  constructor(reference) {
    super("IDEMPOTENCY_KEY_REUSED", "This reference was used for a different request", {
      reference
    });
  }
};

// shared/inventory/hold-store.ts
function telling(what, { note, orderId }) {
  return action`${at6("change")} = ${{ ...note, action: what, orderId }}`;
}
function taking(request, { effects: effects2, held, endsLine }, more) {
  const { itemId, row, quantity, wanted = quantity, nowMs, room } = request;
  const freed = unitsIn(room?.over ?? []);
  const { set, remove } = reclaiming(room);
  return update({
    ...stockRow(itemId, row),
    change: {
      set: [
        action`${at6("available")} = ${at6("available")} + ${freed - quantity}`,
        action`${at6("held")} = ${at6("held")} + ${held - freed}`,
        ...set,
        ...effects2
      ],
      remove: [...remove, ...endsLine ? [at6("hasLine")] : []]
    },
    condition: allOf(
      rowIsReadable,
      stockCoversHold(quantity, freed),
      ...itemIsForSale(nowMs),
      ...priceIsAsSeen(request),
      ...priceHasNotRisen(request),
      ...limitsAllow({ ...request, quantity: wanted }),
      ...roomIsAsSeen(room),
      ...more
    ),
    refused: (found) => {
      const failed = whyRefused(request, found && parseStock(found), nowMs);
      return new ItemsUnavailable(failed ? [failed] : []);
    }
  });
}
function holdWrite(request) {
  const { quantity, expiresAtMs: expiresAtMs2, room, line } = request;
  const freed = unitsIn(room?.over ?? []);
  const due = at6("due", bucketKey(expiresAtMs2));
  const effects2 = [
    action`${due} = if_not_exists(${due}, ${0}) + ${quantity}`,
    telling("hold.placed", request)
  ];
  return taking(request, { effects: effects2, held: quantity, endsLine: line === "ends" }, [
    line ? exists(at6("hasLine")) : nobodyWaits,
    isAboveWatermark(expiresAtMs2),
    policyAllowsHold(freed),
    isNotTurning(request.nowMs),
    ...rowIsTidy(room)
  ]);
}
function selling(request, more) {
  const effects2 = [
    action`${at6("sold")} = ${at6("sold")} + ${request.quantity}`,
    telling("item.paid", request)
  ];
  return taking(request, { effects: effects2, held: 0 }, more);
}
function sellWrite(request) {
  return selling(request, []);
}
function buyWrite(request) {
  return selling(request, [nobodyWaits, policyAllowsHold(unitsIn(request.room?.over ?? []))]);
}
function ending(holding, step) {
  const { itemId, row, quantity, expiresAtMs: expiresAtMs2 } = holding;
  const due = at6("due", bucketKey(expiresAtMs2));
  const level = at6(step === "sold" ? "sold" : "available");
  return update({
    ...stockRow(itemId, row),
    change: {
      set: [
        action`${level} = ${level} + ${quantity}`,
        action`${due} = ${due} - ${quantity}`,
        action`${at6("held")} = ${at6("held")} - ${quantity}`,
        telling(`hold.${step}`, holding)
      ]
    },
    condition: callerStillHolds(holding),
    refused: () => new HoldGone(itemId)
  });
}
function confirmHoldWrite(holding) {
  return ending(holding, "sold");
}
function releaseHoldWrite(holding) {
  return ending(holding, "released");
}
function extendHoldWrite(holding) {
  const { itemId, quantity, expiresAtMs: expiresAtMs2, untilMs } = holding;
  const [from, to] = [bucketKey(expiresAtMs2), bucketKey(untilMs)];
  const [due, later2] = [at6("due", from), at6("due", to)];
  const moved = [
    action`${due} = ${due} - ${quantity}`,
    action`${later2} = if_not_exists(${later2}, ${0}) + ${quantity}`
  ];
  return update({
    ...stockRow(itemId),
    change: { set: [...from === to ? [] : moved, telling("hold.extended", holding)] },
    condition: callerStillHolds(holding),
    refused: () => new HoldGone(itemId)
  });
}
function wasSold(quantity) {
  return anyOf(condition`${at6("sold")} >= ${quantity}`, exists(at6("rows")));
}
function takeBackWrite(sale) {
  const { itemId, quantity, note } = sale;
  return update({
    ...stockRow(itemId),
    change: {
      set: [
        action`${at6("available")} = ${at6("available")} + ${quantity}`,
        action`${at6("sold")} = ${at6("sold")} - ${quantity}`,
        action`${at6("change")} = ${note}`
      ]
    },
    condition: allOf(rowIsReadable, wasSold(quantity)),
    refused: (found) => found ? new InsufficientStock(parseStock(found), "returned", quantity) : new ItemNotFound(itemId)
  });
}
function reclaimWrite(itemId, room, note) {
  const freed = unitsIn(room.over);
  const { set, remove } = reclaiming(room);
  return update({
    ...stockRow(itemId),
    change: {
      set: [
        action`${at6("available")} = ${at6("available")} + ${freed}`,
        action`${at6("held")} = ${at6("held")} - ${freed}`,
        action`${at6("change")} = ${note}`,
        ...set
      ],
      remove
    },
    condition: allOf(exists(at6("itemId")), ...roomIsAsSeen(room)),
    refused: () => new HoldGone(itemId),
    // Whoever moved the watermark there has taken over just these buckets.
    applied: (found) => found !== void 0 && parseStock(found).reclaimedThroughMs === watermarkAfter(room)
  });
}

// shared/audit/audit.ts
var import_node_util = require("node:util");

// shared/base/line-id.ts
var prefix2 = "item:";
var lineResource = (itemId) => `${prefix2}${itemId}`;
function isItemLine({ resource }) {
  return typeof resource === "string" && resource.startsWith(prefix2);
}

// shared/base/uses-id.ts
var prefix3 = "uses";
function makeUsesId(code, number) {
  return `${prefix3}${code}/${number}`;
}
function makeShopperUsesId(usesId, userId) {
  return `${usesId}/${userId}`;
}
function isUsesId(itemId) {
  return itemId.startsWith(prefix3);
}
function parseUsesName(usesId) {
  return usesId.slice(prefix3.length);
}

// shared/audit/difference.ts
var import_node_crypto3 = require("node:crypto");
var import_safe_stable_stringify2 = require("safe-stable-stringify");
var housekeeping = /^(?:change|ttlSeconds|releaseId|forcedId|edit\d)$/;
var maps = /* @__PURE__ */ new Set(["due"]);
var bodies = /* @__PURE__ */ new Set(["content"]);
function plain(value) {
  return value instanceof Set ? [...value].toSorted() : value;
}
function makeDigest(value) {
  const text = typeof value === "string" ? value : (0, import_safe_stable_stringify2.stringify)(value) ?? "";
  return `sha256:${(0, import_node_crypto3.createHash)("sha256").update(text).digest("hex")}`;
}
function told(name, value) {
  return bodies.has(name) ? makeDigest(value) : plain(value);
}
function isSame(one, other) {
  return (0, import_safe_stable_stringify2.stringify)(plain(one)) === (0, import_safe_stable_stringify2.stringify)(plain(other));
}
function isMap(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
function entriesBetween(before, after, path) {
  const names = [.../* @__PURE__ */ new Set([...Object.keys(before), ...Object.keys(after)])];
  return names.flatMap((name) => {
    if (path.length === 0 && housekeeping.test(name)) return [];
    const [was, is] = [before[name], after[name]];
    if (isSame(was, is)) return [];
    const here = [...path, name];
    if (is === void 0) return [{ path: here }];
    if (maps.has(name) && path.length === 0 && isMap(is)) {
      const begin = was === void 0 ? [{ path: here, value: {} }] : [];
      return [...begin, ...entriesBetween(isMap(was) ? was : {}, is, here)];
    }
    return [{ path: here, value: told(name, is) }];
  });
}
var maxStepsBytes = 128 * 1024;
var minDigestedBytes = 128;
var countBytes = (value) => Buffer.byteLength((0, import_safe_stable_stringify2.stringify)(value) ?? "");
function boundSteps(steps2) {
  let bytes = countBytes(steps2);
  if (bytes <= maxStepsBytes) return steps2;
  const sizes = steps2.map(({ value }, index) => ({ index, bytes: countBytes(value) }));
  const digested = /* @__PURE__ */ new Set();
  for (const each of sizes.toSorted((one, other) => other.bytes - one.bytes)) {
    if (bytes <= maxStepsBytes || each.bytes < minDigestedBytes) break;
    digested.add(each.index);
    bytes -= each.bytes - minDigestedBytes;
  }
  const bounded = steps2.map(
    (step, index) => digested.has(index) ? { ...step, value: makeDigest(step.value) } : step
  );
  return countBytes(bounded) <= maxStepsBytes ? bounded : [{ path: ["*"], value: makeDigest(steps2) }];
}
function stepsBetween(before = {}, after = {}) {
  return entriesBetween(before, after, []);
}

// shared/audit/hold-events.ts
function dueIn(row) {
  return row?.["due"] ?? {};
}
function takenOver({ before, after }, action2) {
  const left2 = dueIn(after);
  const gone2 = Object.keys(dueIn(before)).filter((key2) => !(key2 in left2));
  if (gone2.length === 0 || action2 === "hold.reclaimed") return [];
  const steps2 = [...gone2.map((key2) => ["due", key2]), ["reclaimedThroughMs"]];
  return [{ action: "hold.reclaimed", steps: steps2 }];
}
function expired({ before, after }) {
  if (before?.["status"] !== "pending" || after?.["status"] !== "expired") return [];
  const orderId = String(after["orderId"]);
  const held = [after["lines"], after["uses"]].flatMap(
    (list) => list ?? []
  );
  return [...new Set(held.map(({ itemId }) => itemId))].map((itemId) => {
    return { action: "hold.expired", itemId, orderId, steps: [] };
  });
}
function holdEvents(kind, change3, action2) {
  if (kind === "item" || kind === "uses") return takenOver(change3, action2);
  return kind === "order" ? expired(change3) : [];
}

// shared/audit/audit.ts
var auditDays = 90;
var kinds2 = {
  resource: "lock",
  cartId: "cart",
  orderId: "order",
  itemId: "item",
  documentId: "document",
  code: "promotion"
};
function parseStockKey(itemId) {
  return isUsesId(itemId) ? { kind: "uses", id: parseUsesName(itemId) } : { kind: "item", id: itemId };
}
function parseFurtherRow({
  key: key2,
  before,
  after
}) {
  const item = (after ?? before)?.["item"];
  if (typeof item !== "string") return void 0;
  return { item, name: `${String(key2["itemId"]).slice(item.length)}@${String(key2["shard"])}` };
}
function parseSubject(change3) {
  const { key: key2 } = change3;
  const row = parseFurtherRow(change3);
  if (row) return parseStockKey(row.item);
  for (const [name, kind] of Object.entries(kinds2)) {
    if (key2[name] === void 0) continue;
    return kind === "item" ? parseStockKey(String(key2[name])) : { kind, id: String(key2[name]) };
  }
  throw new Error("The trail knows no such items");
}
function parseNote(kind, { before, after, byTtl, atMs }) {
  const note = after?.["change"];
  if (note) return note;
  const action2 = `${kind}.removed`;
  if (byTtl) return { action: action2, actor: "system:ttl", atMs };
  const last = before?.["change"];
  return { action: action2, actor: last?.actor ?? "system:unknown", atMs };
}
var isOfLine = (attribute) => attribute === "line" || String(attribute).startsWith("waiter_");
function isCopyOfPromotion(key2) {
  return String(key2["code"] ?? "").includes("#");
}
function isNotice({ before, after }) {
  return (after ?? before)?.["noticeOf"] !== void 0;
}
function isEnding(change3) {
  const { ttlSeconds } = change3.after ?? change3.before ?? {};
  return ttlSeconds !== void 0 && parseFurtherRow(change3) !== void 0;
}
function tookOver({ before, after }, note) {
  const wasOwned = before?.["owner"] !== void 0 && after?.["owner"] !== void 0;
  return wasOwned && ["lock.acquired", "lock.granted"].includes(note.action);
}
function wasReleased({ before }, note) {
  return note.action === "lock.granted" && Number(before?.["expiresAtMs"]) > note.atMs;
}
function listEvents(kind, change3, note) {
  if (kind === "lock" && tookOver(change3, note)) {
    const { actor: _actor, reason: _reason, ...rest } = note;
    const released = { action: "lock.released", actor: String(change3.before?.["owner"]) };
    const expired2 = { action: "lock.expired", actor: "system:expiry" };
    return [{ ...rest, ...wasReleased(change3, note) ? released : expired2 }, note];
  }
  const { actor, atMs } = note;
  const holds = holdEvents(kind, change3, note.action).map((hold) => ({ actor, atMs, ...hold }));
  return [...holds, note];
}
function makeEntries(change3) {
  if (isCopyOfPromotion(change3.key) || isItemLine(change3.key)) return [];
  if (isNotice(change3) || isEnding(change3)) return [];
  const { kind, id } = parseSubject(change3);
  const row = parseFurtherRow(change3);
  const note = parseNote(kind, change3);
  const steps2 = stepsBetween(change3.before, change3.after).filter(
    ({ path: [attribute] }) => kind !== "lock" || !isOfLine(attribute)
  );
  const isNoted = !(0, import_node_util.isDeepStrictEqual)(change3.before?.["change"], change3.after?.["change"]);
  if (steps2.length === 0 && kind === "lock" && !isNoted) return [];
  const events = listEvents(kind, change3, note);
  const moment = `${String(change3.atMs).padStart(15, "0")}#${change3.sequence.padStart(40, "0")}`;
  return events.map((event, index) => {
    const { action: action2, actor, reason, requestId, orderId, atMs } = event;
    const about = "itemId" in event && event.itemId !== void 0 ? parseStockKey(event.itemId) : { kind, id };
    const subject = `${about.kind}/${about.id}`;
    const mine = "steps" in event ? event.steps : [];
    const others = events.flatMap((other) => "steps" in other ? other.steps : []);
    const isOthers = ({ path }) => others.some((other) => other.join("/") === path.join("/"));
    const isMine2 = ({ path }) => mine.some((own) => own.join("/") === path.join("/"));
    const isLast = index === events.length - 1;
    return {
      subject,
      at: `${moment}#${String(index).padStart(4, "0")}`,
      action: action2,
      actor,
      ...reason !== void 0 && { reason },
      ...requestId !== void 0 && { requestId },
      ...orderId !== void 0 && { orderId },
      atMs,
      steps: boundSteps(
        steps2.filter((step) => isMine2(step) || isLast && !isOthers(step)).map((step) => row ? { ...step, path: [row.name, ...step.path] } : step)
      ),
      ttlSeconds: ttlSecondsAt(later(change3.atMs, auditDays * dayMs))
    };
  });
}

// shared/audit/audit-store.ts
var at7 = pathsOf();
var EntryKept = class extends HoldfastError {
  constructor() {
    super("ENTRY_KEPT", "The entry was kept before");
  }
};
async function keepEntry(database, entry) {
  const write = put({
    table: "Audit",
    key: { subject: entry.subject, at: entry.at },
    item: { ...entry },
    condition: isMissing(at7("subject")),
    refused: () => new EntryKept(),
    applied: () => true
  });
  try {
    await database.apply(write);
    return true;
  } catch (error) {
    if (error instanceof EntryKept) return false;
    throw error;
  }
}
async function listEntries(database, subject, page) {
  const where = condition`${at7("subject")} = ${subject}`;
  const { rows, cursor } = await database.query({
    table: "Audit",
    where,
    ascending: false,
    ...page
  });
  const entries = rows;
  return { rows: entries, ...cursor === void 0 ? {} : { cursor } };
}

// shared/audit/audit-service.ts
function createAuditService({ database }) {
  return {
    /**
     * Keeps what a change tells, once: a change that is told again adds nothing. One request an entry.
     *
     * @returns the entries that were new
     * @throws Error when the change is none that the trail knows; nothing of it was kept
     * @example const kept = await audit.record(parseItemChange(record));
     */
    async record(change3) {
      const kept = [];
      for (const entry of makeEntries(change3)) {
        if (await keepEntry(database, entry)) kept.push(entry);
      }
      return kept;
    },
    /**
     * A page of what happened to a lock, cart, order, item or document, newest first. One request.
     *
     * @example const { rows } = await audit.list("order/ord_x", { limit: 20 });
     */
    list: (subject, page) => listEntries(database, subject, page)
  };
}

// shared/base/served-by.ts
function servedBy(recipes, parts) {
  const services = Object.entries(recipes).map(
    ([name, make]) => [name, { enumerable: true, get: () => make(parts) }]
  );
  return Object.defineProperties({}, Object.fromEntries(services));
}

// shared/carts/model/cart.ts
var cartLifeMs = 30 * dayMs;
function escaped(part) {
  return part.replaceAll("%", "%25").replaceAll("/", "%2F");
}
function makeCartId(userId, sessionId) {
  return `${escaped(userId)}/${escaped(sessionId)}`;
}
function parseCartId(cartId) {
  const [userId = "", sessionId = ""] = cartId.split("/").map((part) => part.replaceAll("%2F", "/").replaceAll("%25", "%"));
  return { userId, sessionId };
}
function temporaryTransactionId(orderId) {
  return `temporary_${orderId}`;
}
function emptyInstance(instance) {
  return { instance, lines: [], conditions: [], metadata: /* @__PURE__ */ new Map() };
}
var keptForLater = /* @__PURE__ */ new Set(["wishlist", "saved"]);
var isOrderedUnnamed = (instance) => !keptForLater.has(instance);
function areOrderedTogether(one, other) {
  return one === other || isOrderedUnnamed(one) && isOrderedUnnamed(other);
}
function selectInstance(cart, instance) {
  return cart.instances.get(instance) ?? emptyInstance(instance);
}
function liveLock(cart, nowMs) {
  return cart.lock && !isExpired(cart.lock.expiresAtMs, nowMs) ? cart.lock : void 0;
}
var lockedDetail2 = "Cart is currently being processed. Please wait for your payment to complete before adding more items.";
var CartLocked = class extends HoldfastError {
  constructor(lock) {
    super("CART_LOCKED", lockedDetail2, {
      lockedUntilMs: lock.expiresAtMs,
      orderId: lock.orderId
    });
  }
};
var CartEmpty = class extends HoldfastError {
  constructor() {
    super("CART_EMPTY", "There is nothing in this cart to order");
  }
};
var CartLineNotFound = class extends HoldfastError {
  constructor(instance, lineId) {
    super("CART_LINE_NOT_FOUND", `There is no ${lineId} in the cart ${instance}`, {
      instance,
      lineId
    });
  }
};
var CurrencyMismatch = class extends HoldfastError {
  constructor(present2, wanted) {
    super("CURRENCY_MISMATCH", `The cart is in ${present2}, this would be in ${wanted}`, {
      currency: present2
    });
  }
};
var VersionMismatch = class extends HoldfastError {
  currentVersion;
  constructor(currentVersion) {
    super("VERSION_MISMATCH", "The cart was changed in the meantime: read it again", {
      currentVersion
    });
    this.currentVersion = currentVersion;
  }
};
var CheckoutGone = class extends HoldfastError {
  constructor(cartId, orderId) {
    super("CHECKOUT_GONE", "The cart is not locked for this order", { cartId, orderId });
  }
};
function checkUnlocked(cart, nowMs) {
  const lock = liveLock(cart, nowMs);
  if (lock) throw new CartLocked(lock);
}

// shared/promotions/price-rule.ts
var conditionTargets = ["item", "subtotal", "total"];
var conditionValuePattern = /^([+-])(?:(\d{1,4})(?:\.(\d{1,4}))?%|(\d{1,10}))$/;
var lowersPrice = ({ value }) => value.startsWith("-");
function isMeant(rule, line) {
  const { itemId = line.itemId, kind = line.kind } = rule;
  return itemId === line.itemId && kind === line.kind;
}
function compareRules(one, other) {
  const [a, b] = [one, other].map(({ name, code = "" }) => `${name}\0${code}`);
  return one.order - other.order || (a < b ? -1 : Number(a > b));
}

// shared/carts/model/cart-limits.ts
var maxLines = 200;
var maxConditions = 50;
var maxLineQuantity = 1e6;
var choiceDigestLength = 16;
var maxLineIdLength = 128 + 1 + choiceDigestLength;
var maxJsonBytes = 4096;
var maxAttributeBytes = 65536;
var maxMetadataKeys = 50;
var maxMetadataKb = 64;
function countKb(json) {
  return Math.ceil(Buffer.byteLength(json) / 1024);
}
function measureMetadata(instances) {
  const values = [...instances].flatMap(({ metadata }) => [...metadata.values()]);
  return { keys: values.length, kb: values.reduce((sum, json) => sum + countKb(json), 0) };
}
function tooMuchMetadata(keys) {
  return keys > maxMetadataKeys ? new TooLarge(`A cart has at most ${maxMetadataKeys} metadata keys`, maxMetadataKeys) : new TooLarge(`A cart has at most ${maxMetadataKb} KB of metadata`, maxMetadataKb * 1024);
}
function checkMetadata(instances, present2) {
  const [next, known] = [measureMetadata(instances), measureMetadata(present2)];
  if (next.keys > Math.max(maxMetadataKeys, known.keys)) throw tooMuchMetadata(next.keys);
  if (next.kb > Math.max(maxMetadataKb, known.kb)) throw tooMuchMetadata(0);
}
function measureAttributes(lines) {
  return lines.reduce((sum, { attributes = "" }) => sum + Buffer.byteLength(attributes), 0);
}
function checkAttributes(lines, present2 = []) {
  const bytes = measureAttributes(lines);
  if (bytes <= maxAttributeBytes || bytes <= measureAttributes(present2)) return;
  const detail = `attributes: those of all lines together take at most ${maxAttributeBytes} bytes of JSON`;
  throw new TooLarge(detail, maxAttributeBytes);
}
function listLines(instances) {
  return [...instances].flatMap(({ lines }) => lines);
}
function countLines(instances) {
  return listLines(instances).length;
}
function checkLineCount(count) {
  if (count > maxLines) throw new TooLarge(`A cart has at most ${maxLines} lines`, maxLines);
}
function checkLineQuantity(quantity) {
  if (quantity <= maxLineQuantity) return;
  throw new TooLarge(`A line has at most ${maxLineQuantity} units`, maxLineQuantity);
}
function checkConditionCount(instances) {
  const count = [...instances].reduce((sum, { conditions }) => sum + conditions.length, 0);
  if (count <= maxConditions) return;
  throw new TooLarge(`A cart has at most ${maxConditions} conditions`, maxConditions);
}
function jsonText(value, what) {
  const text = JSON.stringify(value) ?? "null";
  if (Buffer.byteLength(text) <= maxJsonBytes) return text;
  throw new TooLarge(`${what} takes at most ${maxJsonBytes} bytes of JSON`, maxJsonBytes);
}

// shared/carts/storage/cart-row.ts
var cartPlace = (cartId) => ({ table: "Carts", key: { cartId } });
var isTrusted = (stored) => stored.isShops === true || !lowersPrice(stored);
var rememberedEdits = ["edit0", "edit1", "edit2", "edit3"];
var at8 = pathsOf();
var lineAttribute = (instance, lineId) => `line:${instance}:${lineId}`;
var quantityAttribute = (instance, lineId) => `quantity:${instance}:${lineId}`;
var conditionAttribute = (instance, name) => `condition:${instance}:${name}`;
var codeAttribute = (instance, code) => `code:${instance}:${code}`;
var metadataAttribute = (instance, key2) => `metadata:${instance}:${key2}`;
var currencyAttribute = (instance) => `currency:${instance}`;
var keyIn = (instance, name) => `${instance}:${name}`;
var attributePattern = /^(line|condition|code|metadata|currency):([^:]+)(?::(.*))?$/s;
var emptyDraft = () => {
  return { lines: [], conditions: [], codes: [], metadata: /* @__PURE__ */ new Map() };
};
function addTo(draft, row, found) {
  const [attribute, family, instance = "", name = ""] = found;
  const value = row[attribute];
  if (family === "line") {
    const quantity = Number(row[quantityAttribute(instance, name)]);
    draft.lines.push({ lineId: name, itemId: name, quantity, ...value });
  } else if (family === "condition") {
    const { isShops: _mark, ...condition2 } = value;
    if (isTrusted(value)) draft.conditions.push({ name, ...condition2 });
  } else if (family === "code") {
    draft.codes.push({ ...value, code: name });
  } else if (family === "metadata") draft.metadata.set(name, String(value));
  else draft.currency = String(value);
}
var byAge = (a, b) => a.addedAtMs - b.addedAtMs || (a.lineId < b.lineId ? -1 : 1);
var byOrder = (a, b) => a.order - b.order || (a.name < b.name ? -1 : 1);
var byCode = (a, b) => a.code < b.code ? -1 : 1;
function finished(instance, draft) {
  const { currency, ...rest } = draft;
  return {
    instance,
    lines: rest.lines.toSorted(byAge),
    conditions: rest.conditions.toSorted(byOrder),
    ...rest.codes.length > 0 ? { codes: rest.codes.toSorted(byCode) } : {},
    metadata: new Map([...rest.metadata].toSorted(([a], [b]) => a < b ? -1 : 1)),
    ...currency === void 0 || rest.lines.length === 0 ? {} : { currency }
  };
}
var isUsed = ({ lines, conditions, codes = [], metadata }) => lines.length > 0 || conditions.length > 0 || codes.length > 0 || metadata.size > 0;
function parseCart(cartId, row) {
  const drafts = /* @__PURE__ */ new Map();
  for (const attribute of Object.keys(row ?? {})) {
    const found = attributePattern.exec(attribute);
    if (!row || !found) continue;
    const instance = found[2];
    const draft = drafts.get(instance) ?? emptyDraft();
    drafts.set(instance, draft);
    addTo(draft, row, found);
  }
  const instances = [...drafts].map(([instance, draft]) => finished(instance, draft)).filter(isUsed).toSorted((a, b) => a.instance < b.instance ? -1 : 1);
  const lock = row?.["lock"];
  return {
    cartId,
    version: Number(row?.["version"] ?? 0),
    checkouts: Number(row?.["checkouts"] ?? 0),
    ...lock ? { lock } : {},
    instances: new Map(instances.map((instance) => [instance.instance, instance]))
  };
}
function parseReadCart(cartId, row) {
  return { ...parseCart(cartId, row), row };
}
function storedLine(line) {
  const { lineId, itemId, quantity: _beside, ...stored } = line;
  return lineId === itemId ? stored : { ...stored, itemId };
}
function storedCode({ code: _code, ...stored }) {
  return JSON.parse(JSON.stringify(stored));
}
function storedCondition({ name: _name, ...stored }) {
  return { ...stored, isShops: true };
}
function listAttributes({ instance, ...contents }) {
  const { lines, conditions, codes = [], metadata, currency } = contents;
  return [
    ...lines.flatMap((line) => [
      [lineAttribute(instance, line.lineId), storedLine(line)],
      [quantityAttribute(instance, line.lineId), line.quantity]
    ]),
    ...conditions.map((condition2) => [
      conditionAttribute(instance, condition2.name),
      storedCondition(condition2)
    ]),
    ...codes.map((entered) => [
      codeAttribute(instance, entered.code),
      storedCode(entered)
    ]),
    ...[...metadata].map(([key2, json]) => [
      metadataAttribute(instance, key2),
      json
    ]),
    ...currency === void 0 ? [] : [[currencyAttribute(instance), currency]]
  ];
}
function listKb(key2, kb) {
  return Array.from({ length: kb }, (_, index) => `${index} ${key2}`);
}
function contentsRow(instances) {
  const lineKeys = instances.flatMap(
    ({ instance, lines }) => lines.map(({ lineId }) => keyIn(instance, lineId))
  );
  const conditionKeys = instances.flatMap(
    ({ instance, conditions }) => conditions.map(({ name }) => keyIn(instance, name))
  );
  const values = instances.flatMap(
    ({ instance, metadata }) => [...metadata].map(([name, json]) => [keyIn(instance, name), json])
  );
  const metadataKb = values.flatMap(([key2, json]) => listKb(key2, countKb(json)));
  return Object.fromEntries([
    ...instances.flatMap(listAttributes),
    ...values.length > 0 ? [["metadataKeys", new Set(values.map(([key2]) => key2))]] : [],
    ...values.length > 0 ? [["metadataKb", new Set(metadataKb)]] : [],
    ...lineKeys.length > 0 ? [["lineKeys", new Set(lineKeys)]] : [],
    ...conditionKeys.length > 0 ? [["conditionKeys", new Set(conditionKeys)]] : []
  ]);
}

// shared/table/versions.ts
var at9 = pathsOf();
var noVersion = -1;
function splitExpected(expected) {
  if (typeof expected === "number") return { oneOf: [expected], noneOf: [] };
  const { oneOf, noneOf = [] } = expected;
  return { oneOf: oneOf?.length === 0 ? [noVersion] : oneOf, noneOf };
}
function isExpected(expected, version) {
  if (expected === void 0) return true;
  const { oneOf, noneOf } = splitExpected(expected);
  return (oneOf?.includes(version) ?? true) && !noneOf.includes(version);
}
function onlyExpected(expected) {
  if (expected === void 0) return void 0;
  const { oneOf = [] } = splitExpected(expected);
  return oneOf.length === 1 ? oneOf[0] : void 0;
}
function versionIs(version) {
  return version === 0 ? isMissing(at9("version")) : condition`${at9("version")} = ${version}`;
}
function versionIsNot(version) {
  if (version === 0) return exists(at9("version"));
  return anyOf(isMissing(at9("version")), condition`${at9("version")} <> ${version}`);
}
function versionIsExpected(expected) {
  if (expected === void 0) return [];
  const { oneOf, noneOf } = splitExpected(expected);
  const [first, ...others] = (oneOf ?? []).map(versionIs);
  return [...first ? [anyOf(first, ...others)] : [], ...noneOf.map(versionIsNot)];
}

// shared/carts/storage/cart-edits.ts
var import_node_crypto4 = require("node:crypto");
function cartIsUnlocked(nowMs) {
  return anyOf(isMissing(at8("lock")), condition`${at8("lock", "expiresAtMs")} <= ${nowMs}`);
}
function lockIsForOrder(orderId) {
  return condition`${at8("lock", "orderId")} = ${orderId}`;
}
function checkoutsAre(checkouts) {
  return checkouts === 0 ? isMissing(at8("checkouts")) : condition`${at8("checkouts")} = ${checkouts}`;
}
function hasRoomFor(set, key2, limit) {
  return anyOf(
    isMissing(at8(set)),
    condition`size(${at8(set)}) < ${limit}`,
    condition`contains(${at8(set)}, ${key2})`
  );
}
function hasRoomForKb(key2, kb) {
  return anyOf(
    isMissing(at8("metadataKb")),
    condition`size(${at8("metadataKb")}) <= ${maxMetadataKb - kb}`,
    condition`contains(${at8("metadataKb")}, ${listKb(key2, kb).at(-1)})`
  );
}
function newEditId() {
  return (0, import_node_crypto4.randomUUID)().slice(0, 13).replace("-", "");
}
function editIsNew(editId) {
  const [a, b, c, d] = rememberedEdits;
  return condition`NOT ${editId} IN (${at8(a)}, ${at8(b)}, ${at8(c)}, ${at8(d)})`;
}
function editTookEffect(editId, found) {
  return rememberedEdits.some((attribute) => found?.[attribute] === editId);
}
function editIsRecalled(plannedOn) {
  const last = rememberedEdits.at(-1);
  const latest = plannedOn + rememberedEdits.length;
  return {
    condition: anyOf(
      isMissing(at8("version")),
      condition`${at8(last)} = ${""}`,
      condition`${at8("version")} <= ${latest}`
    ),
    isPossible: (found) => found?.["version"] === void 0 || found[last] === "" || versionIn(found) <= latest
  };
}
function rememberEdit(editId) {
  return rememberedEdits.map(
    (attribute, index) => index === 0 ? action`${at8(attribute)} = ${editId}` : action`${at8(attribute)} = if_not_exists(${at8(rememberedEdits[index - 1])}, ${""})`
  );
}
function nextVersion(nowMs) {
  return action`${at8("version")} = if_not_exists(${at8("version")}, ${nowMs}) + ${1}`;
}
function keepAlive(nowMs) {
  return action`${at8("ttlSeconds")} = ${ttlSecondsAt(later(nowMs, cartLifeMs))}`;
}
function liveLockIn(found, nowMs) {
  const lock = found?.["lock"];
  return lock && lock.expiresAtMs > nowMs ? lock : void 0;
}
function versionIn(found) {
  return Number(found?.["version"] ?? 0);
}
function makeEdit(request, what, nowMs) {
  const { actor, expectedVersion, keyed: _keyed, storage: _mode, ...address } = request;
  return { address, nowMs, note: changeNote(what, actor, nowMs), expectedVersion };
}
var CartMoved = class extends HoldfastError {
  found;
  constructor(found) {
    super("TRY_AGAIN", "The cart kept changing: nothing was changed, please try again");
    this.found = found;
  }
};
function refusalOfEdit({ nowMs, expectedVersion }, otherwise = (found) => new CartMoved(found)) {
  return (found) => {
    const lock = liveLockIn(found, nowMs);
    if (lock) return new CartLocked(lock);
    const version = versionIn(found);
    if (!isExpected(expectedVersion, version)) {
      return new VersionMismatch(version);
    }
    return otherwise(found);
  };
}
function editWrite(edit, parts) {
  const { address, nowMs, note, expectedVersion } = edit;
  const { userId, sessionId } = address;
  const { change: change3, guards = [], refused: refused3, plannedOn } = parts;
  const editId = newEditId();
  return update({
    ...cartPlace(makeCartId(userId, sessionId)),
    change: {
      set: [
        ...change3.set ?? [],
        ...rememberEdit(editId),
        nextVersion(nowMs),
        keepAlive(nowMs),
        action`${at8("userId")} = ${userId}`,
        action`${at8("sessionId")} = ${sessionId}`,
        action`${at8("change")} = ${note}`
      ],
      remove: [at8("lock"), ...change3.remove ?? []],
      add: change3.add ?? [],
      delete: change3.delete ?? []
    },
    condition: allOf(
      cartIsUnlocked(nowMs),
      editIsNew(editId),
      ...versionIsExpected(expectedVersion),
      ...guards
    ),
    refused: refusalOfEdit(edit, refused3),
    applied: (found) => editTookEffect(editId, found),
    ...plannedOn === void 0 ? {} : { recall: editIsRecalled(plannedOn) }
  });
}

// shared/carts/checkout/cart-checkout-store.ts
var parseCartLock = (found) => found?.["lock"];
function checkoutWrite(start) {
  const { cart, orderId, transactionId, expiresAtMs: expiresAtMs2, nowMs, note } = start;
  const lock = { orderId, transactionId, lockedAtMs: nowMs, expiresAtMs: expiresAtMs2 };
  return update({
    ...cartPlace(cart.cartId),
    change: {
      set: [
        action`${at8("lock")} = ${lock}`,
        action`${at8("checkouts")} = ${cart.checkouts + 1}`,
        action`${at8("change")} = ${note}`,
        keepAlive(nowMs)
      ]
    },
    condition: allOf(cartIsUnlocked(nowMs), versionIs(cart.version), checkoutsAre(cart.checkouts)),
    applied: (found) => parseCartLock(found)?.orderId === orderId,
    refused: (found) => {
      const live = liveLockIn(found, nowMs);
      return live ? new CartLocked(live) : new VersionMismatch(versionIn(found));
    }
  });
}
function ofCheckout({ cartId, orderId }, parts) {
  return update({
    ...cartPlace(cartId),
    condition: lockIsForOrder(orderId),
    refused: () => new CheckoutGone(cartId, orderId),
    ...parts
  });
}
function extendCheckoutWrite(step) {
  const { transactionId, expiresAtMs: expiresAtMs2, note } = step;
  return ofCheckout(step, {
    change: {
      set: [
        action`${at8("lock", "transactionId")} = ${transactionId}`,
        ...expiresAtMs2 === void 0 ? [] : [action`${at8("lock", "expiresAtMs")} = ${expiresAtMs2}`],
        action`${at8("change")} = ${note}`
      ]
    }
  });
}
function reopenWrite(checkout) {
  return ofCheckout(checkout, {
    change: { set: [action`${at8("change")} = ${checkout.note}`], remove: [at8("lock")] },
    applied: (found) => parseCartLock(found)?.orderId !== checkout.orderId
  });
}
function boughtAttributes({
  bought,
  instances,
  conditions = [],
  codes = []
}) {
  return [
    ...bought.flatMap(({ instance, lineId }) => [
      at8(lineAttribute(instance, lineId)),
      at8(quantityAttribute(instance, lineId))
    ]),
    ...conditions.map(({ instance, name }) => at8(conditionAttribute(instance, name))),
    ...codes.map(({ instance, code }) => at8(codeAttribute(instance, code))),
    ...instances.map((instance) => at8(currencyAttribute(instance)))
  ];
}
function boughtKeys({ bought, conditions = [] }) {
  const lines = bought.map(({ instance, lineId }) => keyIn(instance, lineId));
  const named = conditions.map(({ instance, name }) => keyIn(instance, name));
  return [
    ...lines.length > 0 ? [action`${at8("lineKeys")} ${new Set(lines)}`] : [],
    ...named.length > 0 ? [action`${at8("conditionKeys")} ${new Set(named)}`] : []
  ];
}
function takingOut(purchase) {
  const { note } = purchase;
  return {
    set: [action`${at8("change")} = ${note}`, nextVersion(note.atMs)],
    remove: [at8("lock"), ...boughtAttributes(purchase)],
    delete: boughtKeys(purchase)
  };
}
function completeWrite(purchase) {
  const { cartId, orderId, version, note } = purchase;
  const untouched = allOf(cartIsUnlocked(note.atMs), versionIs(version));
  return update({
    ...cartPlace(cartId),
    change: takingOut(purchase),
    condition: anyOf(lockIsForOrder(orderId), untouched),
    refused: () => new CheckoutGone(cartId, orderId)
  });
}

// shared/carts/storage/cart-store.ts
var import_promises = require("node:timers/promises");

// shared/promotions/price-list.ts
var noPromotions = { automatic: [], revision: 0 };
function parsePriceList(row) {
  if (!row) return noPromotions;
  const { automatic, revision } = row;
  return { automatic: Object.values(automatic), revision };
}

// shared/promotions/promotion.ts
var maxAutomaticPromotions = 20;
var maxCodes = 3;
function normalizeCode(entered) {
  return entered.toUpperCase();
}
var sentences = {
  unknown: "There is no such code",
  not_started: "This code does not apply yet",
  ended: "This code does not apply any more",
  used_up: "This code has been used up",
  used_by_you: "You have used this code as often as you may",
  minimum_not_reached: "The cart does not come to the minimum of this code",
  not_applicable: "This code is for nothing that is in the cart",
  not_combinable: "This code does not go together with another one in the cart"
};
var CodeNotAccepted = class extends HoldfastError {
  reason;
  constructor(code, reason, more = {}) {
    super("CODE_NOT_ACCEPTED", sentences[reason], { promotionCode: code, reason, ...more });
    this.reason = reason;
  }
};
var PromotionNotFound = class extends HoldfastError {
  constructor(code) {
    super("PROMOTION_NOT_FOUND", `There is no promotion ${code}`, { promotionCode: code });
  }
};
var PromotionMoved = class extends HoldfastError {
  constructor() {
    super("TRY_AGAIN", "The promotion was changed in the meantime");
  }
};
var TooManyAutomatic = class extends HoldfastError {
  constructor() {
    const limit = { name: "maxAutomaticPromotions", value: maxAutomaticPromotions };
    super("LIMIT_EXCEEDED", `At most ${limit.value} automatic promotions are active at once`, {
      limit
    });
  }
};
function findCodeRefusal(promotion, { nowMs, subtotalMinor }) {
  const { active, startsAtMs = 0, endsAtMs = Number.POSITIVE_INFINITY } = promotion;
  if (!active) return "unknown";
  if (nowMs < startsAtMs) return "not_started";
  if (nowMs >= endsAtMs) return "ended";
  return subtotalMinor < BigInt(promotion.minSubtotalMinor ?? 0) ? "minimum_not_reached" : void 0;
}
function areCombinable(codes) {
  return codes.length < 2 || codes.every(({ combinable }) => combinable);
}
function makeRule(promotion) {
  const { code, name, type, target, value, itemId, kind, order, automatic } = promotion;
  return { name, type, target, value, itemId, kind, order, code, automatic };
}

// shared/promotions/promotion-store.ts
var catalog = "promotions";
var stampCount = 16;
var listCode = "#automatic";
var listCopies = 16;
var at10 = pathsOf();
var promotionPlace = (code) => ({ table: "Promotions", key: { code } });
var listPlaceAt = (copy) => promotionPlace(copy === 0 ? listCode : `${listCode}=${copy}`);
function priceListPlace(reader) {
  return listPlaceAt(pickShard(reader, listCopies));
}
function withoutGaps(facts) {
  return Object.fromEntries(Object.entries(facts).filter(([, value]) => value !== void 0));
}
function parseStoredPromotion(row) {
  return row;
}
function parsePromotion(row) {
  if (!row || row["deletedAtMs"] !== void 0) return void 0;
  const { catalog: _catalog, change: _change, ...promotion } = parseStoredPromotion(row);
  return promotion;
}
function revisionIs(revision) {
  return revision === 0 ? isMissing(at10("revision")) : condition`${at10("revision")} = ${revision}`;
}
function putPromotionWrite(promotion, readRevision, note, deletedAtMs) {
  const listed = deletedAtMs === void 0 ? { catalog } : { deletedAtMs };
  return put({
    ...promotionPlace(promotion.code),
    item: { ...withoutGaps(promotion), ...listed, change: note },
    condition: revisionIs(readRevision),
    refused: () => new PromotionMoved()
  });
}
function putPriceListWrites(automatic, readRevision) {
  const byCode2 = automatic.map((promotion) => [promotion.code, withoutGaps(promotion)]);
  const item = {
    code: listCode,
    automatic: Object.fromEntries(byCode2),
    revision: readRevision + 1
  };
  return Array.from({ length: listCopies }, (_, copy) => {
    const place3 = listPlaceAt(copy);
    return put({
      ...place3,
      item: { ...item, ...place3.key },
      condition: revisionIs(readRevision),
      refused: () => new PromotionMoved()
    });
  });
}
var stampPlace = (code, number) => promotionPlace(`${code}#${number}`);
function stampWrites(revision, code = listCode) {
  return Array.from({ length: stampCount }, (_, number) => {
    const place3 = stampPlace(code, number);
    return put({
      ...place3,
      item: { ...place3.key, revision },
      condition: anyOf(isMissing(at10("revision")), condition`${at10("revision")} < ${revision}`),
      refused: () => new PromotionMoved()
    });
  });
}
function stampCheck(revision, copy, code = listCode) {
  return check({
    ...stampPlace(code, copy),
    condition: revisionIs(revision),
    refused: () => new PromotionMoved()
  });
}
function stillGives(parents, given, nowMs) {
  const own = (name) => new AttributePath([...parents, name]);
  const [startsAtMs, endsAtMs] = [own("startsAtMs"), own("endsAtMs")];
  return allOf(
    condition`${own("active")} = ${true}`,
    isMissing(own("deletedAtMs")),
    condition`${own("target")} = ${given.target}`,
    condition`${own("value")} = ${given.value}`,
    anyOf(isMissing(startsAtMs), condition`${startsAtMs} <= ${nowMs}`),
    anyOf(isMissing(endsAtMs), condition`${endsAtMs} > ${nowMs}`)
  );
}
function discountChecks(given, orderId, nowMs) {
  const refused3 = () => new PromotionMoved();
  const [first, ...others] = given.filter(({ automatic }) => automatic).map((each) => stillGives(["automatic", each.code], each, nowMs));
  const byCode2 = given.filter(({ automatic }) => !automatic).map((each) => {
    return check({
      ...promotionPlace(each.code),
      condition: stillGives([], each, nowMs),
      refused: refused3
    });
  });
  if (!first) return byCode2;
  const place3 = priceListPlace(orderId);
  return [check({ ...place3, condition: allOf(first, ...others), refused: refused3 }), ...byCode2];
}
async function findPromotions(database, codes) {
  if (codes.length === 0) return /* @__PURE__ */ new Map();
  const rows = await database.getTogether(codes.map(promotionPlace));
  return new Map(codes.map((code, index) => [code, parsePromotion(rows[index])]));
}
async function listPromotions(database, page) {
  const where = condition`${at10("catalog")} = ${catalog}`;
  const { rows, cursor } = await database.query({
    table: "Promotions",
    index: "catalog",
    where,
    ...page
  });
  const found = await findPromotions(
    database,
    rows.map((row) => String(row["code"]))
  );
  const listed = [...found.values()].filter((promotion) => promotion !== void 0);
  return { rows: listed, ...cursor === void 0 ? {} : { cursor } };
}

// shared/table/batch-read.ts
var import_lib_dynamodb = require("@aws-sdk/lib-dynamodb");
var maxBatchKeys = 100;
function makeBatch(places, { tableName, isConsistent = true }) {
  const request = {};
  for (const { table: table2, key: key2 } of places) {
    const ofTable = { Keys: [], ConsistentRead: isConsistent };
    (request[tableName(table2)] ??= ofTable).Keys.push(key2);
  }
  return request;
}
function placeText(tableName, key2, row = key2) {
  return JSON.stringify([
    tableName,
    ...Object.keys(key2).toSorted().map((name) => row[name])
  ]);
}
async function readBatches(reader, places) {
  const { client, read: read2, tableName } = reader;
  const found = /* @__PURE__ */ new Map();
  for (let start = 0; start < places.length; start += maxBatchKeys) {
    let left2 = makeBatch(places.slice(start, start + maxBatchKeys), reader);
    while (Object.keys(left2).length > 0) {
      const command = new import_lib_dynamodb.BatchGetCommand({ RequestItems: left2 });
      const { Responses = {}, UnprocessedKeys = {} } = await read2(() => client.send(command));
      for (const [name, rows] of Object.entries(Responses)) {
        for (const row of rows) found.set(placeText(name, left2[name].Keys[0], row), row);
      }
      left2 = UnprocessedKeys;
    }
  }
  return places.map(({ table: table2, key: key2 }) => found.get(placeText(tableName(table2), key2)));
}

// shared/table/request-memory.ts
var at11 = pathsOf();
var keyLifeMs = dayMs;
function keyedRequest(userId, key2, content) {
  if (key2 === void 0) return void 0;
  return {
    keyId: derivedId("key", userId, key2),
    contentId: fingerprint(content).slice(0, 22)
  };
}
var Replayed = class extends HoldfastError {
  /** What the first one came to. */
  result;
  constructor(result) {
    super("TRY_AGAIN", "This request has been carried out before");
    this.result = result;
  }
};
var KeyReused = class extends HoldfastError {
  constructor() {
    super("IDEMPOTENCY_KEY_REUSED", "This idempotency key was used for another request");
  }
};
var requestPlace = ({ keyId }) => ({ table: "Requests", key: { requestId: keyId } });
function judgeKey(row, { contentId }, nowMs) {
  if (!row || Number(row["untilMs"]) <= nowMs) return void 0;
  return row["contentId"] === contentId ? new Replayed(String(row["result"])) : new KeyReused();
}
function bindKeyWrite(keyed, nowMs, result = "") {
  const { keyId, contentId } = keyed;
  const untilMs = later(nowMs, keyLifeMs);
  const row = { contentId, result, untilMs, ttlSeconds: ttlSecondsAt(untilMs) };
  const item = { requestId: keyId, ...row };
  return put({
    ...requestPlace(keyed),
    item: { ...item },
    condition: anyOf(isMissing(at11("requestId")), condition`${at11("untilMs")} <= ${nowMs}`),
    refused: (found) => judgeKey(found, keyed, nowMs) ?? new KeyReused()
  });
}
function once(write, keyed, nowMs, result = "") {
  return keyed ? { ...write, companion: bindKeyWrite(keyed, nowMs, result) } : write;
}
async function bindAlone(database, keyed, nowMs) {
  if (keyed) await database.apply(bindKeyWrite(keyed, nowMs));
}

// shared/carts/storage/cart-store.ts
async function findCart(database, cartId) {
  return parseCart(cartId, await database.get("Carts", { cartId }));
}
async function readPricedCart(database, cartId, hasPriceList = true) {
  if (!hasPriceList) {
    const row2 = await database.get("Carts", { cartId });
    return { cart: parseReadCart(cartId, row2), prices: noPromotions };
  }
  const [row, listRow] = await database.getTogether([cartPlace(cartId), priceListPlace(cartId)]);
  return { cart: parseReadCart(cartId, row), prices: parsePriceList(listRow) };
}
var firstBackoffMs = 5;
var longestBackoffMs = 200;
var defaultPatienceMs = 1e4;
function decisive(error) {
  if (!(error instanceof TransactionRefused)) return error;
  const errors = error.refusals.map((refusal) => refusal.error);
  return errors.find((each) => !(each instanceof CartMoved)) ?? errors[0];
}
function createCartContents(options) {
  const { database, clock = systemClock, sleep = import_promises.setTimeout, random = Math.random } = options;
  const { hasPriceList = true } = options;
  async function untilSettled(attempt) {
    const deadlineMs = currentOperation()?.deadlineMs ?? clock() + defaultPatienceMs;
    let moved;
    for (let round = 0; ; round += 1) {
      try {
        return await attempt(moved);
      } catch (refused3) {
        const error = decisive(refused3);
        if (!(error instanceof CartMoved)) throw error;
        moved = error;
        const waitMs = random() * Math.min(longestBackoffMs, firstBackoffMs * 2 ** round);
        if (clock() + waitMs >= deadlineMs) throw error;
        await sleep(waitMs);
      }
    }
  }
  return {
    untilSettled,
    /** Carts and items as of now. One request for up to 100 of them. */
    async read(cartIds, itemIds = []) {
      const items = [...new Set(itemIds)].map((itemId) => stockRow(itemId));
      const places = [...cartIds.map(cartPlace), ...items];
      const hasRoom = hasPriceList && places.length < maxBatchKeys;
      const list = hasRoom ? [priceListPlace(cartIds[0] ?? "")] : [];
      const rows = await database.getTogether([...places, ...list]);
      if (hasRoom) options.rememberPrices?.(parsePriceList(rows.pop()));
      const stocks = rows.slice(cartIds.length).filter((row) => row !== void 0);
      return {
        carts: cartIds.map((cartId, index) => parseReadCart(cartId, rows[index])),
        items: new Map(stocks.map((row) => [parseStock(row).itemId, parseStock(row)]))
      };
    },
    /**
     * Does one edit and hands back the cart as it is afterwards. One request; with a key two, unless the edit puts the
     * whole cart.
     */
    async apply(cartId, write, keyed) {
      return parseReadCart(cartId, await database.apply(once(write, keyed, clock())));
    },
    /** Binds a key to an edit that had nothing to change: what comes to be there later is not for it either. */
    bindOnly(keyed) {
      return bindAlone(database, keyed, clock());
    },
    /**
     * Does the edit that `plan` makes of a cart. When the cart was another by then, the refusal hands
     * back what it is now, and the edit is planned again from that: one request each.
     */
    settle(cart, plan, keyed) {
      return untilSettled(async (moved) => {
        const current = moved ? parseReadCart(cart.cartId, moved.found) : cart;
        return this.apply(cart.cartId, await plan(current), keyed);
      });
    }
  };
}

// shared/carts/model/price-rules.ts
function listCodes(cart) {
  return listEntered([...cart.instances.values()]).map(({ entered }) => entered.code);
}
function listEntered(together2) {
  const byCode2 = /* @__PURE__ */ new Map();
  for (const { instance, codes = [] } of together2) {
    for (const entered of codes) {
      const known = byCode2.get(entered.code);
      if (known && known.entered.revision >= entered.revision) continue;
      byCode2.set(entered.code, { instance, entered });
    }
  }
  return [...byCode2.values()].toSorted((a, b) => a.entered.code < b.entered.code ? -1 : 1);
}
function scopedConditions(together2) {
  return together2.flatMap(
    ({ instance, conditions }) => conditions.map((condition2) => ({ ...condition2, instance }))
  );
}
function sumLists(lines) {
  return lines.reduce(
    (sum, { unitPriceMinor, quantity }) => sum + BigInt(unitPriceMinor) * BigInt(quantity),
    0n
  );
}
function listTogether2(cart, instance) {
  const present2 = selectInstance(cart, instance);
  const { currency } = present2;
  const others = [...cart.instances.values()].filter(
    (each) => each.instance !== instance && areOrderedTogether(each.instance, instance) && (each.currency ?? currency) === (currency ?? each.currency)
  );
  return [present2, ...others];
}
function isForNone(promotion, lines) {
  return promotion.target === "item" && !lines.some((line) => isMeant(promotion, line));
}
function judge(promotion, lines, others, nowMs) {
  if (!promotion || promotion.automatic) return "unknown";
  const refusal = findCodeRefusal(promotion, { nowMs, subtotalMinor: sumLists(lines) });
  if (refusal) return refusal;
  if (isForNone(promotion, lines)) return "not_applicable";
  return areCombinable([...others, promotion]) ? void 0 : "not_combinable";
}
function judgeEntry(promotion, cart, { instance, nowMs }) {
  const together2 = listTogether2(cart, instance);
  const others = listEntered(together2).map(({ entered }) => entered).filter(({ code }) => code !== promotion.code);
  const lines = together2.flatMap((each) => each.lines);
  return judge(promotion, lines, others, nowMs);
}
function judgeCodes(together2, { prices, nowMs }) {
  const accepted = [];
  const refused3 = [];
  const lines = together2.flatMap((each) => each.lines);
  for (const { instance, entered } of listEntered(together2)) {
    const { code } = entered;
    const promotion = prices.codes?.has(code) ? prices.codes.get(code) : entered;
    const reason = judge(promotion, lines, accepted, nowMs);
    if (reason) refused3.push({ code, reason, instance, entered });
    else accepted.push(promotion);
  }
  return { accepted, refused: refused3 };
}
function selectRules(together2, pricing) {
  const { prices, nowMs } = pricing;
  const lines = together2.flatMap((each) => each.lines);
  const facts = { nowMs, subtotalMinor: sumLists(lines) };
  const automatic = lines.length > 0 ? prices.automatic : [];
  const { accepted, refused: refused3 } = judgeCodes(together2, pricing);
  const byThemselves = automatic.filter(
    (promotion) => !findCodeRefusal(promotion, facts) && !isForNone(promotion, lines)
  );
  const applied2 = [...byThemselves, ...accepted];
  const rules = [...scopedConditions(together2), ...applied2.map(makeRule)].toSorted(compareRules);
  return { rules, applied: applied2, refused: refused3 };
}

// shared/base/money.ts
var import_bigint = require("dinero.js/bigint");
var wholeUnits = 0n;
function money(amountMinor, currency) {
  const code = { code: currency, base: 10n, exponent: wholeUnits };
  return (0, import_bigint.dinero)({ amount: BigInt(amountMinor), currency: code });
}
function sumAmounts(amounts, currency) {
  return amounts.reduce((total, amount) => (0, import_bigint.add)(total, amount), money(0, currency));
}
function plus(a, b) {
  return (0, import_bigint.add)(a, b);
}
function minus(a, b) {
  return (0, import_bigint.subtract)(a, b);
}
function times(amount, quantity) {
  return (0, import_bigint.multiply)(amount, BigInt(quantity));
}
function takePercent(amount, percent) {
  const ratio = { amount: percent.amount, scale: percent.scale + 2n };
  return (0, import_bigint.transformScale)((0, import_bigint.multiply)(amount, ratio), wholeUnits, import_bigint.halfAwayFromZero);
}
function atLeastZero(amount) {
  const { currency } = (0, import_bigint.toSnapshot)(amount);
  return (0, import_bigint.maximum)([amount, money(0, currency.code)]);
}
function split(amount, weights) {
  const { amount: whole, currency } = (0, import_bigint.toSnapshot)(amount);
  const given = weights.map((weight) => (0, import_bigint.toSnapshot)(weight).amount);
  const ratios = given.some((ratio) => ratio > 0n) ? given : given.map(() => 1n);
  const sum = ratios.reduce((total, ratio) => total + ratio, 0n);
  const size = whole < 0n ? -whole : whole;
  const shares = ratios.map((ratio) => size * ratio / sum);
  const left2 = Number(shares.reduce((rest, share) => rest - share, size));
  const luckiest = ratios.map((ratio, index) => ({ index, remainder: size * ratio % sum })).toSorted(
    (one, other) => Number(other.remainder > one.remainder) - Number(other.remainder < one.remainder)
  ).slice(0, left2);
  for (const { index } of luckiest) shares[index] += 1n;
  return shares.map((share) => money(whole < 0n ? -share : share, currency.code));
}
function isExact(amount) {
  const minor = (0, import_bigint.toSnapshot)(amount).amount;
  return minor <= BigInt(Number.MAX_SAFE_INTEGER) && minor >= BigInt(Number.MIN_SAFE_INTEGER);
}
function toMinor(amount) {
  const minor = Number((0, import_bigint.toSnapshot)(amount).amount);
  return Math.min(Math.max(minor, Number.MIN_SAFE_INTEGER), Number.MAX_SAFE_INTEGER);
}

// shared/carts/model/reckoning.ts
function computeEffect2({ value }, amount, units, currency) {
  const [, sign = "+", whole, decimals = "", minor] = conditionValuePattern.exec(value) ?? [];
  const size = minor === void 0 ? takePercent(amount, {
    amount: BigInt(`${whole ?? "0"}${decimals}`),
    scale: BigInt(decimals.length)
  }) : times(money(BigInt(minor), currency), units);
  return sign === "-" ? minus(money(0, currency), size) : size;
}
function change(rule, amount, units, currency) {
  const effect = computeEffect2(rule, amount, units, currency);
  return minus(atLeastZero(plus(amount, effect)), amount);
}
function lineTotal({ unitPriceMinor, quantity }, currency) {
  return times(money(unitPriceMinor, currency), quantity);
}
function isFor(rule, line) {
  const { instance = line.instance, target } = rule;
  return instance === line.instance && (target !== "item" || isMeant(rule, line));
}
function shareOut(rule, lines, amounts, currency) {
  const meant = lines.flatMap((line, index) => isFor(rule, line) ? [index] : []);
  if (meant.length === 0) return void 0;
  const own = meant.map((index) => amounts[index]);
  const parts = rule.target === "item" ? meant.map((index) => change(rule, amounts[index], lines[index].quantity, currency)) : split(change(rule, sumAmounts(own, currency), 1, currency), own);
  const shares = new Map(meant.map((index, at40) => [index, parts[at40]]));
  return lines.map((_, index) => shares.get(index) ?? money(0, currency));
}
function reckon(lines, rules, currency) {
  const lists = lines.map((line) => lineTotal(line, currency));
  if (lines.length === 0) return { lines: [], shares: [], total: money(0, currency) };
  let nets = lists;
  const shared = [];
  for (const target of conditionTargets) {
    for (const rule of rules.filter((each) => each.target === target)) {
      const shares = shareOut(rule, lines, nets, currency);
      if (!shares) continue;
      nets = nets.map((amount, index) => plus(amount, shares[index]));
      shared.push({ rule, shares });
    }
  }
  return {
    lines: lines.map((line, index) => ({ line, list: lists[index], net: nets[index] })),
    shares: shared,
    total: sumAmounts(nets, currency)
  };
}
function listAdjustments({ shares }, currency) {
  return shares.map(({ rule, shares: own }) => {
    const { name, type, target, value, code, automatic } = rule;
    return {
      name,
      type,
      target,
      value,
      ...code === void 0 ? {} : { code },
      ...automatic === void 0 ? {} : { automatic },
      amountMinor: toMinor(sumAmounts(own, currency)),
      shares: own.map(toMinor)
    };
  });
}
function checkExact(amounts) {
  if (amounts.every(isExact)) return;
  throw new TooLarge("This costs more than can be paid in one order", Number.MAX_SAFE_INTEGER);
}

// shared/carts/model/pricing.ts
function listLines2(instances) {
  return instances.flatMap(({ instance, lines }) => lines.map((line) => ({ ...line, instance })));
}
function priceInstances(instances, rules = scopedConditions(instances)) {
  const lines = listLines2(instances);
  const currency = instances.find((each) => each.currency !== void 0)?.currency;
  const count = lines.reduce((sum, { quantity }) => sum + quantity, 0);
  if (currency === void 0) return { count, subtotalMinor: 0, totalMinor: 0, currency: null };
  const reckoning = reckon(lines, rules, currency);
  const lists = reckoning.lines.map(({ list }) => list);
  return {
    count,
    subtotalMinor: toMinor(sumAmounts(lists, currency)),
    totalMinor: toMinor(reckoning.total),
    currency
  };
}
function pricedLines({ lines }) {
  return lines.map(({ line, list, net }) => {
    const { addedAtMs: _at, previousUnitPriceMinor: _before, perShopper: _most, ...facts } = line;
    return {
      ...facts,
      lineTotalMinor: toMinor(list),
      adjustmentMinor: toMinor(minus(net, list))
    };
  });
}
function priceLines(lines, rules, currency) {
  const reckoning = reckon(lines, rules, currency);
  const lists = reckoning.lines.map(({ list }) => list);
  checkExact([reckoning.total, sumAmounts(lists, currency)]);
  const priced = reckoning.lines.map(({ line, list, net }) => {
    const adjustmentMinor = toMinor(minus(net, list));
    return { ...line, lineTotalMinor: toMinor(list), adjustmentMinor };
  });
  const adjustments = listAdjustments(reckoning, currency);
  return { lines: priced, totalMinor: toMinor(reckoning.total), adjustments };
}
function listWanted(cart, names) {
  const wanted = names && new Set(names);
  const isWanted = (name) => wanted?.has(name) ?? isOrderedUnnamed(name);
  return [...cart.instances.values()].filter(({ instance }) => isWanted(instance));
}
function commonCurrency(instances) {
  const [currency, ...others] = instances.map((instance) => instance.currency ?? "");
  const other = others.find((candidate) => candidate !== currency);
  if (other !== void 0) throw new CurrencyMismatch(currency, other);
  return currency;
}
var byConditions = (instances) => {
  return { rules: scopedConditions(instances), applied: [], refused: [] };
};
function priceForOrder(cart, instances, rulesFor = byConditions) {
  const wanted = listWanted(cart, instances);
  const ordered = wanted.filter(({ lines }) => lines.length > 0);
  if (ordered.length === 0) throw new CartEmpty();
  const currency = commonCurrency(ordered);
  const { rules, applied: applied2, refused: refused3 } = rulesFor(wanted);
  const [first] = refused3;
  if (first) throw new CodeNotAccepted(first.code, first.reason, { instance: first.instance });
  const reckoning = reckon(listLines2(ordered), rules, currency);
  const lists = reckoning.lines.map(({ list }) => list);
  checkExact([reckoning.total, sumAmounts(lists, currency)]);
  return {
    lines: pricedLines(reckoning),
    totalMinor: toMinor(reckoning.total),
    currency,
    adjustments: listAdjustments(reckoning, currency),
    instances: ordered.map(({ instance }) => instance),
    // What an administrator gave was for what is bought now; what adds to a price is for what comes next as well.
    conditions: ordered.flatMap(
      ({ instance, conditions }) => conditions.filter(lowersPrice).map(({ name }) => ({ instance, name }))
    ),
    codes: wanted.flatMap(
      ({ instance, codes = [] }) => codes.map(({ code }) => ({ instance, code }))
    ),
    applied: applied2
  };
}

// shared/carts/checkout/cart-checkout-service.ts
var mostEdits = 20;
function validate(cart, pricing, expected) {
  const { version, totalMinor, currency, instances } = expected;
  const price = priceForOrder(cart, instances, (wanted) => selectRules(wanted, pricing));
  const isAsSeen = (version ?? cart.version) === cart.version && (totalMinor ?? price.totalMinor) === price.totalMinor && (currency ?? price.currency) === price.currency;
  if (!isAsSeen) throw new VersionMismatch(cart.version);
  return { cart, price };
}
async function lockStillCart({ database, clock, hasPriceList }, request) {
  const { orderId, leaseMs: leaseMs2, transactionId = temporaryTransactionId(orderId), actor } = request;
  return again(mostEdits, async () => {
    const cartId = makeCartId(request.userId, request.sessionId);
    const { cart, prices } = await readPricedCart(database, cartId, hasPriceList);
    const nowMs = clock();
    const expiresAtMs2 = later(nowMs, leaseMs2);
    const note = changeNote("cart.checkout", actor, nowMs);
    const start = { cart, orderId, transactionId, expiresAtMs: expiresAtMs2, nowMs, note };
    try {
      const locked = parseCart(cart.cartId, await database.apply(checkoutWrite(start)));
      return { cart: locked, pricing: { prices, nowMs } };
    } catch (error) {
      if (!(error instanceof VersionMismatch)) throw error;
      return new OnceMore(error);
    }
  });
}
var makeId = ({ userId, sessionId }) => makeCartId(userId, sessionId);
async function unlock({ database, clock }, request) {
  const note = changeNote("cart.reopened", request.actor, clock());
  await database.apply(reopenWrite({ cartId: makeId(request), orderId: request.orderId, note }));
}
function createCartCheckout(options) {
  const { database, clock } = options;
  const lockCart = async (request) => (await lockStillCart(options, request)).cart;
  async function letGo(request) {
    await unlock(options, request).catch((error) => {
      if (!(error instanceof CheckoutGone)) throw error;
    });
  }
  async function lockAndValidateCart(request, expected = {}) {
    const { cart, pricing } = await lockStillCart(options, request);
    try {
      return validate(cart, pricing, expected);
    } catch (error) {
      await letGo(request);
      throw error;
    }
  }
  return {
    /**
     * Locks a session's cart for an order, all instances at once: every edit is refused from now on.
     * Two requests. The lock ends by itself after `leaseMs`.
     *
     * @throws CartLocked when it is locked already; nothing was changed
     * @example await carts.lockCart({ userId, sessionId, orderId: "ord_1", leaseMs: 300_000, actor })
     */
    lockCart,
    /**
     * Gives the cart back as it is. One request.
     *
     * @throws CheckoutGone when it is not locked for this order (any more); nothing was changed
     * @example await carts.unlockCart({ userId, sessionId, orderId: "ord_1", actor })
     */
    unlockCart: (request) => unlock(options, request),
    /**
     * Who has the cart's lock, live ones only. One request.
     *
     * @example const { isLocked, lock } = await carts.isCartLocked({ userId, sessionId })
     */
    async isCartLocked(address) {
      const lock = liveLock(await findCart(database, makeId(address)), clock()) ?? null;
      return { isLocked: lock !== null, lock };
    },
    /**
     * Locks the cart, then checks that what is locked is what the caller saw. When it is not, or there
     * is nothing to order, the cart is unlocked again. Two requests, three when it is refused.
     *
     * @throws CartLocked, VersionMismatch, CartEmpty, CurrencyMismatch; the cart is not locked by this
     * @example const { price } = await carts.lockAndValidateCart(request, { version, totalMinor })
     */
    lockAndValidateCart,
    /**
     * Puts the provider's transaction in place of the temporary one; with `leaseMs` the lock also
     * starts again from now. One request. Safe to repeat.
     *
     * @throws CheckoutGone when the cart is not locked for this order; nothing was changed
     * @example await carts.setTransactionId({ userId, sessionId, orderId: "ord_1", actor }, "pi_1")
     */
    async setTransactionId(request, transactionId) {
      const { orderId, actor, leaseMs: leaseMs2 } = request;
      const nowMs = clock();
      const write = extendCheckoutWrite({
        cartId: makeId(request),
        orderId,
        transactionId,
        expiresAtMs: leaseMs2 === void 0 ? void 0 : later(nowMs, leaseMs2),
        note: changeNote("payment.started", actor, nowMs)
      });
      return parseCart(makeId(request), await database.apply(write)).lock;
    },
    /**
     * Runs `work` while the cart is locked and validated, and gives it back when the work is done or
     * throws. What the work does to the order is up to it.
     *
     * @throws what `lockAndValidateCart` throws, and whatever `work` throws; the cart is unlocked
     * @example await carts.whileLocked(request, { version }, ({ price }) => charge(price))
     */
    async whileLocked(request, expected, work) {
      const locked = await lockAndValidateCart(request, expected);
      try {
        return await work(locked);
      } finally {
        await letGo(request);
      }
    }
  };
}

// shared/carts/model/claim.ts
var claimLifeMs = 36e5;
var details = {
  unknown: "There is no such claim",
  used: "This claim was used already",
  expired: "The time of this claim is over"
};
var ClaimNotAccepted = class extends HoldfastError {
  /** The cart, or the user, that it went to. */
  usedBy;
  constructor(reason, usedBy) {
    super("CLAIM_NOT_ACCEPTED", details[reason], { reason });
    this.usedBy = usedBy;
  }
};

// shared/carts/model/merging.ts
var import_node_util2 = require("node:util");

// shared/carts/model/cart-lines.ts
function choiceId(itemId, attributes) {
  return `${itemId}~${fingerprint(attributes).slice(0, choiceDigestLength)}`;
}
function makeLineId(itemId, attributes) {
  const isChosen = attributes !== void 0 && Object.keys(attributes).length > 0;
  return isChosen ? choiceId(itemId, attributes) : itemId;
}
function identify2({ itemId, attributes }) {
  const chosen = attributes === void 0 ? void 0 : JSON.parse(attributes);
  return makeLineId(itemId, chosen);
}
function indexLines(lines) {
  return new Map(lines.map((line) => [identify2(line), line]));
}
function freeLineId(line, present2) {
  const isTaken2 = present2.some(({ lineId }) => lineId === line.lineId);
  return isTaken2 ? choiceId(line.itemId, {}) : line.lineId;
}
function makeAddition(wanted, item, { nowMs, isKnown: isKnown2 = false }) {
  const { itemId } = wanted;
  if (!item) throw new ItemNotFound(itemId);
  if (item.archivedAtMs !== void 0 && !isKnown2) {
    throw new ItemsUnavailable([whyRefused(wanted, item, epochMs(nowMs))]);
  }
  return makeLine(wanted, item, nowMs);
}
function makeLine(wanted, item, nowMs) {
  const { itemId, quantity, attributes } = wanted;
  const { name, kind, vendorId, amountMinor: unitPriceMinor, currency, perShopper } = item;
  const lineId = makeLineId(itemId, attributes);
  const limit = perShopper === void 0 ? {} : { perShopper };
  const facts = { name, kind, vendorId: vendorId ?? null, quantity, unitPriceMinor, ...limit };
  const json = lineId === itemId ? void 0 : jsonText(attributes, "A line's attributes");
  const chosen = json === void 0 ? {} : { attributes: json };
  return { line: { lineId, itemId, ...facts, ...chosen, addedAtMs: nowMs }, currency };
}
function keepingPlace(line, known) {
  const { lineId, addedAtMs, attributes } = known;
  return { ...line, lineId, addedAtMs, ...attributes === void 0 ? {} : { attributes } };
}
function checkDistinct(wanted) {
  const seen = /* @__PURE__ */ new Set();
  for (const [index, { itemId, attributes }] of wanted.entries()) {
    const lineId = makeLineId(itemId, attributes);
    if (seen.has(lineId)) {
      throw new InvalidRequest([{ path: `${index}.itemId`, message: "is in the list already" }]);
    }
    seen.add(lineId);
  }
}
function withLines(present2, wanted, items, nowMs) {
  const known = indexLines(present2.lines);
  const additions = wanted.map((each, index) => {
    const { itemId, quantity, attributes } = each;
    checkLineQuantity(quantity);
    const lineId = makeLineId(itemId, attributes);
    const line = known.get(lineId);
    const addedAtMs = nowMs + index;
    if (items.has(itemId) || !line || present2.currency === void 0) {
      return makeAddition(each, items.get(itemId), {
        nowMs: addedAtMs,
        isKnown: line !== void 0
      });
    }
    return { line: { ...line, lineId, quantity, addedAtMs }, currency: present2.currency };
  });
  return withAdditions(present2, additions);
}
function withAdditions(present2, additions) {
  const { currency: _currency, ...rest } = present2;
  const [first, ...others] = additions.map(({ currency }) => currency);
  const other = others.find((currency) => currency !== first);
  if (other !== void 0) throw new CurrencyMismatch(first, other);
  const lines = additions.map(({ line }) => line);
  return { ...rest, lines, ...first === void 0 ? {} : { currency: first } };
}

// shared/carts/model/merging.ts
var quantities = {
  sum: (mine, theirs) => mine + theirs,
  max: Math.max,
  keep: (mine) => mine
};
function mergedLines(target, source, strategy) {
  const [mine, theirs] = [indexLines(target), indexLines(source)];
  const both = [...mine].map(([lineId, line]) => {
    const other = theirs.get(lineId);
    if (!other) return { ...line, lineId };
    const quantity = quantities[strategy](line.quantity, other.quantity);
    checkLineQuantity(quantity);
    return { ...line, lineId, quantity };
  });
  const others = [...theirs].filter(([lineId]) => !mine.has(lineId));
  return [...both, ...others.map(([lineId, line]) => ({ ...line, lineId }))];
}
var longestStem = 120;
function freeName(name, among) {
  const taken = new Set(among.map((condition2) => condition2.name));
  let candidate = name;
  for (let number = 2; taken.has(candidate); number += 1) {
    candidate = `${name.slice(0, longestStem)} (${number})`;
  }
  return candidate;
}
function mergedConditions(target, source) {
  const merged = [...target];
  for (const condition2 of source) {
    if (target.some((known) => (0, import_node_util2.isDeepStrictEqual)(known, condition2))) continue;
    merged.push({ ...condition2, name: freeName(condition2.name, merged) });
  }
  return merged;
}
function mergedCodes(target, source) {
  const merged = new Map(
    [...target.instances.values()].map(({ instance, codes = [] }) => [instance, codes])
  );
  for (const { instance, codes = [] } of source.instances.values()) {
    for (const entered of codes) {
      const own = merged.get(instance) ?? [];
      const all = [...merged.values()].flat();
      const company = [...merged].flatMap(
        ([name, known]) => areOrderedTogether(name, instance) ? known : []
      );
      const isKnown2 = company.some(({ code }) => code === entered.code);
      const fits = all.length < maxCodes && areCombinable([...company, entered]);
      if (!isKnown2 && fits) merged.set(instance, [...own, entered]);
    }
  }
  return merged;
}
function mergedInstance(target, source, strategy, codes) {
  const [mine, theirs] = [target.currency, source.currency];
  if (mine !== void 0 && theirs !== void 0 && mine !== theirs) {
    throw new CurrencyMismatch(mine, theirs);
  }
  const currency = mine ?? theirs;
  return {
    instance: target.instance,
    lines: mergedLines(target.lines, source.lines, strategy),
    conditions: mergedConditions(target.conditions, source.conditions),
    ...codes.length > 0 ? { codes } : {},
    metadata: new Map([...source.metadata, ...target.metadata]),
    ...currency === void 0 ? {} : { currency }
  };
}
function mergedInstances(target, source, strategy) {
  const names = /* @__PURE__ */ new Set([...target.instances.keys(), ...source.instances.keys()]);
  const codes = mergedCodes(target, source);
  return [...names].map((name) => {
    const [mine, theirs] = [selectInstance(target, name), selectInstance(source, name)];
    return mergedInstance(mine, theirs, strategy, codes.get(name) ?? []);
  });
}

// shared/carts/storage/claim-store.ts
var at12 = pathsOf();
var claimPlace = (claim) => ({ table: "Carts", key: { cartId: `claim:${fingerprint(claim)}` } });
function makeClaimWrite({ claim, sourceCartId, untilMs, note }) {
  const { table: table2, key: key2 } = claimPlace(claim);
  const ttlSeconds = ttlSecondsAt(later(untilMs, dayMs));
  return put({
    table: table2,
    key: key2,
    item: { ...key2, sourceCartId, untilMs, ttlSeconds, change: note },
    condition: isMissing(at12("cartId")),
    refused: () => new ClaimNotAccepted("used"),
    applied: (found) => found?.["sourceCartId"] === sourceCartId
  });
}
function useClaimWrite(claim, targetCartId, note) {
  return update({
    ...claimPlace(claim),
    change: { set: [action`${at12("usedBy")} = ${targetCartId}`, action`${at12("change")} = ${note}`] },
    condition: allOf(
      exists(at12("sourceCartId")),
      isMissing(at12("usedBy")),
      condition`${at12("untilMs")} > ${note.atMs}`
    ),
    refused: explainRefusal
  });
}
function explainRefusal(found) {
  if (found?.["sourceCartId"] === void 0) return new ClaimNotAccepted("unknown");
  const { usedBy } = found;
  return usedBy === void 0 ? new ClaimNotAccepted("expired") : new ClaimNotAccepted("used", usedBy);
}
async function findClaimed(database, claim, { targetCartId, nowMs }) {
  const { table: table2, key: key2 } = claimPlace(claim);
  const found = await database.get(table2, key2);
  if (!found) throw new ClaimNotAccepted("unknown");
  const { sourceCartId, usedBy, untilMs } = found;
  if (usedBy !== void 0 && usedBy !== targetCartId) throw new ClaimNotAccepted("used", usedBy);
  if (usedBy === void 0 && untilMs <= nowMs) throw new ClaimNotAccepted("expired");
  return { sourceCartId, isUsed: usedBy !== void 0 };
}

// shared/carts/editing/cart-replacement.ts
function withInstance(cart, replaced) {
  const others = [...cart.instances.values()].filter(
    ({ instance }) => instance !== replaced.instance
  );
  return [...others, replaced];
}
function rememberedIn(row, editId) {
  const entries = rememberedEdits.map((attribute, index) => [
    attribute,
    index === 0 ? editId : row?.[rememberedEdits[index - 1]] ?? ""
  ]);
  return Object.fromEntries(entries);
}
function replaceWrite(edit, cart, instances) {
  checkLineCount(countLines(instances));
  checkConditionCount(instances);
  checkMetadata(instances, cart.instances.values());
  checkAttributes(listLines(instances), listLines(cart.instances.values()));
  const { nowMs, note, address } = edit;
  const { userId, sessionId } = address;
  const cartId = makeCartId(userId, sessionId);
  const editId = newEditId();
  return put({
    ...cartPlace(cartId),
    item: {
      cartId,
      userId,
      sessionId,
      version: (cart.version || nowMs) + 1,
      ...cart.checkouts > 0 ? { checkouts: cart.checkouts } : {},
      ttlSeconds: ttlSecondsAt(later(nowMs, cartLifeMs)),
      change: note,
      ...rememberedIn(cart.row, editId),
      ...contentsRow(instances)
    },
    condition: allOf(cartIsUnlocked(nowMs), versionIs(cart.version), checkoutsAre(cart.checkouts)),
    refused: refusalOfEdit(edit),
    applied: (found) => editTookEffect(editId, found),
    recall: editIsRecalled(cart.version)
  });
}

// shared/carts/editing/cart-claim-service.ts
function createCartClaims({ contents, database, clock }) {
  async function takeOver(request, sourceCartId) {
    const { userId, sessionId, claim, strategy, actor } = request;
    const cartId = makeCartId(userId, sessionId);
    const { carts } = await contents.read([cartId, sourceCartId]);
    const [target, source] = [carts[0], carts[1]];
    const nowMs = clock();
    for (const cart of carts) checkUnlocked(cart, nowMs);
    const note = changeNote("cart.claimed", actor, nowMs);
    const instances = mergedInstances(target, source, strategy);
    await database.transact([
      useClaimWrite(claim, cartId, note),
      replaceWrite({ address: { userId, sessionId }, nowMs, note }, target, instances),
      replaceWrite({ address: parseCartId(sourceCartId), nowMs, note }, source, [])
    ]);
    const version = (target.version || nowMs) + 1;
    return parseCart(cartId, { ...contentsRow(instances), version, checkouts: target.checkouts });
  }
  return {
    /**
     * Makes a claim to a session's cart, good for an hour and for one use. What is in the cart by the time that it is
     * shown goes along. One request. Who has it can have the cart: it is told to nobody else.
     *
     * @example const { claim } = await carts.offerClaim({ userId: "guest-1", sessionId }, actor)
     */
    async offerClaim({ userId, sessionId }, actor) {
      const claim = randomId("clm");
      const nowMs = clock();
      const expiresAtMs2 = later(nowMs, claimLifeMs);
      const sourceCartId = makeCartId(userId, sessionId);
      const note = changeNote("cart.claim_made", actor, nowMs);
      await database.apply(makeClaimWrite({ claim, sourceCartId, untilMs: expiresAtMs2, note }));
      return { claim, expiresAtMs: expiresAtMs2 };
    },
    /**
     * Puts the claimed cart into this one, administrators' conditions too, and empties that one: all of it once, or
     * nothing. Orders stay with who placed them. Three requests. Shown again for the same cart it answers with
     * that cart and moves nothing.
     *
     * @throws ClaimNotAccepted when it is unknown, over, or went to another cart; nothing was changed
     * @throws CartLocked when either cart is being paid for; CurrencyMismatch, TooLarge; nothing was changed
     * @example await carts.claim({ userId, sessionId: "phone", claim, strategy: "sum", actor })
     */
    async claim(request) {
      const targetCartId = makeCartId(request.userId, request.sessionId);
      const { claim } = request;
      const { sourceCartId, isUsed: isUsed2 } = await findClaimed(database, claim, {
        targetCartId,
        nowMs: clock()
      });
      if (sourceCartId === targetCartId) {
        throw new InvalidRequest([{ path: "claim", message: "is of this very cart" }]);
      }
      if (isUsed2) return findCart(database, targetCartId);
      try {
        return await contents.untilSettled(() => takeOver(request, sourceCartId));
      } catch (error) {
        const isOurs = error instanceof ClaimNotAccepted && error.usedBy === targetCartId;
        if (!isOurs) throw error;
        return findCart(database, targetCartId);
      }
    }
  };
}

// shared/promotions/uses.ts
var noCurrency = "XXX";
var UsesChanged = class extends HoldfastError {
  constructor() {
    super("TRY_AGAIN", "The uses of this promotion were changed in the meantime");
  }
};
function makeMark({ revision }) {
  return { amountMinor: revision, currency: noCurrency };
}
function makeShopperMark(most) {
  return { amountMinor: most, currency: noCurrency };
}
function listUses(promotion, userId) {
  const { code, usesId, maxUses, maxUsesPerShopper: own } = promotion;
  const take2 = (itemId, price, isOwn) => {
    return { code, isOwn, demand: { itemId, quantity: 1, price } };
  };
  return [
    ...maxUses === void 0 ? [] : [take2(usesId, makeMark(promotion), false)],
    ...own === void 0 ? [] : [take2(makeShopperUsesId(usesId, userId), makeShopperMark(own), true)]
  ];
}
function countUsesLeft(stock, nowMs) {
  return stock.available + expiredUnits(stock, nowMs);
}
function isSeenAsIs({ demand }, stock) {
  return demand.price.amountMinor === stock.amountMinor;
}
function findUseRefusal({ isOwn, demand }, stock, nowMs) {
  if (!stock) return void 0;
  const raised = isOwn ? demand.price.amountMinor - stock.amountMinor : 0;
  if (countUsesLeft(stock, nowMs) + raised >= demand.quantity) return void 0;
  return isOwn ? "used_by_you" : "used_up";
}

// shared/promotions/uses-store.ts
var at13 = pathsOf();
function createUsesWrite({ usesId, name, most, mark: mark2, nowMs, note }) {
  const levels = { available: most, held: 0, sold: 0, received: most, adjusted: 0 };
  const what = { itemId: usesId, name, kind: "Promotion", vendorId: null, ...mark2 };
  const counted = { holdPolicy: "counted", due: {}, reclaimedThroughMs: 0, createdAtMs: nowMs };
  const item = { ...what, ...levels, ...counted, shard: 0, schemaVersion: stockSchemaVersion };
  return put({
    ...stockRow(usesId),
    item: { ...item, change: note },
    condition: isMissing(at13("itemId")),
    refused: () => new UsesChanged(),
    applied: (found) => found !== void 0
  });
}
function changeUsesWrite({ usesId, most, mark: mark2, note }, seen) {
  const { adjusted, received, amountMinor } = seen;
  const delta = most - (received + adjusted);
  return update({
    ...stockRow(usesId),
    change: {
      set: [
        action`${at13("available")} = ${at13("available")} + ${delta}`,
        action`${at13("adjusted")} = ${adjusted + delta}`,
        action`${at13("amountMinor")} = ${mark2.amountMinor}`,
        action`${at13("change")} = ${note}`
      ]
    },
    condition: condition`${at13("adjusted")} = ${adjusted} AND ${at13("amountMinor")} = ${amountMinor}`,
    refused: (found) => found ? new UsesChanged() : new ItemNotFound(usesId),
    applied: (found) => found?.["adjusted"] === adjusted + delta && found["amountMinor"] === mark2.amountMinor
  });
}
function makeUsesWrites(wanted, seen) {
  if (!seen) return [createUsesWrite(wanted)];
  const isAsWanted = seen.received + seen.adjusted === wanted.most && seen.amountMinor === wanted.mark.amountMinor;
  return isAsWanted ? [] : [changeUsesWrite(wanted, seen)];
}
async function ensureOwnUses(database, { code, isOwn, demand }, seen, note) {
  if (!isOwn) return;
  const { itemId: usesId, price: mark2 } = demand;
  const most = mark2.amountMinor;
  const wanted = { usesId, name: code, most, mark: mark2, nowMs: note.atMs, note };
  const [write] = makeUsesWrites(wanted, seen);
  try {
    if (write) await database.apply(write, { isAside: true });
  } catch (error) {
    if (!(error instanceof UsesChanged)) throw error;
  }
}
async function findUses(database, uses) {
  if (uses.length === 0) return [];
  const rows = await database.getTogether(uses.map(({ demand }) => stockRow(demand.itemId)));
  return rows.map((row) => row && parseStock(row));
}

// shared/carts/editing/cart-code-store.ts
function checkRoom(cart, edit, { code }) {
  const others = [...cart.instances.values()].flatMap(
    ({ instance, codes = [] }) => codes.filter((each) => each.code !== code || instance !== edit.address.instance)
  );
  if (others.length < maxCodes) return;
  throw new TooLarge(`A cart has at most ${maxCodes} promotion codes`, maxCodes);
}
function enterCodeWrite(edit, cart, promotion) {
  const { instance } = edit.address;
  const { code } = promotion;
  const reason = judgeEntry(promotion, cart, { instance, nowMs: edit.nowMs });
  if (reason) throw new CodeNotAccepted(code, reason);
  checkRoom(cart, edit, promotion);
  return editWrite(edit, {
    change: {
      set: [action`${at8(codeAttribute(instance, code))} = ${storedCode(promotion)}`]
    },
    plannedOn: cart.version,
    // Minimum, number and company of codes were judged by this very cart.
    guards: [versionIs(cart.version)]
  });
}
function removeCodeWrite(edit, code) {
  const attribute = codeAttribute(edit.address.instance, code);
  return editWrite(edit, {
    change: { remove: [at8(attribute)] },
    guards: [exists(at8(attribute))]
  });
}

// shared/carts/editing/cart-code-service.ts
function createCartCodes(options) {
  const { contents, database, clock, rememberPrices } = options;
  async function checkUses(promotion, { userId, actor }) {
    const uses = listUses(promotion, userId);
    const seen = await findUses(database, uses);
    for (const [index, use] of uses.entries()) {
      const reason = findUseRefusal(use, seen[index], clock());
      if (reason) throw new CodeNotAccepted(promotion.code, reason);
    }
    const note = changeNote("uses.changed", actor, clock());
    for (const [index, use] of uses.entries())
      await ensureOwnUses(database, use, seen[index], note);
  }
  return {
    /**
     * Enters a promotion code into a named cart, or refreshes one that is there. Two requests; where its uses
     * are limited one more, and another the first time that a shopper enters a code with a limit of their own.
     *
     * @throws CodeNotAccepted with the reason; CartLocked, TooLarge; nothing was changed
     * @example await carts.enterCode({ userId, sessionId, instance: "menu", actor }, "SUMMER")
     */
    async enterCode(request, entered) {
      const code = normalizeCode(entered);
      const { userId, sessionId } = request;
      const cartId = makeCartId(userId, sessionId);
      const places = [cartPlace(cartId), priceListPlace(cartId), promotionPlace(code)];
      const [row, listRow, promotionRow] = await database.getTogether(places);
      const cart = parseReadCart(cartId, row);
      const promotion = parsePromotion(promotionRow);
      rememberPrices?.({ ...parsePriceList(listRow), codes: /* @__PURE__ */ new Map([[code, promotion]]) });
      const edit = makeEdit(request, "cart.code_entered", clock());
      checkUnlocked(cart, edit.nowMs);
      if (!promotion) throw new CodeNotAccepted(code, "unknown");
      enterCodeWrite(edit, cart, promotion);
      await checkUses(promotion, request);
      const plan = (current) => enterCodeWrite(edit, current, promotion);
      return contents.settle(cart, plan, request.keyed);
    },
    /**
     * Takes a code back, if it is there. One request. Safe to repeat.
     *
     * @throws CartLocked; nothing was changed
     * @example await carts.removeCode(at, "SUMMER")
     */
    async removeCode(request, entered) {
      const cartId = makeCartId(request.userId, request.sessionId);
      const edit = makeEdit(request, "cart.code_removed", clock());
      try {
        const write = removeCodeWrite(edit, normalizeCode(entered));
        return await contents.apply(cartId, write, request.keyed);
      } catch (error) {
        if (!(error instanceof CartMoved)) throw error;
        await contents.bindOnly(request.keyed);
        return parseCart(cartId, error.found);
      }
    }
  };
}

// shared/carts/editing/collection-editing-service.ts
function createCollectionEditing({ contents, guard, clock }) {
  return {
    /** Reads a cart; a locked one or a stale version is refused before anything is written. */
    async open(request, itemIds = []) {
      const { userId, sessionId, expectedVersion } = request;
      const { carts, items } = await contents.read([makeCartId(userId, sessionId)], itemIds);
      const cart = carts[0];
      checkUnlocked(cart, clock());
      if (!isExpected(expectedVersion, cart.version)) throw new VersionMismatch(cart.version);
      return { cart, items };
    },
    /** Runs work under the collection's guard; what the caller saw, `If-Match`, needs no lock. */
    guarded(request, collection, work) {
      return request.expectedVersion === void 0 ? guard(request, collection, work) : work();
    },
    /** The write that changes one instance of a cart and leaves all else as it was read. */
    replaceInstance(edit, cart, change3) {
      const present2 = selectInstance(cart, edit.address.instance);
      return replaceWrite(edit, cart, withInstance(cart, change3(present2)));
    }
  };
}

// shared/carts/editing/cart-collection-service.ts
function parseItem({ attributes, ...line }) {
  return attributes === void 0 ? line : { ...line, attributes: JSON.parse(attributes) };
}
async function withMissingFacts(contents, lines, wanted, items) {
  const known = indexLines(lines);
  const unread = wanted.filter((each) => !known.has(makeLineId(each.itemId, each.attributes))).map(({ itemId }) => itemId).filter((itemId) => !items.has(itemId));
  if (unread.length === 0) return items;
  const read2 = await contents.read([], unread);
  return new Map([...items, ...read2.items]);
}
function createCartCollections(options) {
  const { contents, clock } = options;
  const { open: open2, guarded, replaceInstance } = createCollectionEditing(options);
  return {
    /**
     * The lines of an instance, and the version that a replacement of them may be guarded by. One
     * request.
     *
     * @example const { items, version } = await carts.getItems({ userId, sessionId, instance: "menu" })
     */
    async getItems({ userId, sessionId, instance }) {
      const { carts } = await contents.read([makeCartId(userId, sessionId)]);
      const cart = carts[0];
      return { items: selectInstance(cart, instance).lines.map(parseItem), version: cart.version };
    },
    /** The version of a cart's contents; 0 for one that was never used. One request. */
    async getVersion({ userId, sessionId }) {
      const { carts } = await contents.read([makeCartId(userId, sessionId)]);
      return carts[0].version;
    },
    /**
     * Replaces all lines of an instance, at the shop's prices of now. Two requests for up to 99 items
     * (one batched read, one write); in locking mode four. With `expectedVersion`, only if the
     * contents are still those, and without a lock.
     *
     * @throws CartLocked, VersionMismatch, ItemNotFound, CurrencyMismatch, TooLarge, LockTimeout;
     * nothing was changed
     * @example await carts.putItems({ ...at, actor, expectedVersion }, [{ itemId: "soup", quantity: 1 }])
     */
    async putItems(request, wanted) {
      checkLineCount(wanted.length);
      checkDistinct(wanted);
      return guarded(request, "items", async () => {
        const { cart, items } = await open2(
          request,
          wanted.map(({ itemId }) => itemId)
        );
        const edit = makeEdit(request, "cart.items_replaced", clock());
        const plan = (current) => replaceInstance(
          edit,
          current,
          (present2) => withLines(present2, wanted, items, edit.nowMs)
        );
        return contents.settle(cart, plan, request.keyed);
      });
    },
    /**
     * Replaces the lines by what `change` makes of them. Read, change and write are one: when somebody
     * else was faster, `change` is asked again, with what is there then; in locking mode others wait.
     * Lines that stay keep their price. Items named in `reads` are read together with the cart, at
     * their price of now; other new ones cost one more request.
     *
     * @throws what `putItems` throws, and whatever `change` throws; nothing was changed
     * @example await carts.updateItems(at, (items) => items.filter(({ kind }) => kind !== "Ticket"))
     */
    async updateItems(request, change3, { reads = [] } = {}) {
      return guarded(request, "items", async () => {
        const { cart, items } = await open2(request, reads);
        const edit = makeEdit(request, "cart.items_updated", clock());
        const plan = async (current) => {
          const { instance } = request;
          const { lines } = selectInstance(current, instance);
          const wanted = await change3(lines.map(parseItem));
          checkLineCount(wanted.length);
          checkDistinct(wanted);
          const facts = await withMissingFacts(contents, lines, wanted, items);
          return replaceInstance(
            edit,
            current,
            (present2) => withLines(present2, wanted, facts, edit.nowMs)
          );
        };
        return contents.settle(cart, plan, request.keyed);
      });
    }
  };
}

// shared/carts/storage/sale-look.ts
var rememberedMs = 1e4;
var mostRemembered = 1e3;
function listItemIds({ instances }) {
  return [...new Set(listLines(instances.values()).map(({ itemId }) => itemId))];
}
function findReason(window, nowMs) {
  if (!window) return "not_found";
  return isForSale(window, nowMs) ? void 0 : "not_for_sale";
}
function mayDiffer(stock) {
  if (!stock) return true;
  const { archivedAtMs, saleStartsAtMs, saleEndsAtMs, factsRevision } = stock;
  const bounds = [archivedAtMs, saleStartsAtMs, saleEndsAtMs, factsRevision];
  return bounds.some((bound) => bound !== void 0);
}
function createSaleLook({ database, clock }) {
  const remembered = /* @__PURE__ */ new Map();
  function isFresh(seen) {
    return seen !== void 0 && clock() < later(seen.atMs, rememberedMs);
  }
  async function look3(itemIds) {
    const keys = itemIds.map((itemId) => stockRow(itemId).key);
    const rows = keys.length > 0 ? await database.lookAtMany("Stock", keys) : [];
    const found = new Map(rows.map((row) => [parseStock(row).itemId, parseStock(row)]));
    if (remembered.size + itemIds.length > mostRemembered) remembered.clear();
    const atMs = clock();
    for (const itemId of itemIds) remembered.set(itemId, { stock: found.get(itemId), atMs });
  }
  return {
    /**
     * What the shop does not sell of what is in a cart. With `anew` as it is or was a moment ago, and with unit
     * prices: one request for up to 100 items, half a read unit each; otherwise as this process has seen it last, at no
     * request and without prices, which may be older than those of a line that was just put there.
     *
     * @example const { unavailable } = await carts.lookAtSale(cart, { anew: true });
     */
    async lookAtSale(cart, { anew = false } = {}) {
      const itemIds = listItemIds(cart);
      if (anew) await look3(itemIds);
      const known = itemIds.flatMap((itemId) => {
        const seen = remembered.get(itemId);
        return seen && isFresh(seen) ? [[itemId, seen.stock]] : [];
      });
      const unavailable = known.flatMap(([itemId, stock]) => {
        const reason = findReason(stock, clock());
        return reason ? [[itemId, reason]] : [];
      });
      const prices = (anew ? known : []).flatMap(
        ([itemId, stock]) => stock ? [[itemId, stock]] : []
      );
      const mayChange = known.some(([, stock]) => mayDiffer(stock));
      return { unavailable: new Map(unavailable), unitPrices: new Map(prices), mayChange };
    }
  };
}

// shared/carts/editing/cart-key-edits.ts
var import_node_util3 = require("node:util");
function lineIsAsRead(attribute, known) {
  return known ? condition`${at8(attribute)} = ${storedLine(known)}` : isMissing(at8(attribute));
}
function fitsWith(attribute, quantity) {
  return anyOf(
    isMissing(at8(attribute)),
    condition`${at8(attribute)} <= ${maxLineQuantity - quantity}`
  );
}
function currencyFits(cart, instance, currency) {
  const path = at8(currencyAttribute(instance));
  const isFree = anyOf(isMissing(path), condition`${path} = ${currency}`);
  const isEmpty = selectInstance(cart, instance).lines.length === 0;
  return isEmpty && cart.version > 0 ? anyOf(isFree, versionIs(cart.version)) : isFree;
}
function attributesFit(cart, known, line) {
  return known || line.attributes === void 0 ? [] : [versionIs(cart.version)];
}
function checkAddition(cart, instance, { line, currency }) {
  const { lines, currency: bound } = selectInstance(cart, instance);
  if (bound !== void 0 && bound !== currency) throw new CurrencyMismatch(bound, currency);
  const known = lines.find((present2) => identify2(present2) === line.lineId);
  if (!known) {
    const all = listLines(cart.instances.values());
    checkLineCount(all.length + 1);
    if (line.attributes !== void 0) checkAttributes([...all, line], all);
  }
  checkLineQuantity((known?.quantity ?? 0) + line.quantity);
  if (known) return { known, added: keepingPlace(line, known) };
  return { known, added: { ...line, lineId: freeLineId(line, lines) } };
}
function addLineWrite(edit, cart, addition) {
  const { currency } = addition;
  const { instance } = edit.address;
  const { known, added: line } = checkAddition(cart, instance, addition);
  const attribute = lineAttribute(instance, line.lineId);
  const quantity = quantityAttribute(instance, line.lineId);
  const key2 = keyIn(instance, line.lineId);
  const stored = storedLine(line);
  const isUnchanged = known !== void 0 && (0, import_node_util3.isDeepStrictEqual)(storedLine(known), stored);
  return editWrite(edit, {
    change: {
      set: [
        ...isUnchanged ? [] : [action`${at8(attribute)} = ${stored}`],
        action`${at8(currencyAttribute(instance))} = ${currency}`
      ],
      add: [action`${at8(quantity)} ${line.quantity}`, action`${at8("lineKeys")} ${/* @__PURE__ */ new Set([key2])}`]
    },
    plannedOn: cart.version,
    guards: [
      lineIsAsRead(attribute, known),
      fitsWith(quantity, line.quantity),
      hasRoomFor("lineKeys", key2, maxLines),
      currencyFits(cart, instance, currency),
      ...attributesFit(cart, known, line)
    ]
  });
}
function changeQuantityWrite(edit, quantity) {
  const { address, lineId } = edit;
  const path = at8(quantityAttribute(address.instance, lineId));
  return editWrite(edit, {
    change: { set: [action`${path} = ${quantity}`] },
    guards: [exists(path)],
    refused: () => new CartLineNotFound(address.instance, lineId)
  });
}
function removeLineWrite(edit) {
  const { instance } = edit.address;
  const { lineId } = edit;
  const attribute = lineAttribute(instance, lineId);
  const key2 = keyIn(instance, lineId);
  return editWrite(edit, {
    change: {
      remove: [at8(attribute), at8(quantityAttribute(instance, lineId))],
      delete: [action`${at8("lineKeys")} ${/* @__PURE__ */ new Set([key2])}`]
    },
    guards: [exists(at8(attribute))],
    refused: () => new CartLineNotFound(instance, lineId)
  });
}
function setConditionWrite(edit, given) {
  const { instance } = edit.address;
  const key2 = keyIn(instance, given.name);
  const path = at8(conditionAttribute(instance, given.name));
  return editWrite(edit, {
    change: {
      set: [action`${path} = ${storedCondition(given)}`],
      add: [action`${at8("conditionKeys")} ${/* @__PURE__ */ new Set([key2])}`]
    },
    guards: [hasRoomFor("conditionKeys", key2, maxConditions)],
    refused: () => new TooLarge(`A cart has at most ${maxConditions} conditions`, maxConditions)
  });
}
function removeConditionWrite(edit, name) {
  const { instance } = edit.address;
  const attribute = conditionAttribute(instance, name);
  return editWrite(edit, {
    change: {
      remove: [at8(attribute)],
      delete: [action`${at8("conditionKeys")} ${/* @__PURE__ */ new Set([keyIn(instance, name)])}`]
    },
    guards: [exists(at8(attribute))]
  });
}
function setMetadataWrite(edit, key2, json) {
  const { instance } = edit.address;
  const path = at8(metadataAttribute(instance, key2));
  const [name, kb] = [keyIn(instance, key2), countKb(json)];
  return editWrite(edit, {
    change: {
      set: [action`${path} = ${json}`],
      add: [
        action`${at8("metadataKeys")} ${/* @__PURE__ */ new Set([name])}`,
        action`${at8("metadataKb")} ${new Set(listKb(name, kb))}`
      ]
    },
    guards: [hasRoomFor("metadataKeys", name, maxMetadataKeys), hasRoomForKb(name, kb)],
    refused: (found) => {
      const keys = new Set(found?.["metadataKeys"] ?? []);
      return tooMuchMetadata(keys.add(name).size);
    }
  });
}
function removeMetadataWrite(edit, key2) {
  const { instance } = edit.address;
  const attribute = metadataAttribute(instance, key2);
  const name = keyIn(instance, key2);
  const all = listKb(name, Math.ceil(maxJsonBytes / 1024));
  return editWrite(edit, {
    change: {
      remove: [at8(attribute)],
      delete: [
        action`${at8("metadataKeys")} ${/* @__PURE__ */ new Set([name])}`,
        action`${at8("metadataKb")} ${new Set(all)}`
      ]
    },
    guards: [exists(at8(attribute))]
  });
}

// shared/carts/editing/cart-edit-service.ts
function createCartEdits({ contents, clock }) {
  const edit = (request, action2) => makeEdit(request, action2, clock());
  function apply({ userId, sessionId, keyed }, write) {
    return contents.apply(makeCartId(userId, sessionId), write, keyed);
  }
  async function removeIfThere(request, write) {
    try {
      return await apply(request, write);
    } catch (error) {
      if (!(error instanceof CartMoved)) throw error;
      await contents.bindOnly(request.keyed);
      return parseCart(makeCartId(request.userId, request.sessionId), error.found);
    }
  }
  return {
    /**
     * Adds an item at its present price, or raises the quantity of the line with the same attributes. Two requests: one reads
     * the item and the cart together, so that a locked cart is refused after one.
     *
     * @throws CartLocked, ItemNotFound, ItemsUnavailable, CurrencyMismatch, TooLarge; nothing was changed
     * @example await carts.addLine({ userId, sessionId, instance: "menu", actor }, { itemId: "soup", quantity: 2 })
     */
    async addLine(request, wanted) {
      const { userId, sessionId } = request;
      const { carts, items } = await contents.read(
        [makeCartId(userId, sessionId)],
        [wanted.itemId]
      );
      const cart = carts[0];
      const added = edit(request, "cart.line_added");
      checkUnlocked(cart, added.nowMs);
      const addition = makeAddition(wanted, items.get(wanted.itemId), added);
      const plan = (current) => addLineWrite(added, current, addition);
      return contents.settle(cart, plan, request.keyed);
    },
    /**
     * Sets the quantity of a line; 0 removes it. One request.
     *
     * @throws CartLocked, CartLineNotFound; nothing was changed
     * @example await carts.changeQuantity({ userId, sessionId, instance: "menu", actor }, "soup", 3)
     */
    changeQuantity(request, lineId, quantity) {
      if (quantity === 0) return this.removeLine(request, lineId);
      const changed = { ...edit(request, "cart.quantity_changed"), lineId };
      return apply(request, changeQuantityWrite(changed, quantity));
    },
    /**
     * Removes a line. One request.
     *
     * @throws CartLocked, CartLineNotFound; nothing was changed
     * @example await carts.removeLine({ userId, sessionId, instance: "menu", actor }, "soup")
     */
    removeLine(request, lineId) {
      return apply(request, removeLineWrite({ ...edit(request, "cart.line_removed"), lineId }));
    },
    /**
     * Puts a condition in place of any of its name. One request. Safe to repeat.
     *
     * @throws CartLocked, TooLarge; nothing was changed
     * @example await carts.setCondition(at, { name: "vat", type: "tax", target: "total", value: "+19%", order: 1 })
     */
    setCondition(request, condition2) {
      return apply(request, setConditionWrite(edit(request, "cart.condition_set"), condition2));
    },
    /**
     * Removes a condition, if it is there. One request. Safe to repeat.
     *
     * @throws CartLocked; nothing was changed
     * @example await carts.removeCondition(at, "vat")
     */
    removeCondition(request, name) {
      return removeIfThere(
        request,
        removeConditionWrite(edit(request, "cart.condition_removed"), name)
      );
    },
    /**
     * Sets a metadata value, any JSON up to 4 KB. One request. Safe to repeat.
     *
     * @throws CartLocked, TooLarge; nothing was changed
     * @example await carts.setMetadata(at, "gift", { wrapped: true })
     */
    async setMetadata(request, key2, value) {
      const json = jsonText(value, "A metadata value");
      return apply(request, setMetadataWrite(edit(request, "cart.metadata_set"), key2, json));
    },
    /**
     * Removes a metadata value, if it is there. One request. Safe to repeat.
     *
     * @throws CartLocked; nothing was changed
     * @example await carts.removeMetadata(at, "gift")
     */
    removeMetadata(request, key2) {
      return removeIfThere(
        request,
        removeMetadataWrite(edit(request, "cart.metadata_removed"), key2)
      );
    }
  };
}

// shared/carts/editing/keyed-edits-service.ts
function createKeyedEdits({ database, clock }) {
  return {
    /**
     * Does an edit once for its key, for a day: repeated, it answers with the cart as it is by then. Whatever an edit
     * is refused for, its key goes first: its own effect may be the very reason. One request more where an edit with
     * a key was refused, none otherwise.
     *
     * @throws KeyReused when the key was used for another edit, or at another address; nothing was changed
     * @throws what the edit throws
     * @example const { cart, isReplayed } = await carts.once(request, () => carts.removeLine(request, "soup"))
     */
    async once({ userId, sessionId, keyed }, edit) {
      try {
        return { cart: await edit(), isReplayed: false };
      } catch (error) {
        if (!keyed) throw error;
        const cartId = makeCartId(userId, sessionId);
        const [row, found] = await database.getTogether([cartPlace(cartId), requestPlace(keyed)]);
        const known = judgeKey(found, keyed, clock());
        if (!known) throw error;
        if (known instanceof KeyReused) throw known;
        return { cart: parseCart(cartId, row), isReplayed: true };
      }
    }
  };
}

// shared/carts/editing/cart-merge-service.ts
function createCartMerge({ contents, database, clock }) {
  function makeMergeEdit(request, sessionId) {
    const nowMs = clock();
    const address = { userId: request.userId, sessionId, instance: "" };
    return { address, nowMs, note: changeNote("cart.merged", request.actor, nowMs) };
  }
  async function merge(request) {
    const { userId, sessionId, fromSessionId, strategy, expectedVersion, keyed } = request;
    if (sessionId === fromSessionId) {
      throw new InvalidRequest([{ path: "from.sessionId", message: "is this very session" }]);
    }
    const cartIds = [makeCartId(userId, sessionId), makeCartId(userId, fromSessionId)];
    return contents.untilSettled(async () => {
      const { carts } = await contents.read(cartIds);
      const [target, source] = [carts[0], carts[1]];
      const edit = { ...makeMergeEdit(request, sessionId), expectedVersion };
      for (const cart of carts) checkUnlocked(cart, edit.nowMs);
      if (!isExpected(expectedVersion, target.version)) throw new VersionMismatch(target.version);
      if (source.instances.size === 0) {
        await contents.bindOnly(keyed);
        return target;
      }
      const instances = mergedInstances(target, source, strategy);
      const emptied = replaceWrite(makeMergeEdit(request, fromSessionId), source, []);
      const filled = replaceWrite(edit, target, instances);
      await database.transact([once(filled, keyed, edit.nowMs), emptied]);
      const version = (target.version || edit.nowMs) + 1;
      const { cartId, checkouts } = target;
      return parseCart(cartId, { ...contentsRow(instances), version, checkouts });
    });
  }
  return { merge };
}

// shared/carts/editing/cart-property-service.ts
function createCartProperties(options) {
  const { contents, clock } = options;
  const { open: open2, guarded, replaceInstance } = createCollectionEditing(options);
  return {
    /**
     * Replaces all conditions of an instance. Two requests, in locking mode four.
     *
     * @throws CartLocked, VersionMismatch, TooLarge, LockTimeout; nothing was changed
     * @example await carts.putConditions(at, [{ name: "vat", type: "tax", target: "total", value: "+19%", order: 1 }])
     */
    putConditions(request, conditions) {
      return guarded(request, "conditions", async () => {
        const { cart } = await open2(request);
        const edit = makeEdit(request, "cart.conditions_replaced", clock());
        const plan = (current) => replaceInstance(edit, current, (present2) => ({ ...present2, conditions }));
        return contents.settle(cart, plan, request.keyed);
      });
    },
    /**
     * Sets one metadata value, any JSON up to 4 KB. One request, in locking mode three.
     *
     * @throws CartLocked, VersionMismatch, TooLarge, LockTimeout; nothing was changed
     * @example await carts.putMetadata(at, "gift", { wrapped: true })
     */
    async putMetadata(request, key2, value) {
      const json = jsonText(value, "A metadata value");
      const name = encodeURIComponent(key2);
      return guarded(request, `metadata/${name}`, () => {
        const edit = makeEdit(request, "cart.metadata_set", clock());
        const cartId = makeCartId(request.userId, request.sessionId);
        return contents.apply(cartId, setMetadataWrite(edit, key2, json), request.keyed);
      });
    },
    /**
     * Empties an instance: lines, metadata and codes. Conditions are the shop's and stay. Two requests, in locking
     * mode four; one where there is nothing to empty.
     *
     * @throws CartLocked, VersionMismatch, LockTimeout; nothing was changed
     * @example await carts.clear({ ...at, actor })
     */
    clear(request) {
      return guarded(request, "items", async () => {
        const { cart } = await open2(request);
        const { lines, metadata, codes } = selectInstance(cart, request.instance);
        if (lines.length === 0 && metadata.size === 0 && !codes) {
          await contents.bindOnly(request.keyed);
          return cart;
        }
        const edit = makeEdit(request, "cart.cleared", clock());
        const plan = (current) => replaceInstance(edit, current, ({ instance, conditions }) => {
          return { ...emptyInstance(instance), conditions };
        });
        return contents.settle(cart, plan, request.keyed);
      });
    }
  };
}

// shared/locks/lock.ts
var lockKinds = ["document", "cart", "custom"];
function isKnown(proof) {
  return proof.fence !== void 0 && proof.acquiredAtMs !== void 0;
}
var defaultLeaseMs = 3e5;
var minLeaseMs = 1e3;
var maxLeaseMs = 864e5;
var maxResourceLength = 528;
var maxTreeDepth = 32;
function isSameOwner(one, other) {
  return one.userId === other.userId && one.sessionId === other.sessionId;
}
function lockView({ owner, fence, acquiredAtMs, expiresAtMs: expiresAtMs2 }) {
  return {
    userId: owner.userId,
    username: owner.username ?? null,
    sessionId: owner.sessionId ?? null,
    timestamp: acquiredAtMs,
    expiresAtMs: expiresAtMs2,
    fence
  };
}
function parseKind(found) {
  return found["kind"] ?? found["purpose"];
}
function parseLock(row) {
  if (typeof row?.["owner"] !== "string") return void 0;
  return {
    resource: String(row["resource"]),
    kind: parseKind(row),
    scope: row["scope"] ?? "exact",
    owner: {
      userId: row["owner"],
      sessionId: row["sessionId"],
      username: row["ownerName"]
    },
    fence: Number(row["fence"]),
    acquiredAtMs: epochMs(Number(row["acquiredAtMs"])),
    expiresAtMs: epochMs(Number(row["expiresAtMs"]))
  };
}
function parseLiveLock(row, nowMs) {
  const lock = parseLock(row);
  return lock && !isExpired(lock.expiresAtMs, nowMs) ? lock : void 0;
}
function namesAbove(resource) {
  const slashes = [...resource.matchAll(/\//g)].map(({ index }) => index).filter((at40) => at40 > 0);
  return slashes.map((end) => resource.slice(0, end)).toReversed();
}
function checkLimits(request) {
  const { resource, leaseMs: leaseMs2 = defaultLeaseMs, scope } = request;
  const refuse2 = (path, message) => {
    throw new InvalidRequest([{ path, message }]);
  };
  if (resource.length === 0 || resource.length > maxResourceLength) {
    refuse2("resource", `must have 1 to ${maxResourceLength} characters`);
  }
  if (!(leaseMs2 >= minLeaseMs && leaseMs2 <= maxLeaseMs)) {
    refuse2("leaseMs", `must be ${minLeaseMs} to ${maxLeaseMs}`);
  }
  if (scope === "tree" && namesAbove(resource).length >= maxTreeDepth) {
    refuse2("resource", `must have at most ${maxTreeDepth} levels`);
  }
}
function pickName({ username, userId }) {
  return username ?? userId;
}
var LockHeld = class extends HoldfastError {
  lock;
  /** The row that refused, where there was one: it tells who waits as well. */
  row;
  constructor(lock, row) {
    super("LOCK_HELD", `Locked by ${pickName(lock.owner)}`, {
      success: false,
      lockedBy: pickName(lock.owner),
      lockInfo: lockView(lock)
    });
    this.lock = lock;
    this.row = row;
  }
};
function explainLoss(holder, row) {
  if (holder) return `The lock is held by ${pickName(holder.owner)}`;
  const change3 = row?.["change"];
  if (row?.["owner"] === void 0 && change3?.action === "lock.forced") {
    return `An administrator ended this lock${change3.reason ? `: ${change3.reason}` : ""}`;
  }
  return "This is not locked (any more): the lock was released, or its lease is over";
}
var LockNotOwned = class extends HoldfastError {
  holder;
  /** The row that refused, where there was one. */
  row;
  constructor(row, nowMs, holder = parseLiveLock(row, nowMs)) {
    super("LOCK_NOT_OWNED", explainLoss(holder, row), {
      success: false,
      lockInfo: holder ? lockView(holder) : null
    });
    this.holder = holder;
    this.row = row;
  }
};
var RenewalBound = class extends LockNotOwned {
};
var LockTimeout = class extends HoldfastError {
  constructor(waitedMs, { lock }) {
    super("LOCK_TIMEOUT", `Still locked by ${pickName(lock.owner)} after ${waitedMs} ms`, {
      waitedMs,
      lockInfo: lockView(lock)
    });
  }
};

// shared/carts/editing/collection-guard.ts
function collectionLockName(address, collection) {
  const { userId, sessionId, instance } = address;
  return `cart/${makeCartId(userId, sessionId)}/${instance}/${collection}`;
}
function createCollectionGuard(options) {
  const { storage: usual, locks, lockTimeoutMs, logger } = options;
  let isWarned = false;
  function warnOnce() {
    if (isWarned) return;
    isWarned = true;
    logger.warn("Cart locking is on, but there are no locks: carts are guarded by version checks");
  }
  if (usual === "locking" && !locks) warnOnce();
  return async ({ storage = usual, ...address }, collection, work) => {
    if (storage === "versioned") return work();
    if (!locks) {
      warnOnce();
      return work();
    }
    const lock = await locks.acquire({
      resource: collectionLockName(address, collection),
      // Two requests of one user are two owners: the same owner would be let in twice.
      owner: { userId: address.userId, sessionId: randomId("edit") },
      leaseMs: Math.max(minLeaseMs, lockTimeoutMs),
      waitMs: lockTimeoutMs,
      kind: "cart"
    });
    try {
      return await work();
    } finally {
      await locks.release(lock).catch((error) => {
        logger.warn("Could not give a cart's lock back", { resource: lock.resource, error });
      });
    }
  };
}

// shared/carts/cart-service.ts
var defaultLockTimeoutMs = 5e3;
function createCartService(options) {
  const { database, clock = systemClock } = options;
  const { logger = silentLogger, storage = "versioned", locks } = options;
  const { lockTimeoutMs = defaultLockTimeoutMs } = options;
  const contents = createCartContents({ ...options, clock });
  const guard = createCollectionGuard({ storage, locks, lockTimeoutMs, logger });
  const editing = { contents, guard, clock };
  return {
    /**
     * A session's cart as of now, an empty one where there is none. One request.
     *
     * @example const cart = await carts.get({ userId: "alice", sessionId: "default" })
     */
    async get({ userId, sessionId }) {
      const { carts } = await contents.read([makeCartId(userId, sessionId)]);
      const { row: _row, ...cart } = carts[0];
      return cart;
    },
    ...createCartEdits({ contents, clock }),
    ...createCartCodes({ ...options, contents, clock }),
    ...createCartCollections(editing),
    ...createCartProperties(editing),
    ...createCartMerge({ contents, database, clock }),
    ...createKeyedEdits({ database, clock }),
    ...createCartClaims({ contents, database, clock }),
    ...createCartCheckout({ database, clock }),
    ...createSaleLook({ database, clock })
  };
}

// shared/locks/line.ts
var maxWaiters = 32;
var placeMs = 15e3;
var leastClaimMs = 3e3;
var waiterAttribute = (ticket) => `waiter_${ticket}`;
function makeTicket(resource, { userId, sessionId }, fence) {
  return derivedId("tkt", resource, userId, sessionId ?? null, fence);
}
function parseTickets(row) {
  return row?.["line"] ?? [];
}
function parseWaiter(row, ticket) {
  const found = row?.[waiterAttribute(ticket)];
  if (!found) return void 0;
  return {
    ticket,
    owner: {
      userId: String(found["userId"]),
      sessionId: found["sessionId"],
      username: found["username"]
    },
    kind: parseKind(found),
    leaseMs: Number(found["leaseMs"]),
    untilMs: epochMs(Number(found["untilMs"]))
  };
}
function parseWaiters(row) {
  const waiters = parseTickets(row).map((ticket) => parseWaiter(row, ticket));
  return waiters.filter((waiter) => waiter !== void 0);
}
function livingIn(row, nowMs) {
  return parseWaiters(row).filter(({ untilMs }) => !isExpired(untilMs, nowMs));
}
function parseAsk(row) {
  const asks = parseWaiters(row).flatMap(({ ticket, owner }) => {
    const { askedAtMs } = row[waiterAttribute(ticket)];
    return askedAtMs === void 0 ? [] : [{ owner, askedAtMs }];
  });
  return asks.toSorted((one, other) => other.askedAtMs - one.askedAtMs)[0];
}
function askView(ask) {
  if (!ask) return null;
  const { owner, askedAtMs } = ask;
  const { userId, username = null, sessionId = null } = owner;
  return { userId, username, sessionId, askedAtMs };
}
function parseTurn(row) {
  return row?.["turn"];
}
function isHeldBy(row, { owner, fence, scope }, nowMs) {
  const lock = parseLiveLock(row, nowMs);
  if (!lock || !isSameOwner(lock.owner, owner)) return false;
  if (scope !== void 0 && scope !== lock.scope) return false;
  return fence === void 0 || fence === lock.fence;
}
function typicalKeepMs(row, lock) {
  return Number(row?.["typicalKeepMs"] ?? lock.expiresAtMs - lock.acquiredAtMs);
}
function placeIn(row, ticket, nowMs) {
  const living = livingIn(row, nowMs);
  const ahead = living.findIndex((waiter) => waiter.ticket === ticket);
  const lock = parseLock(row);
  if (ahead < 0 || !lock) return void 0;
  const keepMs = typicalKeepMs(row, lock);
  const restMs2 = Math.max(0, lock.expiresAtMs - nowMs);
  const estimatedMs = Math.max(0, Math.min(restMs2, lock.acquiredAtMs + keepMs - nowMs));
  return {
    ticket,
    position: ahead + 1,
    estimatedWaitMs: Math.round(estimatedMs + ahead * keepMs),
    claimBeforeMs: living[ahead].untilMs,
    lock
  };
}
function observedHoldMs(row, nowMs) {
  const acquiredAtMs = Number(row?.["acquiredAtMs"] ?? Number.NaN);
  const endedAtMs = Math.min(nowMs, Number(row?.["expiresAtMs"] ?? nowMs));
  const heldMs = Math.max(0, endedAtMs - acquiredAtMs);
  if (Number.isNaN(heldMs) || row?.["owner"] === void 0) return void 0;
  const before = row["typicalKeepMs"];
  return Math.round(before === void 0 ? heldMs : before + (heldMs - before) / 3);
}
var LineWaits = class extends HoldfastError {
  row;
  constructor(row) {
    super("TRY_AGAIN", "Others wait for this lock: nothing was changed, please try again");
    this.row = row;
  }
};
var LineFull = class extends LockHeld {
};
var PlaceNotFound = class extends HoldfastError {
  constructor() {
    super("TICKET_NOT_FOUND", "There is no such place in line (any more): join again");
  }
};

// shared/locks/lock-conditions.ts
var at14 = pathsOf();
var lockRow = (resource) => ({ table: "Locks", key: { resource } });
var nobodyOwns = isMissing(at14("owner"));
var leaseIsOver = (nowMs) => condition`${at14("expiresAtMs")} <= ${nowMs}`;
var lockIsFree = (nowMs) => anyOf(nobodyOwns, leaseIsOver(nowMs));
var nobodyWaits2 = anyOf(
  isMissing(at14("line")),
  condition`size(${at14("line")}) = ${0}`
);
var turnIsClaimed = anyOf(
  isMissing(at14("turn")),
  condition`${at14("turn", "isClaimed")} = ${true}`
);
function reaches(scope) {
  if (scope === void 0) return [];
  return [scope === "tree" ? condition`${at14("scope")} = ${scope}` : isMissing(at14("scope"))];
}
function callerHolds({ owner, fence, scope }, nowMs) {
  const sameSession = owner.sessionId === void 0 ? isMissing(at14("sessionId")) : condition`${at14("sessionId")} = ${owner.sessionId}`;
  return allOf(
    condition`${at14("owner")} = ${owner.userId}`,
    sameSession,
    condition`${at14("expiresAtMs")} > ${nowMs}`,
    ...fence === void 0 ? [] : [condition`${at14("fence")} = ${fence}`],
    ...reaches(scope)
  );
}
var fenceGrowsTo = (fence) => anyOf(isMissing(at14("fence")), condition`${at14("fence")} < ${fence}`);
var permitted = (permit) => permit ? [permit.condition] : [];

// shared/locks/line-parts.ts
function lineIs(row) {
  return row?.["line"] === void 0 ? isMissing(at14("line")) : condition`${at14("line")} = ${row["line"]}`;
}
function fenceIs(row) {
  const fence = row?.["fence"];
  return fence === void 0 ? isMissing(at14("fence")) : condition`${at14("fence")} = ${fence}`;
}
function isStillDead({ ticket, untilMs }) {
  const place3 = at14(waiterAttribute(ticket));
  return anyOf(isMissing(place3), condition`${at14(waiterAttribute(ticket), "untilMs")} = ${untilMs}`);
}
function tidied(row, nowMs) {
  const living = livingIn(row, nowMs);
  const dead = parseWaiters(row).filter(({ untilMs }) => isExpired(untilMs, nowMs));
  return {
    living,
    remove: dead.map(({ ticket }) => at14(waiterAttribute(ticket))),
    guards: dead.map(isStillDead)
  };
}
var lookAgain = (row) => new LineWaits(row ?? {});
var lookAgainOr = (permit) => (row) => permit?.refusal(row) ?? lookAgain(row);

// shared/locks/lock-ending-store.ts
function tombstone(note, mark2) {
  return {
    set: assigned({ change: note, ...mark2 }).set,
    remove: [at14("owner"), at14("kindShard")]
  };
}
var ownerRemembered = action`${at14("formerOwner")} = ${at14("owner")}`;
var isNotEndedBy = (forcedId) => anyOf(isMissing(at14("forcedId")), condition`${at14("forcedId")} <> ${forcedId}`);
function releaseLockWrite(change3) {
  const { proof, nowMs, actor, releaseId, keyed, leavesLine = false } = change3;
  const write = update({
    ...lockRow(proof.resource),
    isBlind: true,
    change: tombstone(changeNote("lock.released", actor, nowMs), { releaseId }),
    condition: leavesLine ? callerHolds(proof, nowMs) : allOf(callerHolds(proof, nowMs), nobodyWaits2),
    refused: (row) => row && isHeldBy(row, proof, nowMs) ? new LineWaits(row) : new LockNotOwned(row, nowMs),
    applied: (row) => row?.["releaseId"] === releaseId
  });
  return once(write, keyed, nowMs);
}
function forceReleaseWrite(forced) {
  const { resource, nowMs, actor, reason, forcedId, fence, keyed } = forced;
  const { set = [], remove = [] } = tombstone(changeNote("lock.forced", actor, nowMs, reason), {
    forcedId
  });
  const write = update({
    ...lockRow(resource),
    change: { set: [...set, ownerRemembered], remove },
    condition: allOf(
      exists(at14("owner")),
      isNotEndedBy(forcedId),
      ...fence === void 0 ? [] : [condition`${at14("fence")} = ${fence}`]
    ),
    refused: (row) => new LockNotOwned(row, nowMs),
    applied: (row) => row?.["forcedId"] === forcedId
  });
  return once(write, keyed, nowMs);
}
function expireLockWrite(expired2) {
  const { resource, nowMs, actor } = expired2;
  return update({
    ...lockRow(resource),
    change: tombstone(changeNote("lock.expired", actor, nowMs), {}),
    condition: allOf(exists(at14("owner")), leaseIsOver(nowMs)),
    refused: (row) => new LockNotOwned(row, nowMs)
  });
}

// shared/locks/lock-store.ts
var shardsPerKind = 4;
function listKindShards(kind) {
  return Array.from({ length: shardsPerKind }, (_, shard) => `${kind}-${shard}`);
}
function mayGoAfter(expiresAtMs2) {
  const ttlSeconds = ttlSecondsAt(later(expiresAtMs2, dayMs));
  return action`${at14("ttlSeconds")} = if_not_exists(${at14("keptUntilSeconds")}, ${ttlSeconds})`;
}
var nextFence = (nowMs) => action`${at14("fence")} = if_not_exists(${at14("fence")}, ${nowMs}) + ${1}`;
function ownership(taken, nowMs, what = "lock.acquired", end) {
  const { resource, owner, kind, scope, leaseMs: leaseMs2, actor } = taken;
  const { set, remove } = assigned({
    owner: owner.userId,
    sessionId: owner.sessionId,
    ownerName: owner.username,
    scope: scope === "tree" ? scope : void 0,
    kind,
    kindShard: `${kind}-${pickShard(resource, shardsPerKind)}`,
    acquiredAtMs: nowMs,
    change: changeNote(what, actor, nowMs),
    // Who took it without waiting has no turn.
    turn: void 0
  });
  const expiresAtMs2 = later(nowMs, leaseMs2);
  const ends = action`${at14("expiresAtMs")} = ${end ?? expiresAtMs2}`;
  return { set: [...set, ends, mayGoAfter(expiresAtMs2)], remove };
}
function findLockRow(database, resource) {
  return database.get("Locks", { resource });
}
function acquireLockWrite(taken, nowMs, fence) {
  const { permit } = taken;
  const { set, remove } = ownership(taken, nowMs);
  const counted = fence === void 0;
  const looksAtLine = taken.scope === "exact";
  return update({
    ...lockRow(taken.resource),
    change: {
      set: [...set, counted ? nextFence(nowMs) : action`${at14("fence")} = ${fence}`],
      remove
    },
    // Whoever waits goes first; a tree lock, which is several rows, does not look at lines.
    condition: allOf(
      lockIsFree(nowMs),
      ...looksAtLine ? [nobodyWaits2] : [],
      ...counted ? [] : [fenceGrowsTo(fence)],
      ...permitted(permit)
    ),
    refused: (row) => {
      const denied = permit?.refusal(row);
      if (denied) return denied;
      if (looksAtLine && row && !parseLiveLock(row, nowMs) && parseTickets(row).length > 0) {
        return new LineWaits(row);
      }
      const holder = parseLock(row);
      return holder ? new LockHeld(holder, row) : new LockNotOwned(row, nowMs);
    },
    // The same owner, instant and end can only be this very write, or another one of the same
    // caller that leaves exactly the same row: either way the lock is theirs.
    applied: (row) => {
      const lock = parseLock(row);
      const expiresAtMs2 = later(nowMs, taken.leaseMs);
      return lock !== void 0 && isSameOwner(lock.owner, taken.owner) && lock.acquiredAtMs === nowMs && lock.expiresAtMs === expiresAtMs2;
    },
    // A lock that came and went before the repetition would otherwise be taken a second time.
    recall: {
      condition: anyOf(isMissing(at14("acquiredAtMs")), condition`${at14("acquiredAtMs")} < ${nowMs}`),
      isPossible: (row) => !(Number(row?.["acquiredAtMs"]) >= nowMs)
    }
  });
}
function lockToBe(taken, fence, nowMs) {
  const { resource, kind, owner, leaseMs: leaseMs2, scope } = taken;
  const { userId, sessionId, username } = owner;
  return {
    resource,
    kind,
    scope,
    owner: {
      userId,
      ...sessionId === void 0 ? {} : { sessionId },
      ...username === void 0 ? {} : { username }
    },
    fence,
    acquiredAtMs: nowMs,
    expiresAtMs: later(nowMs, leaseMs2)
  };
}
function renewalIsAllowed({ proof, limits }, expiresAtMs2) {
  const { maxLocksPerUser, maxLockMs } = limits;
  const isBounded = maxLockMs < Infinity && !isKnown(proof);
  return [
    ...isBounded ? [condition`${at14("acquiredAtMs")} >= ${expiresAtMs2 - maxLockMs}`] : [],
    ...maxLocksPerUser > 0 ? [turnIsClaimed] : []
  ];
}
function renewLockWrite(renewal) {
  const { proof, nowMs, actor, leaseMs: leaseMs2, keyed, permit, limits } = renewal;
  const { maxLockMs } = limits;
  const since = isKnown(proof) ? proof.acquiredAtMs : nowMs;
  const expiresAtMs2 = leaseEnd({ leaseMs: leaseMs2, maxLockMs }, nowMs, since);
  const write = update({
    ...lockRow(proof.resource),
    change: {
      set: [
        action`${at14("expiresAtMs")} = ${expiresAtMs2}`,
        mayGoAfter(expiresAtMs2),
        action`${at14("change")} = ${changeNote("lock.renewed", actor, nowMs)}`
      ]
    },
    condition: allOf(
      callerHolds(proof, nowMs),
      ...renewalIsAllowed(renewal, expiresAtMs2),
      ...permitted(permit)
    ),
    refused: (row) => {
      const denied = permit?.refusal(row);
      if (denied) return denied;
      return isHeldBy(row, proof, nowMs) ? new RenewalBound(row, nowMs) : new LockNotOwned(row, nowMs);
    }
  });
  return once(write, keyed, nowMs);
}
function checkLockWrite(proof, nowMs, permit) {
  return check({
    ...lockRow(proof.resource),
    condition: allOf(callerHolds(proof, nowMs), ...permitted(permit)),
    refused: (row) => permit?.refusal(row) ?? new LockNotOwned(row, nowMs)
  });
}

// shared/locks/line-store.ts
var fenceAfter = (row, nowMs) => Number(row["fence"] ?? nowMs) + 1;
function handOverParts({ row, from, nowMs, releaseId }) {
  const { living, remove, guards } = tidied(row, nowMs);
  const heldMs = observedHoldMs(row, nowMs);
  return {
    living,
    remove,
    set: [
      ...heldMs === void 0 ? [] : [action`${at14("typicalKeepMs")} = ${heldMs}`],
      ...releaseId === void 0 ? [] : [action`${at14("releaseId")} = ${releaseId}`]
    ],
    condition: allOf(
      from ? callerHolds(from, nowMs) : lockIsFree(nowMs),
      fenceIs(row),
      lineIs(row),
      ...guards
    )
  };
}
function handOverWrite(given) {
  const { row, resource, nowMs, actor, releaseId } = given;
  const parts = handOverParts(given);
  const head = parts.living.find(({ ticket: ticket2 }) => ticket2 === (given.ticket ?? ticket2));
  if (!head) return void 0;
  const others = parts.living.filter((waiter) => waiter !== head);
  const claimMs = Math.max(leastClaimMs, head.untilMs - nowMs);
  const end = at14(waiterAttribute(head.ticket), "untilMs");
  const isPlaces = head.untilMs - nowMs >= leastClaimMs;
  const fence = fenceAfter(row, nowMs);
  const { owner, kind, leaseMs: leaseMs2, ticket } = head;
  const taken = { resource, owner, kind, scope: "exact", leaseMs: claimMs };
  const owned = ownership(
    { ...taken, actor: { ...actor, id: owner.userId } },
    nowMs,
    "lock.granted",
    // As it is by then: he may ask again meanwhile, and was told that he has time until it.
    isPlaces ? end : void 0
  );
  const remove = [...parts.remove, at14(waiterAttribute(ticket)), ...owned.remove.filter(isNotTurn)];
  const turn = { ticket, leaseMs: leaseMs2, isClaimed: false };
  const set = [
    ...owned.set,
    ...parts.set,
    action`${at14("fence")} = ${fence}`,
    action`${at14("turn")} = ${turn}`,
    action`${at14("line")} = ${others.map((waiter) => waiter.ticket)}`
  ];
  return update({
    ...lockRow(resource),
    change: { set, remove },
    // Who left meanwhile is not given a turn.
    condition: allOf(
      parts.condition,
      isPlaces ? exists(at14(waiterAttribute(ticket))) : condition`${end} = ${head.untilMs}`
    ),
    refused: lookAgain,
    applied: (found) => found?.["fence"] === fence && (releaseId === void 0 || found["releaseId"] === releaseId)
  });
}
var isNotTurn = ({ segments: [name] }) => name !== "turn";
function takePastLineWrite(given, taken) {
  const { row, resource, nowMs } = given;
  const parts = handOverParts(given);
  const own = parts.living.filter(({ owner }) => isSameOwner(owner, taken.owner));
  const { set, remove } = ownership(taken, nowMs);
  const fence = fenceAfter(row, nowMs);
  const change3 = {
    set: [
      ...set,
      ...parts.set,
      action`${at14("fence")} = ${fence}`,
      action`${at14("line")} = ${parts.living.filter((each) => !own.includes(each)).map(({ ticket }) => ticket)}`
    ],
    remove: [...remove, ...parts.remove, ...own.map(({ ticket }) => at14(waiterAttribute(ticket)))]
  };
  return update({
    ...lockRow(resource),
    change: change3,
    // Who left meanwhile comes to the line anew, behind the others.
    condition: allOf(
      parts.condition,
      ...own.map(({ ticket }) => exists(at14(waiterAttribute(ticket)))),
      ...permitted(taken.permit)
    ),
    refused: lookAgainOr(taken.permit),
    applied: (found) => found?.["fence"] === fence && isOwnedBy(found, taken.owner)
  });
}
function isOwnedBy(row, owner) {
  const lock = parseLock(row);
  return lock !== void 0 && isSameOwner(lock.owner, owner);
}
function releaseToLineWrite(release) {
  const { row, proof, nowMs, actor, releaseId, keyed } = release;
  const { resource } = proof;
  const given = { row, resource, nowMs, actor, from: proof };
  const refusedRelease = (found) => isHeldBy(found, proof, nowMs) ? lookAgain(found) : new LockNotOwned(found, nowMs);
  const handOver = handOverWrite({ ...given, releaseId });
  if (handOver) return once({ ...handOver, refused: refusedRelease }, keyed, nowMs);
  const ended = tombstone(changeNote("lock.released", actor, nowMs), { releaseId });
  const parts = handOverParts(given);
  const write = update({
    ...lockRow(resource),
    change: {
      set: [...ended.set ?? [], ...parts.set, action`${at14("line")} = ${[]}`],
      remove: [...ended.remove ?? [], ...parts.remove]
    },
    condition: parts.condition,
    refused: refusedRelease,
    applied: (found) => found?.["releaseId"] === releaseId
  });
  return once(write, keyed, nowMs);
}

// shared/documents/document-access.ts
var at15 = pathsOf();
function accessIn(row) {
  return row?.["access"];
}
function mayWrite(access, editor) {
  const { userId, isAdmin, byDefault } = editor;
  return isAdmin || (access ? access.editors.includes(userId) : byDefault);
}
function mayRead(access, editor) {
  return mayWrite(access, editor) || (access?.readers.includes(editor.userId) ?? false);
}
function callerMayWrite({ userId, byDefault }) {
  const isNamed = condition`contains(${at15("access", "editors")}, ${userId})`;
  return byDefault ? anyOf(isMissing(at15("access")), isNamed) : isNamed;
}
function writeIsAllowed(editor) {
  return editor && !editor.isAdmin ? [callerMayWrite(editor)] : [];
}
function rightsRefusal(row, editor) {
  const isRefused = editor && !mayWrite(accessIn(row), editor);
  return isRefused ? new Forbidden("You may not change this document") : void 0;
}
function makePermit(editor) {
  if (!editor || editor.isAdmin) return void 0;
  const refusal = (row) => rightsRefusal(row, editor);
  return { condition: callerMayWrite(editor), refusal };
}

// shared/documents/document.ts
var maxContentBytes = 256 * 1024;
var maxContentDepth = 100;
function documentLockName(documentId) {
  return `document/${documentId}`;
}
function parseDocument(row) {
  if (row?.["version"] === void 0) return void 0;
  return {
    documentId: String(row["documentId"]),
    content: JSON.parse(String(row["content"])),
    version: Number(row["version"]),
    updatedAtMs: epochMs(Number(row["updatedAtMs"])),
    updatedBy: String(row["updatedBy"]),
    createdBy: row["createdBy"],
    access: accessIn(row)
  };
}
function isDeeperThan(limit, value) {
  let level = [value];
  for (let depth = 0; depth <= limit; depth += 1) {
    const nested = level.filter((each) => typeof each === "object" && each !== null);
    if (nested.length === 0) return false;
    level = nested.flatMap((each) => Object.values(each));
  }
  return true;
}
function contentText(content) {
  if (isDeeperThan(maxContentDepth, content)) {
    const message = `must not nest deeper than ${maxContentDepth} levels`;
    throw new InvalidRequest([{ path: "content", message }]);
  }
  const text = JSON.stringify(content);
  if (Buffer.byteLength(text) > maxContentBytes) {
    throw new TooLarge(`A document holds at most ${maxContentBytes} bytes`, maxContentBytes);
  }
  return text;
}
var DocumentNotFound = class extends HoldfastError {
  constructor(docId) {
    super("DOCUMENT_NOT_FOUND", "There is no such document", { docId });
  }
};
var DocumentChanged = class extends HoldfastError {
  constructor(currentVersion) {
    super("VERSION_MISMATCH", "The document was changed in the meantime: read it again", {
      currentVersion
    });
  }
};
var VersionBehind = class extends DocumentChanged {
  version;
  constructor(version) {
    super(version);
    this.version = version;
  }
};

// shared/documents/document-store.ts
var at16 = pathsOf();
var fenceIsNotOlder = (fence) => anyOf(isMissing(at16("lastFence")), condition`${at16("lastFence")} <= ${fence}`);
var versionGrowsTo = (version) => anyOf(isMissing(at16("version")), condition`${at16("version")} < ${version}`);
function explainRefusal2({ fence, expected, editor }, row, nowMs) {
  const denied = rightsRefusal(row, editor);
  if (denied) return denied;
  const version = Number(row?.["version"] ?? 0);
  if (Number(row?.["lastFence"] ?? 0) > fence) return new LockNotOwned(void 0, nowMs);
  if (!isExpected(expected, version)) return new DocumentChanged(version);
  return new VersionBehind(version);
}
async function findDocument(database, documentId) {
  return parseDocument(await database.get("Documents", { documentId }));
}
function saveWrite(save) {
  const { documentId, text, fence, expected, version, keyed, nowMs, note, savedBy } = save;
  const { set } = assigned({
    content: text,
    version,
    lastFence: fence,
    updatedAtMs: nowMs,
    updatedBy: note.actor,
    change: note
  });
  const write = update({
    table: "Documents",
    key: { documentId },
    change: {
      set: [...set, action`${at16("createdBy")} = if_not_exists(${at16("createdBy")}, ${savedBy})`]
    },
    condition: allOf(
      fenceIsNotOlder(fence),
      versionGrowsTo(version),
      ...versionIsExpected(expected),
      ...writeIsAllowed(save.editor)
    ),
    refused: (row) => explainRefusal2(save, row, nowMs)
  });
  return once(write, keyed, nowMs, String(version));
}

// shared/documents/document-access-service.ts
var forEverSeconds = 253402300799;
function documentWrite(request, access, nowMs) {
  const { documentId, editor, actor } = request;
  const isCreator = condition`${at16("createdBy")} = ${editor.userId}`;
  return update({
    table: "Documents",
    key: { documentId },
    change: {
      set: [
        action`${at16("access")} = ${access}`,
        action`${at16("change")} = ${changeNote("document.access_set", actor, nowMs)}`
      ]
    },
    condition: allOf(exists(at16("version")), ...editor.isAdmin ? [] : [isCreator]),
    refused: (row) => {
      const isKnown2 = row?.["version"] !== void 0 && mayRead(accessIn(row), editor);
      return isKnown2 ? new Forbidden("Only its creator or an administrator says who may edit a document") : new DocumentNotFound(documentId);
    }
  });
}
function lockWrite({ documentId, actor }, access, nowMs) {
  return update({
    ...lockRow(documentLockName(documentId)),
    change: {
      set: [
        action`${at14("access")} = ${access}`,
        action`${at14("keptUntilSeconds")} = ${forEverSeconds}`,
        action`${at14("change")} = ${changeNote("lock.access_set", actor, nowMs)}`
      ],
      remove: [at14("ttlSeconds")]
    },
    // Whatever the lock's state: the list is set by whom the document's own condition lets in.
    condition: anyOf(isMissing(at14("resource")), exists(at14("resource"))),
    refused: () => new DocumentNotFound(documentId)
  });
}
function createDocumentAccess({ database, clock }) {
  return {
    /**
     * Says who may read and who may edit a document, in the place of what was said before. From that
     * instant a save, and the taking or renewing of the lock, is refused to everybody else, whatever
     * they hold. Two requests: a read of the creator, then document and lock in one transaction.
     *
     * Repeating it sets the same list.
     *
     * @throws DocumentNotFound when it was never saved, or the caller may not know of it
     * @throws Forbidden when the caller is neither its creator nor an administrator
     * @example await documents.setAccess({ documentId: "plan", readers: ["bob"], editors: [], editor, actor });
     */
    async setAccess(request) {
      const { documentId, readers } = request;
      const row = await database.get("Documents", { documentId });
      const creator = row?.["createdBy"];
      const nowMs = clock();
      const editors = [.../* @__PURE__ */ new Set([...request.editors, ...creator ? [creator] : []])];
      const access = { readers: [...new Set(readers)], editors };
      await database.transact([
        documentWrite(request, access, nowMs),
        lockWrite(request, access, nowMs)
      ]);
      return access;
    },
    /**
     * Who has the document's lock, for somebody who may know of the document. One request.
     *
     * @throws DocumentNotFound when the reader may not
     * @example const lock = await documents.findLock("plan", { userId: "bob", isAdmin: false, byDefault: true });
     */
    async findLock(documentId, reader) {
      const row = await findLockRow(database, documentLockName(documentId));
      if (!mayRead(accessIn(row), reader)) throw new DocumentNotFound(documentId);
      return parseLiveLock(row, clock());
    }
  };
}

// shared/documents/document-service.ts
function wantedLock(documentId, editor) {
  return {
    resource: documentLockName(documentId),
    kind: "document",
    permit: makePermit(editor)
  };
}
var mostCorrections = 10;
function pickRefusal({ refusals }) {
  const errors = refusals.map(({ error }) => error);
  return errors.find((error) => error instanceof Forbidden) ?? errors.find((error) => error instanceof LockNotOwned) ?? errors.at(-1);
}
function createSaving({ database, clock }) {
  return async function attempt(request, text) {
    const { documentId, owner, fence, keepLock = false, expected, editor } = request;
    const proof = { resource: documentLockName(documentId), owner, fence };
    const actor = request.actor ?? { id: owner.userId };
    let above = Math.max(0, onlyExpected(expected) ?? 0);
    let line;
    const content = [documentId, fence, owner.sessionId, keepLock, expected, text];
    const keyed = keyedRequest(owner.userId, request.idempotencyKey, content);
    return again(mostCorrections, async () => {
      const nowMs = clock();
      const version = Math.max(nowMs, above + 1);
      const note = changeNote("document.saved", actor, nowMs);
      const release = { proof, nowMs, actor, releaseId: randomId("rel") };
      const lockWrite2 = keepLock ? checkLockWrite(proof, nowMs) : line ? releaseToLineWrite({ ...release, row: line }) : releaseLockWrite(release);
      const by = { savedBy: owner.userId, editor };
      const save = { documentId, text, fence, expected, version, keyed, nowMs, note, ...by };
      try {
        await database.transact([lockWrite2, saveWrite(save)]);
        return version;
      } catch (error) {
        if (!(error instanceof TransactionRefused)) throw error;
        const meant = pickRefusal(error);
        if (meant instanceof LineWaits) line = meant.row;
        else if (meant instanceof VersionBehind) above = meant.version;
        else throw meant;
        return new OnceMore(meant);
      }
    });
  };
}
function createDocumentService(options) {
  const { database, locks } = options;
  const attempt = createSaving(options);
  return {
    ...createDocumentAccess(options),
    /**
     * A document and who has its lock. Two reads, side by side.
     *
     * @throws DocumentNotFound when it was never saved, or this reader may not know of it
     * @example const { document, lock } = await documents.get("report/7");
     */
    async get(documentId, reader) {
      const [document, lock] = await Promise.all([
        findDocument(database, documentId),
        locks.find(documentLockName(documentId))
      ]);
      const isHidden = reader && !mayRead(document?.access, reader);
      if (!document || isHidden) throw new DocumentNotFound(documentId);
      return { document, lock };
    },
    /**
     * Starts an editing session: takes the lock, then reads the document, which nobody else can change
     * from then on. A document that was never saved is made by its first save.
     *
     * @throws LockHeld or LockTimeout, as acquiring does
     * @throws Forbidden when the editor may not change it; no lock was taken
     * @example const { document, lock } = await documents.edit("report/7", { owner });
     */
    async edit(documentId, { editor, ...request }) {
      const lock = await locks.acquire({ ...request, ...wantedLock(documentId, editor) });
      return { lock, document: await findDocument(database, documentId) };
    },
    /**
     * Starts an editing session like `edit`, or takes a place in line where another has the lock.
     *
     * @throws LineFull when as many wait as may
     * @throws Forbidden when the editor may not change it; no lock and no place was taken
     * @example const begun = await documents.editOrQueue("report/7", { owner });
     */
    async editOrQueue(documentId, { editor, ...request }) {
      const wanted = { ...request, ...wantedLock(documentId, editor) };
      const standing = await locks.acquireOrQueue(wanted);
      if ("place" in standing) return standing;
      return { lock: standing.lock, document: await findDocument(database, documentId) };
    },
    /**
     * Saves under the lock, and releases it unless `keepLock`: one transaction, so nothing is written
     * by somebody who has lost the lock, and no lock is left behind by a save. One request.
     *
     * Safe to repeat with an `idempotencyKey`: for a day it answers as it did before, whatever was saved since.
     *
     * @throws Forbidden when the editor has not, or no longer, the right; nothing was changed
     * @throws LockNotOwned when the lock was lost, also if nobody else has it; nothing was changed
     * @throws KeyReused when the key was used for another save; nothing was changed
     * @throws DocumentChanged when the document is not as `expected`; nothing was changed
     * @example await documents.save({ documentId: "report/7", content, owner, fence: lock.fence });
     */
    async save(request) {
      const text = contentText(request.content);
      try {
        return { version: await attempt(request, text), replayed: false };
      } catch (error) {
        if (!(error instanceof Replayed)) throw error;
        return { version: Number(error.result), replayed: true };
      }
    }
  };
}

// shared/inventory/hot/item-memory.ts
var factsLifeMs = 5e3;
var capacity = 1e3;
function put2(map, key2, value) {
  map.delete(key2);
  map.set(key2, value);
  const [oldest] = map.keys();
  if (map.size > capacity && oldest !== void 0) map.delete(oldest);
}
function createItemMemory(clock, soldOutMs) {
  const hot = /* @__PURE__ */ new Map();
  const soldOut = /* @__PURE__ */ new Map();
  return {
    soldOutMs,
    hot(itemId) {
      const known = hot.get(itemId);
      return known && clock() < known.untilMs ? known.stock : void 0;
    },
    saw(stock) {
      if (!isSpread(stock)) hot.delete(stock.itemId);
      else put2(hot, stock.itemId, { stock, untilMs: clock() + factsLifeMs });
    },
    forget(itemId) {
      hot.delete(itemId);
    },
    soldOut({ itemId, quantity: requested }) {
      const known = soldOut.get(itemId);
      if (!known || clock() >= known.untilMs || requested <= known.available) return void 0;
      return { itemId, reason: "insufficient_stock", available: known.available, requested };
    },
    sawSoldOut(itemId, available, nextDeadlineMs) {
      const untilMs = epochMs(Math.min(clock() + Math.max(0, soldOutMs), nextDeadlineMs));
      if (untilMs > clock()) put2(soldOut, itemId, { available, untilMs });
      return untilMs;
    }
  };
}

// shared/inventory/room.ts
var expiryActor = { id: "system:expiry" };
async function reclaimExpired({ database, clock }, stock, note = changeNote("hold.reclaimed", expiryActor, clock())) {
  let current = stock;
  for (; ; ) {
    const room = roomIn(current, clock());
    if (room.over.length === 0) return current;
    try {
      current = parseStock(await database.apply(reclaimWrite(stock.itemId, room, note)));
    } catch (error) {
      if (error instanceof HoldGone) return current;
      throw error;
    }
  }
}

// shared/inventory/hot/openings-store.ts
var at17 = pathsOf();
var openedIn = (bucket) => at17(`opened${bucket}`);
var ClosedFurther = class extends HoldGone {
  found;
  constructor(itemId, found) {
    super(itemId);
    this.found = found;
  }
};
var allParts = Array.from({ length: settlementParts }, (_, part) => part);
function listPossible({ due, notesOpenings }, noted) {
  if (notesOpenings) return noted;
  return new Map([...noted, ...Object.keys(due).map((bucket) => [bucket, allParts])]);
}
function parseOpenings(row) {
  const openings = /* @__PURE__ */ new Map();
  for (const [name, bits] of Object.entries(row ?? {})) {
    const [, bucket] = /^opened(\d+)$/.exec(name) ?? [];
    if (bucket === void 0) continue;
    openings.set(
      bucket,
      allParts.filter((part) => Math.floor(Number(bits) / 2 ** part) % 2 === 1)
    );
  }
  return openings;
}
function markOpenedWrite({ itemId, row }, bucket, part) {
  const [closed, opened] = [at17("closedThroughMs"), openedIn(bucket)];
  return update({
    ...openingsPlace(itemId, row),
    change: {
      set: [
        action`${at17("noticeOf")} = ${itemId}`,
        action`${at17("row")} = ${row}`,
        action`${opened} = if_not_exists(${opened}, ${0}) + ${2 ** part}`
      ]
    },
    condition: anyOf(isMissing(closed), condition`${closed} < ${bucketEndMs(bucket)}`),
    refused: () => new HoldGone(itemId)
  });
}
async function closeOpenings(database, { itemId, row }, throughMs) {
  const closed = at17("closedThroughMs");
  const write = update({
    ...openingsPlace(itemId, row),
    change: {
      set: [
        action`${at17("noticeOf")} = ${itemId}`,
        action`${at17("row")} = ${row}`,
        action`${closed} = ${throughMs}`
      ]
    },
    condition: anyOf(isMissing(closed), condition`${closed} <= ${throughMs}`),
    refused: (found) => new ClosedFurther(itemId, found)
  });
  try {
    return parseOpenings(await database.apply(write, { isAside: true }));
  } catch (error) {
    if (!(error instanceof ClosedFurther)) throw error;
    return parseOpenings(error.found);
  }
}
async function readOpenings(database, places) {
  const keys = places.map(({ itemId, row }) => openingsPlace(itemId, row).key);
  const found = await database.getMany("Stock", keys);
  return new Map(found.map((each) => [Number(each["row"]), parseOpenings(each)]));
}
async function forgetOpenings(database, { itemId, row }, buckets) {
  const write = update({
    ...openingsPlace(itemId, row),
    change: { remove: buckets.map((bucket) => openedIn(bucket)) },
    condition: exists(at17("noticeOf")),
    refused: () => new HoldGone(itemId)
  });
  await database.apply(write, { isAside: true });
}

// shared/inventory/hot/reckoning.ts
function reckon2(due, settled, throughMs) {
  const counts = new Map(Object.entries(due).filter(([key2]) => bucketEndMs(key2) <= throughMs));
  const arriving = /* @__PURE__ */ new Map();
  const add2 = (counting, key2, quantity) => {
    counting.set(key2, (counting.get(key2) ?? 0) + quantity);
  };
  let [left2, soldInAll] = [0, 0];
  while (counts.size > 0) {
    const key2 = String(Math.min(...[...counts.keys()].map(Number)));
    const { sold = 0, moved = {} } = settled.get(key2) ?? {};
    left2 += counts.get(key2) - sold;
    soldInAll += sold;
    counts.delete(key2);
    for (const [to, quantity] of Object.entries(moved).filter(([, units]) => units > 0)) {
      left2 -= quantity;
      add2(bucketEndMs(to) <= throughMs ? counts : arriving, to, quantity);
    }
  }
  return { left: left2, sold: soldInAll, arriving };
}
function listParts(row, openings, [afterMs, throughMs]) {
  return [...openings].filter(([key2]) => bucketEndMs(key2) > afterMs && bucketEndMs(key2) <= throughMs).flatMap(([bucket, parts]) => parts.map((part) => ({ row, bucket, part })));
}

// shared/inventory/hot/spread-list-store.ts
var at18 = pathsOf();
var spreadCatalog = "spread";
var listedRow = 1;
async function listSpread(database, cursor) {
  const where = condition`${at18("catalog")} = ${spreadCatalog}`;
  const page = await database.query({
    table: "Stock",
    index: "catalog",
    where,
    limit: 100,
    cursor
  });
  const itemIds = page.rows.map((row) => String(row["itemId"]).slice(0, -`#${listedRow}`.length));
  return { itemIds, cursor: page.cursor };
}
async function unlist(database, itemId, nowMs) {
  const refused3 = () => new ItemMoved(void 0);
  const note = changeNote("stock.gathered", { id: "system:crowd" }, nowMs);
  const isTogether2 = allOf(
    isMissing(at18("shards")),
    anyOf(isMissing(at18("away")), condition`${at18("away")} = ${0}`)
  );
  const writes = [
    check({ ...stockRow(itemId), condition: isTogether2, refused: refused3 }),
    update({
      ...stockRow(itemId, listedRow),
      change: { set: [action`${at18("change")} = ${note}`], remove: [at18("catalog")] },
      condition: exists(at18("item")),
      refused: refused3
    })
  ];
  try {
    await database.transact(writes, { isAside: true });
  } catch (error) {
    if (!(error instanceof TransactionRefused)) throw error;
  }
}

// shared/inventory/hot/settlement-missing.ts
var SettlementMissing = class extends HoldGone {
  /** The writes that open it, together, where its bucket is not over. */
  opening;
  constructor(itemId, opening) {
    super(itemId);
    this.opening = opening;
  }
};
var SettlementOpen = class extends HoldGone {
};

// shared/inventory/hot/settlement-store.ts
var at19 = pathsOf();
var movedTo = (bucket) => at19(`moved${bucket}`);
var isOpen = isMissing(at19("isClosed"));
function makePlace({ itemId, row = 0, orderId }, expiresAtMs2) {
  return settlementPlace(itemId, row, bucketKey(expiresAtMs2), pickPart(orderId));
}
function settling(holding, what, { effects: effects2, under = [] }) {
  const { itemId, row = 0, expiresAtMs: expiresAtMs2, orderId, note } = holding;
  const opening = openSettlementWrites(holding);
  return update({
    ...makePlace(holding, expiresAtMs2),
    change: {
      set: [
        ...effects2,
        action`${at19("item")} = ${itemId}`,
        action`${at19("row")} = ${row}`,
        action`${at19("change")} = ${{ ...note, action: what, orderId }}`
      ]
    },
    condition: allOf(exists(at19("item")), isOpen, ...under),
    refused: (found) => found ? new HoldGone(itemId) : new SettlementMissing(itemId, opening)
  });
}
function openSettlementWrites(holding) {
  const { itemId, row = 0, orderId, expiresAtMs: expiresAtMs2, note } = holding;
  return [
    update({
      ...makePlace(holding, expiresAtMs2),
      change: {
        set: [
          action`${at19("item")} = ${itemId}`,
          action`${at19("row")} = ${row}`,
          action`${at19("change")} = ${{ ...note, action: "stock.turning" }}`
        ]
      },
      condition: isMissing(at19("item")),
      refused: (found) => found?.["isClosed"] === true ? new HoldGone(itemId) : new SettlementOpen(itemId)
    }),
    markOpenedWrite({ itemId, row }, bucketKey(expiresAtMs2), pickPart(orderId))
  ];
}
function settleSoldWrite(holding) {
  const sold = action`${at19("sold")} = if_not_exists(${at19("sold")}, ${0}) + ${holding.quantity}`;
  return settling(holding, "hold.sold", { effects: [sold] });
}
function settleMovedWrite(holding) {
  const { quantity, expiresAtMs: expiresAtMs2, untilMs } = holding;
  const to = bucketKey(untilMs);
  const moved = movedTo(to);
  const isSame4 = to === bucketKey(expiresAtMs2);
  const effects2 = isSame4 ? [] : [action`${moved} = if_not_exists(${moved}, ${0}) + ${quantity}`];
  return settling(holding, "hold.extended", { effects: effects2 });
}
function settleBackWrite(holding) {
  const moved = movedTo(bucketKey(holding.untilMs));
  const { quantity } = holding;
  return settling(holding, "hold.released", {
    effects: [action`${moved} = ${moved} - ${quantity}`],
    under: [condition`${moved} >= ${quantity}`]
  });
}
function closeWrite({ itemId, row, notesOpenings }, key2, note) {
  return update({
    table: "Stock",
    key: key2,
    change: {
      set: [
        action`${at19("isClosed")} = ${true}`,
        action`${at19("item")} = ${itemId}`,
        action`${at19("row")} = ${row}`,
        action`${at19("change")} = ${note}`
      ]
    },
    // Closed is closed, whoever did it. What nobody has noted is closed there or not, so that it is not opened later.
    condition: notesOpenings ? exists(at19("item")) : anyOf(exists(at19("item")), isMissing(at19("item"))),
    refused: () => new HoldGone(itemId)
  });
}
function addUp(rows) {
  const all = /* @__PURE__ */ new Map();
  for (const row of rows) {
    const key2 = String(row["shard"]);
    const settled = all.get(key2) ?? { sold: 0, moved: {} };
    all.set(key2, settled);
    settled.sold += Number(row["sold"] ?? 0);
    for (const [name, quantity] of Object.entries(row)) {
      const [, bucket] = /^moved(\d+)$/.exec(name) ?? [];
      if (bucket === void 0) continue;
      settled.moved[bucket] = (settled.moved[bucket] ?? 0) + Number(quantity);
    }
  }
  return all;
}
var listKeys2 = (itemId, parts) => parts.map(({ row, bucket, part }) => settlementPlace(itemId, row, bucket, part).key);
async function readSettlements(database, itemId, parts) {
  const found = parts.length > 0 ? await database.getMany("Stock", listKeys2(itemId, parts)) : [];
  const byRow = groupBy(found, (each) => Number(each["row"]));
  return new Map([...byRow].map(([row, rows]) => [row, addUp(rows)]));
}
async function closeSettlements(database, row, parts, note) {
  const keys = listKeys2(row.itemId, parts);
  const found = keys.length > 0 ? await database.getMany("Stock", keys) : [];
  const closed = found.filter((each) => each["isClosed"] === true);
  const hasKey = (key2) => (each) => each["itemId"] === key2["itemId"] && each["shard"] === key2["shard"];
  const open2 = keys.filter((key2) => !closed.some(hasKey(key2)));
  const closing = open2.filter((key2) => !row.notesOpenings || found.some(hasKey(key2))).map((key2) => database.apply(closeWrite(row, key2, note), { isAside: true }));
  return addUp([...closed, ...await Promise.all(closing)]);
}
async function endSettlements(database, itemId, parts, endsAtMs) {
  const ending2 = parts.map(
    ({ row, bucket, part }) => database.apply(
      update({
        ...settlementPlace(itemId, row, bucket, part),
        change: { set: [action`${at19("ttlSeconds")} = ${Math.ceil(endsAtMs / 1e3)}`] },
        condition: condition`${at19("isClosed")} = ${true}`,
        refused: () => new HoldGone(itemId)
      }),
      { isAside: true }
    )
  );
  for (const ended of await Promise.allSettled(ending2)) {
    const isFault = ended.status === "rejected" && !(ended.reason instanceof HoldGone);
    if (isFault) throw ended.reason;
  }
}

// shared/inventory/hot/closing.ts
var at20 = pathsOf();
function listRenewing({ row, due, notesOpenings }, closed, arriving) {
  if (notesOpenings) return [];
  const isEmptied = Object.keys(due).length === closed.length && arriving === 0;
  return [
    ...row === listedRow ? [action`${at20("catalog")} = ${spreadCatalog}`] : [],
    ...isEmptied ? [action`${at20("notesOpenings")} = ${true}`] : []
  ];
}
function settleBucketsWrite(row, closed, note) {
  const { buckets, settled } = closed;
  const { left: left2, sold, arriving } = reckon2(row.due, settled, closed.throughMs);
  const throughMs = Math.max(row.reclaimedThroughMs, closed.throughMs);
  return update({
    ...stockRow(row.itemId, row.row),
    change: {
      set: [
        action`${at20("available")} = ${at20("available")} + ${left2}`,
        action`${at20("sold")} = ${at20("sold")} + ${sold}`,
        action`${at20("held")} = ${at20("held")} - ${left2 + sold}`,
        action`${at20("reclaimedThroughMs")} = ${throughMs}`,
        // The later bucket counts what moved there.
        ...[...arriving].map(([key2, quantity]) => {
          const due = at20("due", key2);
          return action`${due} = if_not_exists(${due}, ${0}) + ${quantity}`;
        }),
        ...listRenewing(row, buckets, arriving.size),
        action`${at20("change")} = ${note}`
      ],
      remove: buckets.map(({ key: key2 }) => at20("due", key2))
    },
    condition: allOf(
      // No hold has slipped in behind them, by a clock that is far behind: its units might have moved into one of them.
      condition`size(${at20("due")}) = ${Object.keys(row.due).length}`,
      condition`${at20("reclaimedThroughMs")} = ${row.reclaimedThroughMs}`,
      ...buckets.map(({ key: key2, quantity }) => condition`${at20("due", key2)} = ${quantity}`)
    ),
    refused: () => new HoldGone(row.itemId),
    // Whoever moved the watermark there took these out: their settlement rows say the same to all.
    applied: (found) => found !== void 0 && parseStock(found).reclaimedThroughMs >= throughMs
  });
}
var settledLifeMs = secondsToMs(86400);
var mostClosedTogether = 32;
function lastOver(row, nowMs) {
  const ends = roomIn(row, nowMs).over.map(({ endsAtMs }) => endsAtMs);
  if (ends.length === maxTakenOver) return ends.at(-1);
  return epochMs(Math.max(...ends, Math.floor(nowMs / 1e3) * 1e3));
}
function chooseThrough(row, openings, nowMs) {
  if (!row.notesOpenings) return roomIn(row, nowMs).over[0].endsAtMs;
  const afterMs = row.reclaimedThroughMs;
  const lastMs = lastOver(row, nowMs);
  const countThrough = (throughMs) => listParts(0, openings, [afterMs, throughMs]).length;
  const opened = [...openings.keys()].map((key2) => bucketEndMs(key2));
  const ends = [...roomIn(row, nowMs).over.map(({ endsAtMs }) => endsAtMs), ...opened, lastMs];
  const [firstMs, ...others] = ends.filter((endsAtMs) => endsAtMs > afterMs && endsAtMs <= lastMs).toSorted((one, other) => one - other);
  return others.findLast((endsAtMs) => countThrough(endsAtMs) <= mostClosedTogether) ?? firstMs ?? lastMs;
}
async function readAgain({ database }, row) {
  const [found] = await database.getMany("Stock", [stockRow(row.itemId, row.row).key]);
  return found ? parseHotRow(found) : row;
}
async function endSettled({ database, clock }, row, openings) {
  const ended = listParts(row.row, openings, [-Infinity, row.reclaimedThroughMs]);
  if (ended.length === 0) return;
  await endSettlements(database, row.itemId, ended, later(clock(), settledLifeMs));
  await forgetOpenings(database, row, [...new Set(ended.map(({ bucket }) => bucket))]);
}
async function closeExpired(options, row, goesOn = () => true) {
  const { database, clock } = options;
  let current = row;
  for (; ; ) {
    const nowMs = clock();
    const { over } = roomIn(current, nowMs);
    if (over.length === 0 || !goesOn(current)) return current;
    const note = changeNote("hold.reclaimed", expiryActor, nowMs);
    const noted = await closeOpenings(database, row, lastOver(current, nowMs));
    await endSettled(options, current, noted);
    const openings = listPossible(current, noted);
    const throughMs = chooseThrough(current, openings, nowMs);
    const parts = listParts(row.row, openings, [current.reclaimedThroughMs, throughMs]);
    const settled = await closeSettlements(database, current, parts, note);
    const buckets = over.filter(({ endsAtMs }) => endsAtMs <= throughMs);
    try {
      const write = settleBucketsWrite(current, { buckets, throughMs, settled }, note);
      current = parseHotRow(await database.apply(write, { isAside: true }));
    } catch (error) {
      if (!(error instanceof HoldGone)) throw error;
      current = await readAgain(options, current);
    }
  }
}
async function foresee(database, rows, nowMs) {
  const [first] = rows;
  if (!first) return [];
  const openings = await readOpenings(database, rows);
  const wanted = rows.map((row) => {
    const throughMs = lastOver(row, nowMs);
    const own = listPossible(row, openings.get(row.row) ?? /* @__PURE__ */ new Map());
    return { row, throughMs, parts: listParts(row.row, own, [row.reclaimedThroughMs, throughMs]) };
  });
  const all = wanted.flatMap(({ parts }) => parts);
  const settled = await readSettlements(database, first.itemId, all);
  return wanted.map(({ row, throughMs, parts }) => {
    const { left: left2, arriving } = reckon2(row.due, settled.get(row.row) ?? /* @__PURE__ */ new Map(), throughMs);
    const nextMs = Math.min(...[...arriving.keys()].map((key2) => bucketEndMs(key2)));
    return { row, left: Math.max(0, left2), parts: parts.length, nextMs };
  });
}
async function countSoldElsewhere({ database }, stock) {
  const rows = (await findRows(database, stock))?.rows ?? [];
  if (rows.length === 0) return 0;
  const openings = await readOpenings(database, rows);
  const parts = rows.flatMap((each) => {
    const own = listPossible(each, openings.get(each.row) ?? /* @__PURE__ */ new Map());
    return listParts(each.row, own, [each.reclaimedThroughMs, Infinity]);
  });
  const settled = await readSettlements(database, stock.itemId, parts);
  const unsettled = [...settled.values()].flatMap((byBucket) => [...byBucket.values()]);
  return [...rows, ...unsettled].reduce((sum, { sold }) => sum + sold, 0);
}

// shared/inventory/hot/spread-store.ts
var at21 = pathsOf();
var refused = (found) => new ItemMoved(found);
var ownNames = new Set(
  "itemId shard catalog item row change available held sold received adjusted due reclaimedThroughMs shards rows away turningUntilMs coolsAfterMs hasAbout hasLine notesOpenings name kind vendorId createdAtMs".split(" ")
);
function listFacts(main) {
  return Object.entries(main).filter(([name, value]) => !ownNames.has(name) && value !== void 0).map(([name, value]) => action`${new AttributePath([name])} = ${value}`);
}
function factsAreAsSeen({ factsRevision }) {
  return factsRevision === void 0 ? isMissing(at21("factsRevision")) : condition`${at21("factsRevision")} = ${factsRevision}`;
}
function claimTurnWrite({ itemId }, { nowMs, untilMs, note }) {
  return update({
    ...stockRow(itemId),
    change: {
      set: [action`${at21("turningUntilMs")} = ${untilMs}`, action`${at21("change")} = ${note}`]
    },
    condition: allOf(exists(at21("itemId")), isNotTurning(nowMs), nobodyWaits),
    refused,
    applied: (found) => found?.["turningUntilMs"] === untilMs
  });
}
function endTurnWrite(itemId, untilMs, note) {
  return update({
    ...stockRow(itemId),
    change: { set: [action`${at21("change")} = ${note}`], remove: [at21("turningUntilMs")] },
    condition: condition`${at21("turningUntilMs")} = ${untilMs}`,
    refused,
    applied: (found) => found !== void 0 && found["turningUntilMs"] === void 0
  });
}
function spreadWrites(main, { shares, coolsAfterMs: coolsAfterMs2, note }) {
  const { itemId, rows: known = 0 } = main;
  const units = shares.reduce((sum, share) => sum + share, 0);
  const giving = update({
    ...stockRow(itemId),
    change: {
      set: [
        action`${at21("available")} = ${at21("available")} - ${units}`,
        action`${at21("away")} = if_not_exists(${at21("away")}, ${0}) + ${units}`,
        action`${at21("shards")} = ${shares.length}`,
        action`${at21("rows")} = ${Math.max(known, shares.length)}`,
        action`${at21("change")} = ${note}`,
        ...coolsAfterMs2 === void 0 ? [] : [action`${at21("coolsAfterMs")} = ${coolsAfterMs2}`]
      ],
      remove: [at21("turningUntilMs"), ...coolsAfterMs2 === void 0 ? [at21("coolsAfterMs")] : []]
    },
    condition: allOf(
      condition`${at21("available")} >= ${units}`,
      condition`${at21("holdPolicy")} = ${"counted"}`,
      // A line is for the units of one row.
      nobodyWaits,
      factsAreAsSeen(main),
      known === 0 ? isMissing(at21("rows")) : condition`${at21("rows")} = ${known}`
    ),
    refused
  });
  return [giving, ...shares.map((share, index) => fillWrite(main, index + 1, share, note))];
}
function fillWrite(main, row, units, note) {
  const { itemId, rows = 0 } = main;
  const orZero = (name) => condition`if_not_exists(${at21(name)}, ${0})`;
  return update({
    ...stockRow(itemId, row),
    change: {
      set: [
        ...listFacts(main),
        action`${at21("item")} = ${itemId}`,
        action`${at21("row")} = ${row}`,
        action`${at21("available")} = ${orZero("available")} + ${units}`,
        action`${at21("received")} = ${orZero("received")} + ${units}`,
        action`${at21("held")} = ${orZero("held")}`,
        action`${at21("sold")} = ${orZero("sold")}`,
        action`${at21("adjusted")} = ${orZero("adjusted")}`,
        action`${at21("due")} = if_not_exists(${at21("due")}, ${{}})`,
        ...row > rows ? [action`${at21("notesOpenings")} = ${true}`] : [],
        ...row === listedRow ? [action`${at21("catalog")} = ${spreadCatalog}`] : [],
        action`${at21("reclaimedThroughMs")} = if_not_exists(${at21("reclaimedThroughMs")}, ${0})`,
        action`${at21("change")} = ${note}`
      ]
    },
    condition: anyOf(isMissing(at21("item")), condition`${at21("item")} = ${itemId}`),
    refused
  });
}
function gatherWrites(from, note) {
  const { itemId, row, available, sold } = from;
  const both = available + sold;
  const told2 = action`${at21("change")} = ${note}`;
  return [
    update({
      ...stockRow(itemId),
      change: {
        set: [
          action`${at21("available")} = ${at21("available")} + ${available}`,
          action`${at21("sold")} = ${at21("sold")} + ${sold}`,
          action`${at21("away")} = ${at21("away")} - ${both}`,
          told2
        ]
      },
      condition: condition`${at21("away")} >= ${both}`,
      refused
    }),
    update({
      ...stockRow(itemId, row),
      change: {
        set: [
          action`${at21("available")} = ${at21("available")} - ${available}`,
          action`${at21("sold")} = ${at21("sold")} - ${sold}`,
          action`${at21("received")} = ${at21("received")} - ${both}`,
          told2
        ]
      },
      condition: allOf(
        condition`${at21("available")} >= ${available}`,
        condition`${at21("sold")} >= ${sold}`
      ),
      refused
    })
  ];
}
function coolWrite({ itemId, coolsAfterMs: coolsAfterMs2 }, note) {
  return update({
    ...stockRow(itemId),
    change: {
      set: [action`${at21("change")} = ${note}`],
      remove: [at21("shards"), at21("coolsAfterMs")]
    },
    condition: allOf(
      exists(at21("itemId")),
      coolsAfterMs2 === void 0 ? isMissing(at21("coolsAfterMs")) : condition`${at21("coolsAfterMs")} = ${coolsAfterMs2}`
    ),
    refused,
    applied: (found) => found !== void 0 && found["shards"] === void 0
  });
}
function stayHotWrite(main, untilMs, note) {
  return update({
    ...stockRow(main.itemId),
    change: {
      set: [action`${at21("coolsAfterMs")} = ${untilMs}`, action`${at21("change")} = ${note}`]
    },
    condition: condition`${at21("coolsAfterMs")} = ${main.coolsAfterMs ?? 0}`,
    refused,
    applied: (found) => found?.["coolsAfterMs"] === untilMs
  });
}

// shared/inventory/hot/turning.ts
var crowdActor = { id: "system:crowd" };
var turnMs = 1e3;
var coolsAfterMs = 3e5;
var restMs = 3e4;
function shardsByHand(stock) {
  return stock.coolsAfterMs === void 0 ? stock.shards : void 0;
}
var aside = { isAside: true };
function noteAt(clock, action2) {
  return changeNote(action2, crowdActor, clock());
}
function splitEvenly(units, shards) {
  const [least, more] = [Math.floor(units / shards), units % shards];
  return Array.from({ length: shards }, (_, index) => least + (index < more ? 1 : 0));
}
function createHot(stock, shards, note) {
  const { available: away } = stock;
  const main = { ...stock, available: 0, away, shards, rows: shards };
  const shares = splitEvenly(away, shards);
  return [
    createStockWrite(main, note),
    ...shares.map((share, index) => fillWrite(stock, index + 1, share, note))
  ];
}
function foundIn(error) {
  const [first] = error instanceof TransactionRefused ? error.refusals : [];
  const moved = first?.error ?? error;
  if (!(moved instanceof ItemMoved)) throw error;
  return moved.found && parseStock(moved.found);
}
async function spread(options, first, autoShards) {
  const { database, clock } = options;
  for (let main = first; ; ) {
    const said = shardsByHand(main);
    const shards = said ?? autoShards;
    if (shards < 2 || main.holdPolicy === "exclusive" || main.hasLine) return main;
    const coolsAt = said === void 0 ? epochMs(clock() + coolsAfterMs) : void 0;
    const shares = splitEvenly(main.available, shards);
    const note = noteAt(clock, "stock.spread");
    try {
      await database.transact(spreadWrites(main, { shares, coolsAfterMs: coolsAt, note }), aside);
      const { turningUntilMs: _over, rows = 0, away = 0, available, ...same } = main;
      const moved = { away: away + available, available: 0 };
      return { ...same, ...moved, shards, rows: Math.max(rows, shards) };
    } catch (error) {
      const found = foundIn(error);
      if (!found) return main;
      main = found;
    }
  }
}
async function turnHot(options, stock, autoShards) {
  const { database, clock } = options;
  const nowMs = clock();
  const untilMs = epochMs(nowMs + turnMs);
  const note = noteAt(clock, "stock.turning");
  try {
    const claim = claimTurnWrite(stock, { nowMs, untilMs, note });
    const own = parseStock(await database.apply(claim, aside));
    const after = await spread(options, own, autoShards);
    if (after.turningUntilMs !== untilMs) return after;
    return parseStock(await database.apply(endTurnWrite(stock.itemId, untilMs, note), aside));
  } catch (error) {
    return foundIn(error) ?? stock;
  }
}
var mostClosedAside = 2;
async function fetchFrom(options, first, most) {
  const { database, clock } = options;
  let closed = 0;
  const goesOn = () => (closed += 1) <= most;
  let row = await closeExpired(options, first, goesOn);
  while (row.available > 0 || row.sold > 0) {
    const note = noteAt(clock, "stock.gathered");
    try {
      await database.transact(gatherWrites(row, note), aside);
      break;
    } catch (error) {
      if (!(error instanceof TransactionRefused)) throw error;
      row = await readAgain(options, row);
    }
  }
  return Math.min(closed, most);
}
async function gather(options, stock, mostClosed = Infinity) {
  const found = await findRows(options.database, stock);
  if (!found) return stock;
  let left2 = mostClosed;
  for (const row of found.rows) {
    if (left2 > 0) left2 -= await fetchFrom(options, row, left2);
  }
  return (await findStocks(options.database, [stock.itemId])).get(stock.itemId) ?? stock;
}
async function cool(options, stock, mostClosed = Infinity) {
  const note = noteAt(options.clock, "stock.cooled");
  let current = stock;
  try {
    if (stock.shards !== void 0) await options.database.apply(coolWrite(stock, note), aside);
  } catch (error) {
    current = foundIn(error) ?? stock;
    if (current.shards !== void 0) return current;
  }
  return gather(options, current, mostClosed);
}
function isQuiet(rows, nowMs) {
  const last = rows.map((row) => row.change.atMs);
  return last.filter((atMs) => atMs + restMs > nowMs).length <= 1;
}
async function coolDown(options, stock, most = mostClosedAside) {
  const { database, clock } = options;
  const nowMs = clock();
  if (!isSpread(stock)) return;
  if (stock.shards === void 0) {
    await gather(options, stock, most);
    return;
  }
  if (stock.coolsAfterMs === void 0 || nowMs < stock.coolsAfterMs) return;
  const found = await findRows(database, stock);
  if (!found || isQuiet(found.rows, nowMs)) {
    await cool(options, stock, most);
    return;
  }
  const note = noteAt(clock, "stock.turning");
  try {
    await database.apply(stayHotWrite(stock, epochMs(nowMs + coolsAfterMs), note), aside);
  } catch (error) {
    if (!(error instanceof ItemMoved)) throw error;
  }
}

// shared/inventory/item-change.ts
var import_promises2 = require("node:timers/promises");
function assertCanShard(holdPolicy, shards) {
  if (holdPolicy !== "exclusive" || shards < 2) return;
  const message = "an exclusive item has one holder at a time: it cannot be sold from several rows";
  throw new InvalidRequest([{ path: "shards", message }]);
}
async function patch(options, first, changes, actor) {
  const { database, clock } = options;
  const note = changeNote("item.change", actor, clock());
  for (let item = first; ; ) {
    const writes = patchStockWrites(item, changes, note);
    try {
      const [only, ...others] = writes;
      if (only && others.length === 0) return parseStock(await database.apply(only));
      await database.transact(writes);
      return await findStock(database, item.itemId);
    } catch (error) {
      const refused3 = error instanceof TransactionRefused ? error.refusals[0]?.error : error;
      if (!(refused3 instanceof ItemMoved) || !refused3.found) throw refused3;
      const found = parseStock(refused3.found);
      item = found;
      assertCanShard(changes.holdPolicy ?? found.holdPolicy, changes.shards ?? 1);
      if (changes.holdPolicy === "exclusive") await assertTogether(options, item.itemId);
    }
  }
}
function assertNoneAway(units) {
  if (units === 0) return;
  const message = `${units} units are held in other rows: it can become exclusive when those holds have ended; "shards": 1 lets no new ones begin`;
  throw new InvalidRequest([{ path: "holdPolicy", message }]);
}
async function assertTogether(options, itemId) {
  const found = await findRows(options.database, { itemId });
  if (!found || found.main.rows === void 0) return;
  const nowMs = options.clock();
  const live = found.rows.flatMap((row) => liveBuckets(row, nowMs));
  assertNoneAway(live.reduce((sum, { quantity }) => sum + quantity, 0));
  const { away = 0 } = await gather(options, await cool(options, found.main));
  assertNoneAway(away);
}
var mostLooks = 20;
var longestPauseMs = 200;
var dealingMs = 2e3;
async function dealOut(options, itemId) {
  const { database, sleep = import_promises2.setTimeout, random = Math.random } = options;
  await again(mostLooks, async (round) => {
    if (round > 0) await sleep(random() * Math.min(longestPauseMs, 20 * 2 ** round));
    const stock = await findStock(database, itemId);
    if (!stock) return void 0;
    const whole = stock.rows === void 0 ? stock : await gather(options, stock);
    if (shardsByHand(whole) === void 0) return void 0;
    const { turningUntilMs } = await turnHot(options, whole, 0);
    return turningUntilMs === void 0 ? void 0 : new OnceMore();
  });
}
async function tryToDealOut(options, itemId) {
  try {
    const nowMs = options.clock();
    await withOwnPatience({ forMs: dealingMs, nowMs }, () => dealOut(options, itemId));
  } catch (error) {
    if (!(error instanceof TryAgain)) throw error;
  }
}
async function changeItem(options, itemId, changes, actor) {
  const { shards } = changes;
  checkSale(changes.sale);
  if (changes.holdPolicy === "exclusive") {
    assertCanShard("exclusive", shards ?? 1);
    await assertTogether(options, itemId);
  }
  const stock = await patch(options, { itemId }, changes, actor);
  if (shards !== void 0) await tryToDealOut(options, itemId);
  if (shards === void 0 && stock.rows === void 0) return stock;
  return await findWhole(options.database, itemId) ?? stock;
}

// shared/inventory/new-item.ts
function present(values) {
  const said = Object.entries(values).filter(([, value]) => value !== void 0);
  return Object.fromEntries(said);
}
function makeStock(item, atMs) {
  const { itemId, name, kind, vendorId = null, price, quantity, holdPolicy } = item;
  const { limits = null, sale = null } = item;
  return {
    itemId,
    name,
    kind,
    vendorId,
    amountMinor: price.amountMinor,
    currency: price.currency,
    holdPolicy,
    available: quantity,
    sold: 0,
    received: quantity,
    adjusted: 0,
    held: 0,
    due: {},
    reclaimedThroughMs: 0,
    createdAtMs: atMs,
    ...present({ ...limitFacts(limits), ...saleFacts(sale) }),
    ...changesAbout(item) ? { hasAbout: true } : {}
  };
}
function firstReceived({ itemId, quantity }, note) {
  return {
    itemId,
    movementId: firstMovementId,
    kind: "received",
    quantity,
    reference: "item:create",
    fingerprint: fingerprint({ kind: "received", quantity }),
    atMs: note.atMs,
    actor: note.actor,
    ...note.requestId === void 0 ? {} : { requestId: note.requestId }
  };
}

// shared/inventory/movement-store.ts
var at22 = pathsOf();
var entryAt = pathsOf();
var movementRow = (itemId, movementId) => ({ table: "Movements", key: { itemId, movementId } });
function parseMovement(row) {
  return row;
}
function stockCoversMove({ kind, quantity, soldHere }) {
  const { available, sold } = computeEffect(kind, quantity);
  const wasSold3 = soldHere === void 0 ? condition`${at22("sold")} >= ${-sold}` : condition`${at22("sold")} = ${soldHere}`;
  return [
    ...available < 0 ? [condition`${at22("available")} >= ${-available}`] : [],
    ...sold < 0 ? [wasSold3] : []
  ];
}
function levelsAreAsSeen(seen) {
  if (!seen) return [];
  const names = ["available", "sold", "received", "adjusted"];
  const isInOneRow2 = anyOf(isMissing(at22("away")), condition`${at22("away")} = ${0}`);
  return [
    ...names.map((name) => condition`${at22(name)} = ${seen[name]}`),
    isMissing(at22("shards")),
    isInOneRow2
  ];
}
function moveStockWrite(move) {
  const { itemId, kind, quantity, note, seen } = move;
  const effect = computeEffect(kind, quantity);
  const changed = ["available", "sold", "received", "adjusted"].filter(
    (name) => effect[name] !== 0
  );
  return update({
    ...stockRow(itemId),
    change: {
      set: [
        ...changed.map((name) => action`${at22(name)} = ${at22(name)} + ${effect[name]}`),
        action`${at22("change")} = ${note}`
      ]
    },
    condition: allOf(rowIsReadable, ...stockCoversMove(move), ...levelsAreAsSeen(seen)),
    refused: (found) => found ? new InsufficientStock(parseStock(found), kind, quantity) : new ItemNotFound(itemId)
  });
}
function movementWrite(movement) {
  const { itemId, movementId } = movement;
  return put({
    ...movementRow(itemId, movementId),
    item: { ...movement },
    condition: isMissing(entryAt("movementId")),
    refused: () => new ReferenceReused(movement.reference),
    applied: (found) => found?.["fingerprint"] === movement.fingerprint
  });
}
async function settleLevels(database, { itemId, movementId }, levels) {
  const row = await database.apply(
    update({
      ...movementRow(itemId, movementId),
      change: {
        set: [action`${entryAt("levels")} = if_not_exists(${entryAt("levels")}, ${levels})`]
      },
      condition: exists(entryAt("movementId")),
      refused: () => new ItemNotFound(itemId)
    })
  );
  return parseMovement(row).levels ?? levels;
}
async function listMovements(database, itemId, page) {
  const where = condition`${entryAt("itemId")} = ${itemId}`;
  const list = { table: "Movements", index: "byTime", where, ascending: false };
  const { rows, cursor } = await database.query({ ...list, ...page });
  return { rows: rows.map(parseMovement), ...cursor === void 0 ? {} : { cursor } };
}

// shared/inventory/reclaiming.ts
async function reclaimItem(options, stock, goesOn) {
  const current = await reclaimExpired(options, stock);
  if (!isSpread(current)) return;
  const found = await findRows(options.database, current, options.database.lookAtMany);
  for (const row of found?.rows ?? []) await closeExpired(options, row, goesOn);
  if (goesOn()) await coolDown(options, current, Infinity);
}
async function reclaimItems(options, itemIds) {
  if (itemIds.length === 0) return;
  for (const stock of (await findStocks(options.database, itemIds)).values()) {
    await reclaimItem(options, stock, () => true);
  }
}
async function reclaimSpread(options, goesOn) {
  const { database, clock } = options;
  let cursor;
  do {
    const page = await listSpread(database, cursor);
    for (const stock of (await findStocks(database, page.itemIds)).values()) {
      if (!goesOn()) return;
      if (isSpread(stock)) await reclaimItem(options, stock, goesOn);
      else await unlist(database, stock.itemId, clock());
    }
    ({ cursor } = page);
  } while (cursor !== void 0);
}

// shared/inventory/inventory-service.ts
function createInventoryService({ lastSeen, ...options }) {
  const { database, clock } = options;
  return {
    /**
     * Creates an item together with the first entry of its ledger. One request, with several rows, too.
     *
     * @throws ItemExists; nothing was changed
     * @example
     * await inventory.create({ itemId: "mug", name: "Mug", kind: "Retail", quantity: 12,
     *   price: { amountMinor: 900, currency: "EUR" }, holdPolicy: "counted" }, actor);
     */
    async create(item, actor) {
      const { itemId, holdPolicy, shards = 1, description, imageUrl } = item;
      assertCanShard(holdPolicy, shards);
      checkSale(item.sale);
      const atMs = clock();
      const note = changeNote("item.create", actor, atMs);
      const stock = makeStock(item, atMs);
      const told2 = changesAbout(item) ? [aboutWrite(itemId, { description, imageUrl }, note)] : [];
      const creating = shards < 2 ? [createStockWrite(stock, note)] : createHot(stock, shards, note);
      await database.transact([...creating, ...told2, movementWrite(firstReceived(item, note))]);
      if (shards < 2) lastSeen.set(itemId, pickLevels(stock));
      const spread2 = shards < 2 ? {} : { shards, rows: shards };
      return { ...stock, ...spread2, ...present({ description, imageUrl }) };
    },
    /**
     * The item as of now. One request, two for a hot one.
     *
     * @throws ItemNotFound
     * @example
     * const { available } = await inventory.get("mug");
     */
    async get(itemId) {
      const stock = await findWhole(database, itemId);
      if (!stock) throw new ItemNotFound(itemId);
      if (!isSpread(stock)) lastSeen.set(itemId, pickLevels(stock));
      return stock;
    },
    /**
     * The item as a product page shows it: what it says may lag by a moment, and nothing is decided by
     * it. One request, half a read unit however many hold the item; for a hot item one more, and half a unit
     * a row.
     *
     * @throws ItemNotFound
     * @example
     * const { available } = await inventory.look("mug");
     */
    async look(itemId) {
      const stock = await lookAtStock(database, itemId);
      if (!stock) throw new ItemNotFound(itemId);
      const [whole] = await withRows([stock], database.lookAtMany);
      return { ...stock, ...whole };
    },
    /**
     * A page of items by id, as they are or were a moment ago: half a read unit an item, and half of one for
     * what is told about it. Two requests, one more where an item is hot, and one more where something is told.
     * Those that were withdrawn are a list of their own.
     *
     * @example
     * const { rows, cursor } = await inventory.list({ limit: 20 });
     */
    async list(page) {
      const { rows, ...more } = await listStocks(database, page, database.lookAtMany);
      const whole = await withRows(rows, database.lookAtMany);
      return { rows: await withAbout(whole, database.lookAtMany), ...more };
    },
    /**
     * Changes what the shop says of an item, or withdraws it, all at once or not at all. One request for an item that was
     * never hot, and harmless when repeated; two for others, and two more where something is told about it. A withdrawn
     * item is neither listed nor sold once this has answered; what is held or sold of it goes on. From `shards` 2 on the
     * item is sold from so many rows until told otherwise, also where others are at work on its rows just now: then it
     * is they who spread it over so many. With 1 it is sold from one row again, and turns hot when a crowd wants it.
     * Dealing units out takes four requests more, and one for each further row that the item has.
     *
     * @throws ItemNotFound
     * @throws InvalidRequest when an item cannot be both exclusive and hot
     * @example
     * await inventory.change("mug", { name: "Big mug" }, actor);
     */
    async change(itemId, patch2, actor) {
      const changed = await changeItem(options, itemId, patch2, actor);
      const [told2 = changed] = await withAbout([changed], database.getMany);
      return told2;
    },
    /**
     * Makes units of holds that are over available again. Never needed by buyers, who take them over;
     * it keeps the levels true for those who look. One request to read up to 100 items, and one for
     * each that has something over. Safe to repeat.
     *
     * @example await inventory.reclaim(["mug", "lamp"]);
     */
    reclaim: (itemIds) => reclaimItems({ database, clock }, itemIds),
    /**
     * The same for all items that are sold from several rows, or were until lately, while `goesOn` says that there is time.
     * One request for a list of up to 100 of them, one to read them, and those of `reclaim` for each. Safe to repeat.
     *
     * @example await inventory.reclaimSpread(() => clock() < deadlineMs);
     */
    reclaimSpread: (goesOn) => reclaimSpread({ database, clock }, goesOn),
    /**
     * A page of an item's ledger, newest first. One request.
     *
     * @throws ItemNotFound: an item has at least the movement that it began with
     * @example
     * const { rows } = await inventory.movements("mug", { limit: 20 });
     */
    async movements(itemId, page) {
      const movements = await listMovements(database, itemId, page);
      const isEmpty = movements.rows.length === 0 && movements.cursor === void 0;
      if (isEmpty && page.cursor === void 0) throw new ItemNotFound(itemId);
      return movements;
    }
  };
}

// shared/locks/line-places-store.ts
function placeRow({ owner, kind, leaseMs: leaseMs2, untilMs }) {
  const { userId, sessionId, username } = owner;
  return {
    userId,
    ...sessionId === void 0 ? {} : { sessionId },
    ...username === void 0 ? {} : { username },
    kind,
    leaseMs: leaseMs2,
    untilMs
  };
}
function joinWrite(row, joining, nowMs) {
  const { resource, waiter, permit } = joining;
  const { ticket } = waiter;
  const place3 = at14(waiterAttribute(ticket));
  const { living, remove, guards } = tidied(row, nowMs);
  const isFull = parseTickets(row).length >= maxWaiters;
  const append = action`${at14("line")} = list_append(if_not_exists(${at14("line")}, ${[]}), ${[ticket]})`;
  const rewrite = action`${at14("line")} = ${[...living.map((each) => each.ticket), ticket]}`;
  const room = anyOf(isMissing(at14("line")), condition`size(${at14("line")}) < ${maxWaiters}`);
  return update({
    ...lockRow(resource),
    change: {
      set: [isFull ? rewrite : append, action`${place3} = ${placeRow(waiter)}`],
      remove: isFull ? remove : []
    },
    condition: allOf(
      exists(at14("owner")),
      fenceIs(row),
      isMissing(place3),
      // A repetition that comes after its sender has left finds the gap that he left behind.
      condition`NOT contains(${at14("line")}, ${ticket})`,
      ...isFull ? [lineIs(row), ...guards] : [room],
      ...permitted(permit)
    ),
    refused: lookAgainOr(permit),
    applied: (found) => found?.[waiterAttribute(ticket)] !== void 0
  });
}
function isMine({ ticket, userId }) {
  return condition`${at14(waiterAttribute(ticket), "userId")} = ${userId}`;
}
var waitsFor = (claim) => [
  isMine(claim),
  condition`${at14(waiterAttribute(claim.ticket), "untilMs")} > ${claim.nowMs}`,
  exists(at14("owner")),
  condition`${at14("expiresAtMs")} > ${claim.nowMs}`
];
function keepPlaceWrite(claim) {
  const { resource, ticket, nowMs, permit, placeMs: placeMs2 } = claim;
  const untilMs = at14(waiterAttribute(ticket), "untilMs");
  const keptMs = later(nowMs, placeMs2);
  return update({
    ...lockRow(resource),
    change: { set: [action`${untilMs} = ${keptMs}`] },
    condition: allOf(...waitsFor(claim), condition`${untilMs} <= ${keptMs}`, ...permitted(permit)),
    refused: lookAgainOr(permit)
  });
}
var askAgainMs = 1e4;
function isAskedAnew(row, ticket, nowMs) {
  const place3 = row?.[waiterAttribute(ticket)];
  return (place3?.askedAtMs ?? 0) <= nowMs - askAgainMs;
}
function askOwnerWrite(asking) {
  const { resource, ticket, nowMs, actor, permit } = asking;
  const place3 = waiterAttribute(ticket);
  const askedAtMs = at14(place3, "askedAtMs");
  const note = changeNote("lock.asked", actor, nowMs);
  return update({
    ...lockRow(resource),
    change: { set: [action`${askedAtMs} = ${nowMs}`, action`${at14("change")} = ${note}`] },
    condition: allOf(
      ...waitsFor(asking),
      anyOf(isMissing(askedAtMs), condition`${askedAtMs} <= ${nowMs - askAgainMs}`),
      ...permitted(permit)
    ),
    refused: lookAgainOr(permit)
  });
}
function leaveWrite(claim) {
  const { resource, ticket } = claim;
  return update({
    ...lockRow(resource),
    isBlind: true,
    change: { remove: [at14(waiterAttribute(ticket))] },
    condition: isMine(claim),
    refused: lookAgain,
    applied: (found) => found?.[waiterAttribute(ticket)] === void 0
  });
}
function claimWrite(row, claim) {
  const { proof, nowMs, actor, permit, expiresAtMs: expiresAtMs2 } = claim;
  const turn = parseTurn(row);
  return update({
    ...lockRow(proof.resource),
    change: {
      set: [
        action`${at14("expiresAtMs")} = ${expiresAtMs2}`,
        mayGoAfter(expiresAtMs2),
        action`${at14("turn")} = ${{ ...turn, isClaimed: true }}`,
        action`${at14("change")} = ${changeNote("lock.renewed", actor, nowMs)}`
      ]
    },
    condition: allOf(
      callerHolds(proof, nowMs),
      condition`${at14("turn", "ticket")} = ${turn.ticket}`,
      condition`${at14("turn", "isClaimed")} = ${false}`,
      ...permitted(permit)
    ),
    refused: lookAgainOr(permit),
    applied: (found) => parseLock(found)?.fence === proof.fence && parseTurn(found)?.isClaimed === true
  });
}

// shared/inventory/line/item-line.ts
var turnMs2 = 3e4;
var keepAfterMs = placeMs / 3;
var turnAttribute = (ticket) => `turn_${ticket}`;
function makeItemTicket(itemId, userId, nowMs) {
  return derivedId("tkt", lineResource(itemId), userId, nowMs);
}
function parseTurns(row) {
  return Object.entries(row ?? {}).flatMap(([name, value]) => {
    if (!name.startsWith(turnAttribute(""))) return [];
    const { userId, endsAtMs } = value;
    return [{ ticket: name.slice(turnAttribute("").length), userId, endsAtMs: epochMs(endsAtMs) }];
  });
}
function liveTurns(row, nowMs) {
  return parseTurns(row).filter(({ endsAtMs }) => !isExpired(endsAtMs, nowMs));
}
function findTurn(row, { ticket, userId }, nowMs) {
  return liveTurns(row, nowMs).find((turn) => turn.ticket === ticket && turn.userId === userId);
}
function freeUnits(stock, nowMs) {
  const free = stock.available + expiredUnits(stock, nowMs);
  if (stock.holdPolicy !== "exclusive") return free;
  return liveBuckets(stock, nowMs).length > 0 ? 0 : Math.min(1, free);
}
function latestFreeMs(stock, units, nowMs) {
  let missing = units;
  return liveBuckets(stock, nowMs).find(({ quantity }) => (missing -= quantity) <= 0)?.endsAtMs;
}
function itemPlaceIn({ row, stock }, { ticket, userId }, nowMs) {
  const living = livingIn(row, nowMs);
  const ahead = living.findIndex((each) => each.ticket === ticket && each.owner.userId === userId);
  if (ahead < 0) return void 0;
  const position = ahead + 1;
  const gapMs = row?.["typicalGapMs"];
  const latestMs = latestFreeMs(stock, position, nowMs);
  const byHoldsMs = latestMs === void 0 ? null : latestMs - nowMs;
  const estimatedWaitMs = gapMs === void 0 ? byHoldsMs : Math.round(gapMs * position);
  return { ticket, position, estimatedWaitMs, claimBeforeMs: living[ahead].untilMs };
}
function observedGapMs(row, units, nowMs) {
  const gapMs = Math.max(0, nowMs - Number(row?.["sinceMs"] ?? nowMs)) / units;
  const before = row?.["typicalGapMs"];
  return Math.round(before === void 0 ? gapMs : before + (gapMs - before) / 3);
}
var reasons = {
  not_sold_out: "There are units to be had: order one",
  nothing_held: "Every unit is sold: none is held that might come free",
  several_rows: "The item is sold from several rows just now, which have no line",
  not_for_sale: "The shop does not sell this item now",
  full: `${maxWaiters} wait already`
};
var LineClosed = class extends HoldfastError {
  constructor(reason, untilMs) {
    const again2 = untilMs === void 0 ? {} : { lockedUntilMs: untilMs };
    super("LINE_CLOSED", `${reasons[reason]}`, { reason, ...again2 });
  }
};
function whyClosed({ row, stock }, nowMs) {
  if (!isForSale(stock, nowMs)) return new LineClosed("not_for_sale");
  if (isSpread(stock)) return new LineClosed("several_rows", stock.coolsAfterMs);
  const living = livingIn(row, nowMs);
  const free = freeUnits(stock, nowMs);
  if (free > living.length) return new LineClosed("not_sold_out");
  if (free === 0 && liveBuckets(stock, nowMs).length === 0) return new LineClosed("nothing_held");
  const turns = liveTurns(row, nowMs);
  if (living.length + turns.length < maxWaiters) return void 0;
  const ends = [...living.map(({ untilMs }) => untilMs), ...turns.map((turn) => turn.endsAtMs)];
  return new LineClosed("full", Math.min(...ends));
}

// shared/inventory/line/item-line-store.ts
var at23 = pathsOf();
var lineRow = (itemId) => lockRow(lineResource(itemId));
var mayGoAfter2 = (nowMs) => action`${at23("ttlSeconds")} = ${ttlSecondsAt(later(nowMs, dayMs))}`;
function tidiedTurns({ row }, nowMs) {
  const tidy = tidied(row, nowMs);
  const lapsed = parseTurns(row).filter(({ endsAtMs }) => endsAtMs <= nowMs);
  const turns = lapsed.map(({ ticket }) => at23(turnAttribute(ticket)));
  return { ...tidy, remove: [...tidy.remove, ...turns] };
}
var isInOneRow = allOf(
  isMissing(at6("shards")),
  anyOf(isMissing(at6("away")), condition`${at6("away")} = ${0}`)
);
function openWrite(itemId, nowMs, actor) {
  const note = changeNote("item.line_opened", actor, nowMs);
  return update({
    ...stockRow(itemId),
    change: {
      set: [action`${at6("hasLine")} = ${true}`, action`${at6("change")} = ${note}`]
    },
    condition: allOf(rowIsReadable, isInOneRow, isNotTurning(nowMs), ...itemIsForSale(nowMs)),
    refused: lookAgain
  });
}
function joinItem(seen, { ticket, userId, actor }, nowMs) {
  const { row, stock } = seen;
  const untilMs = later(nowMs, placeMs);
  const isOpen3 = row?.["isOpen"] === true;
  const { living, remove, guards } = tidiedTurns(seen, nowMs);
  const tickets = [...living.map((each) => each.ticket), ticket];
  const joining = update({
    ...lineRow(stock.itemId),
    change: {
      set: [
        action`${at23("line")} = ${tickets}`,
        action`${at23(waiterAttribute(ticket))} = ${{ userId, untilMs }}`,
        action`${at23("isOpen")} = ${true}`,
        ...isOpen3 ? [] : [action`${at23("sinceMs")} = ${nowMs}`],
        mayGoAfter2(nowMs)
      ],
      remove
    },
    condition: allOf(
      lineIs(row),
      ...guards,
      isOpen3 ? exists(at23("isOpen")) : isMissing(at23("isOpen"))
    ),
    refused: lookAgain,
    applied: (found) => parseTickets(found).includes(ticket)
  });
  return {
    writes: isOpen3 ? [joining] : [joining, openWrite(stock.itemId, nowMs, actor)],
    after: { ...row, line: tickets, [waiterAttribute(ticket)]: { userId, untilMs } }
  };
}
function keepItemPlaceWrite({ itemId, ticket, userId, nowMs }) {
  const place3 = waiterAttribute(ticket);
  const untilMs = later(nowMs, placeMs);
  return update({
    ...lineRow(itemId),
    change: { set: [action`${at23(place3, "untilMs")} = ${untilMs}`, mayGoAfter2(nowMs)] },
    condition: allOf(
      condition`${at23(place3, "userId")} = ${userId}`,
      condition`${at23(place3, "untilMs")} > ${nowMs}`,
      condition`${at23(place3, "untilMs")} <= ${untilMs}`
    ),
    refused: lookAgain
  });
}
function endTurnWrite2(itemId, { ticket, userId, endsAtMs }) {
  const turn = turnAttribute(ticket);
  return update({
    ...lineRow(itemId),
    change: { remove: [at23(turn)] },
    condition: allOf(
      condition`${at23(turn, "userId")} = ${userId}`,
      condition`${at23(turn, "endsAtMs")} = ${endsAtMs}`
    ),
    refused: lookAgain
  });
}
function giveUpTurnWrites(itemId, turn, note) {
  const { ticket: orderId, endsAtMs: expiresAtMs2 } = turn;
  const holding = { itemId, orderId, quantity: 1, expiresAtMs: expiresAtMs2, note };
  return [endTurnWrite2(itemId, turn), releaseHoldWrite(holding)];
}

// shared/inventory/line/item-line-granting.ts
var lineActor = { id: "system:line" };
function grantWrites(seen, units, nowMs) {
  const { row, stock } = seen;
  const { itemId } = stock;
  const { living, remove, guards } = tidiedTurns(seen, nowMs);
  const [heads, others] = [living.slice(0, units), living.slice(units)];
  const endsAtMs = deadlineAfter(nowMs, turnMs2);
  const turns = heads.map(({ ticket, owner: { userId } }) => ({ ticket, userId, endsAtMs }));
  const isLast = others.length === 0;
  const places = heads.map(({ ticket }) => at23(waiterAttribute(ticket)));
  const moving = update({
    ...lineRow(itemId),
    change: {
      set: [
        action`${at23("line")} = ${others.map(({ ticket }) => ticket)}`,
        ...turns.map(
          ({ ticket, userId }) => action`${at23(turnAttribute(ticket))} = ${{ userId, endsAtMs }}`
        ),
        ...assigned({
          typicalGapMs: observedGapMs(row, units, nowMs),
          sinceMs: nowMs
        }).set
      ],
      remove: [...remove, ...places, ...isLast ? [at23("isOpen")] : []]
    },
    // Who left meanwhile gets no turn.
    condition: allOf(lineIs(row), ...guards, ...places.map((place3) => exists(place3))),
    refused: lookAgain
  });
  const holding = holdWrite({
    itemId,
    quantity: heads.length,
    orderId: heads[0].ticket,
    nowMs,
    expiresAtMs: endsAtMs,
    room: roomIn(stock, nowMs),
    note: changeNote("hold.placed", lineActor, nowMs),
    line: isLast ? "ends" : "goes on"
  });
  return { turns, writes: [moving, { ...holding, refused: lookAgain }] };
}
function closeLineWrites(seen, nowMs) {
  const { row, stock } = seen;
  const { remove, guards } = tidiedTurns(seen, nowMs);
  const closing = update({
    ...lineRow(stock.itemId),
    change: {
      set: [action`${at23("line")} = ${[]}`, mayGoAfter2(nowMs)],
      remove: [...remove, at23("isOpen")]
    },
    condition: allOf(lineIs(row), ...guards),
    refused: lookAgain
  });
  const note = changeNote("item.line_ended", lineActor, nowMs);
  const opening = update({
    ...stockRow(stock.itemId),
    change: { set: [action`${at6("change")} = ${note}`], remove: [at6("hasLine")] },
    condition: exists(at6("hasLine")),
    refused: lookAgain
  });
  return [closing, opening];
}

// shared/inventory/line/item-line-reading.ts
var mostMoves = 40;
async function readLine(database, itemId) {
  const places = [lockRow(lineResource(itemId)), stockRow(itemId)];
  const [row, found] = await database.getTogether(places);
  if (!found) throw new ItemNotFound(itemId);
  return { row, stock: parseStock(found) };
}
function getPastLine({ database, clock }, itemId) {
  return again(mostMoves, async () => {
    const seen = await readLine(database, itemId);
    if (!seen.stock.hasLine) return true;
    const nowMs = clock();
    const waiting = livingIn(seen.row, nowMs).length;
    if (waiting > 0 && freeUnits(seen.stock, nowMs) <= waiting) return false;
    const writes = waiting === 0 ? closeLineWrites(seen, nowMs) : grantWrites(seen, waiting, nowMs).writes;
    try {
      await database.transact(writes, { isAside: true });
      return true;
    } catch (error) {
      const first = error instanceof TransactionRefused ? error.refusals[0]?.error : error;
      if (!(first instanceof LineWaits)) throw error;
      return new OnceMore();
    }
  });
}

// shared/inventory/line/item-line-service.ts
var mostMoves2 = 40;
function settleItemLine(attempt) {
  return again(mostMoves2, async () => {
    try {
      return await attempt();
    } catch (error) {
      const first = error instanceof TransactionRefused ? error.refusals[0]?.error : error;
      if (first instanceof LineWaits || first instanceof HoldGone) return new OnceMore();
      throw error;
    }
  });
}
function findOwnTicket(row, userId, nowMs) {
  const place3 = livingIn(row, nowMs).find(({ owner }) => owner.userId === userId);
  return (place3 ?? liveTurns(row, nowMs).find((turn) => turn.userId === userId))?.ticket;
}
function createStanding({ database, clock }) {
  const commit = ([only, ...others]) => others.length === 0 ? database.apply(only) : database.transact([only, ...others]);
  async function grant(seen, nowMs) {
    const free = isForSale(seen.stock, nowMs) ? freeUnits(seen.stock, nowMs) : 0;
    const units = Math.min(free, livingIn(seen.row, nowMs).length);
    if (units < 1) return [];
    const { turns, writes } = grantWrites(seen, units, nowMs);
    await commit(writes);
    return turns;
  }
  async function stand(seen, { itemId, ticket, userId }, nowMs) {
    const own = { ticket, userId };
    const turn = findTurn(seen.row, own, nowMs);
    if (turn) return { turn };
    const place3 = itemPlaceIn(seen, own, nowMs);
    if (!place3) throw new PlaceNotFound();
    if (!isForSale(seen.stock, nowMs)) throw new LineClosed("not_for_sale");
    if (place3.position <= freeUnits(seen.stock, nowMs)) {
      const turns = await grant(seen, nowMs);
      return { turn: turns.find((each) => each.ticket === ticket) };
    }
    if (place3.claimBeforeMs - nowMs > keepAfterMs * 2) return { place: place3 };
    const row = await database.apply(keepItemPlaceWrite({ itemId, ...own, nowMs }));
    return { place: itemPlaceIn({ ...seen, row }, own, nowMs) };
  }
  function ask(request) {
    return settleItemLine(async () => {
      const seen = await readLine(database, request.itemId);
      return stand(seen, request, clock());
    });
  }
  async function passOn(itemId) {
    await settleItemLine(async () => grant(await readLine(database, itemId), clock()));
  }
  return { commit, stand, ask, passOn };
}
function createItemLineService({ database, clock }) {
  const { commit, stand, ask, passOn } = createStanding({ database, clock });
  return {
    /**
     * Joins the line of a sold-out item, or tells the place or turn that its shopper has already: one for each.
     * Two requests, and two more for everybody who changes the line at the same instant. Safe to repeat.
     *
     * @throws LineClosed when there is no line to stand in, or it is full; nothing was changed
     * @throws ItemNotFound
     * @example const standing = await itemLine.join({ itemId: "mug", userId: "alice", actor });
     */
    join(request) {
      const { itemId, userId, actor } = request;
      let isGathered = false;
      return settleItemLine(async () => {
        const seen = await readLine(database, itemId);
        const { row, stock } = seen;
        const nowMs = clock();
        const known = findOwnTicket(row, userId, nowMs);
        if (known) return stand(seen, { ...request, ticket: known }, nowMs);
        if (isSpread(stock) && stock.shards === void 0 && !isGathered) {
          isGathered = true;
          await gather({ database, clock }, stock);
          return new OnceMore();
        }
        const closed = whyClosed(seen, nowMs);
        if (closed) throw closed;
        const ticket = makeItemTicket(itemId, userId, nowMs);
        const joining = joinItem(seen, { ticket, userId, actor }, nowMs);
        await commit(joining.writes);
        const place3 = itemPlaceIn({ row: joining.after, stock }, { ticket, userId }, nowMs);
        return { place: place3 };
      });
    },
    /**
     * Tells a place and keeps it, or the turn that has come. One request; one more where a place is kept (after a
     * third of its time), or a unit is free for it: then that is held. Safe to repeat.
     *
     * @throws PlaceNotFound when the place was given up, not asked for in time, or is somebody else's; or its turn
     * was used or is over
     * @throws LineClosed while the shop does not sell the item; nothing was changed
     * @example const standing = await itemLine.ask({ itemId, ticket, userId: "alice", actor });
     */
    ask,
    /**
     * Leaves the line. A turn that has come already is given up and passed on. One request; four with a turn. Safe
     * to repeat.
     *
     * @example await itemLine.leave({ itemId, ticket, userId: "alice", actor });
     */
    async leave({ itemId, ticket, userId, actor }) {
      const nowMs = clock();
      try {
        const leaving = { resource: lineResource(itemId), ticket, userId, nowMs };
        await database.apply(leaveWrite(leaving));
        return;
      } catch (error) {
        if (!(error instanceof LineWaits)) throw error;
        const turn = findTurn(error.row, { ticket, userId }, nowMs);
        if (!turn) return;
        const note = changeNote("hold.released", actor, nowMs);
        await database.transact(giveUpTurnWrites(itemId, turn, note)).catch((lost) => {
          if (!(lost instanceof TransactionRefused)) throw lost;
        });
      }
      await passOn(itemId).catch((error) => {
        if (!(error instanceof HoldfastError)) throw error;
      });
    },
    /**
     * Holds whatever is free for the first in line. A hint: whoever waits does the same by asking. One request, two
     * where something is free.
     *
     * @example await itemLine.passOn("mug");
     */
    passOn
  };
}

// shared/inventory/crowd.ts
function createCrowd() {
  const present2 = /* @__PURE__ */ new Map();
  return {
    async join(itemId, work) {
      const others = present2.get(itemId) ?? 0;
      present2.set(itemId, others + 1);
      try {
        return await work(others > 0);
      } finally {
        const left2 = (present2.get(itemId) ?? 1) - 1;
        if (left2 > 0) present2.set(itemId, left2);
        else present2.delete(itemId);
      }
    }
  };
}

// shared/inventory/ledger-service.ts
var unknown = { available: -1, held: 0, sold: -1, received: -1, adjusted: 0 };
var mostRounds = 20;
function movementFor(request, atMs) {
  const { itemId, kind, quantity, reference, reason, actor } = request;
  return {
    itemId,
    movementId: makeMovementId(reference),
    kind,
    quantity,
    reference,
    fingerprint: fingerprint({ kind, quantity, reason }),
    atMs,
    actor: actor.id,
    ...reason === void 0 ? {} : { reason },
    ...actor.requestId === void 0 ? {} : { requestId: actor.requestId }
  };
}
function makeNote({ kind, actor, requestId, atMs, reason }) {
  const by = { id: actor, ...requestId === void 0 ? {} : { requestId } };
  return changeNote(`stock.${kind}`, by, atMs, reason);
}
function sameOrRefuse(wanted, found) {
  if (found.fingerprint === wanted.fingerprint) return found;
  throw new ReferenceReused(wanted.reference);
}
async function gatherFor(options, { kind, quantity }, stock) {
  if (isCovered(pickLevels(stock), kind, quantity)) return {};
  const gathered = await gather(options, await reclaimExpired(options, stock));
  if (isCovered(pickLevels(gathered), kind, quantity)) return {};
  const soldElsewhere = kind === "returned" ? await countSoldElsewhere(options, gathered) : 0;
  const all = { ...pickLevels(gathered), sold: gathered.sold + soldElsewhere };
  if (kind === "returned" && isCovered(all, kind, quantity)) return { soldHere: gathered.sold };
  const whole = await findWhole(options.database, stock.itemId) ?? stock;
  throw new InsufficientStock(whole, kind, quantity);
}
async function roomFor(options, { kind, quantity }, stock) {
  if (isCovered(pickLevels(stock), kind, quantity)) return pickLevels(stock);
  const freed = expiredUnits(stock, options.clock());
  const freeable = { ...pickLevels(stock), available: stock.available + freed };
  if (freed === 0 || !isCovered(freeable, kind, quantity)) {
    throw new InsufficientStock(stock, kind, quantity);
  }
  return pickLevels(await reclaimExpired(options, stock));
}
function createLedgerService(options) {
  const { database, clock, lastSeen } = options;
  const crowd = createCrowd();
  async function attempt(movement, { from, soldHere }) {
    const { itemId, kind, quantity } = movement;
    const levels = from && { levels: levelsAfter(from, kind, quantity) };
    const put3 = movementWrite({ ...movement, ...levels });
    const change3 = moveStockWrite({
      itemId,
      kind,
      quantity,
      note: makeNote(movement),
      soldHere,
      ...from && { seen: from }
    });
    try {
      await database.transact([put3, change3]);
      return { done: true };
    } catch (error) {
      if (!(error instanceof TransactionRefused)) throw error;
      const known = error.of(put3)?.found;
      if (known) return { replay: sameOrRefuse(movement, parseMovement(known)) };
      const found = error.of(change3)?.found;
      if (!found) throw new ItemNotFound(itemId);
      const stock = parseStock(found);
      if (isSpread(stock)) {
        return { from: void 0, ...await gatherFor(options, movement, stock) };
      }
      lastSeen.set(itemId, pickLevels(stock));
      return { from: await roomFor(options, movement, stock) };
    }
  }
  async function told2(movement) {
    if (movement.levels) return movement.levels;
    const stock = await findWhole(database, movement.itemId);
    if (!stock) throw new ItemNotFound(movement.itemId);
    if (!isSpread(stock)) lastSeen.set(stock.itemId, pickLevels(stock));
    return settleLevels(database, movement, pickLevels(stock));
  }
  async function answer(movement, replayed) {
    return { itemId: movement.itemId, levels: await told2(movement), movement, replayed };
  }
  async function run(request, isCrowded) {
    const { itemId, kind, quantity } = request;
    const movement = movementFor(request, clock());
    let next = { from: isCrowded ? void 0 : lastSeen.get(itemId) ?? unknown };
    return again(mostRounds, async (round) => {
      const { from } = next;
      const outcome = await attempt(movement, next);
      if ("replay" in outcome) return answer(outcome.replay, true);
      if ("done" in outcome) {
        if (!from) return answer(movement, false);
        const levels = levelsAfter(from, kind, quantity);
        lastSeen.set(itemId, levels);
        return { itemId, levels, movement, replayed: false };
      }
      next = round === 0 && !isCrowded ? outcome : { ...outcome, from: void 0 };
      return new OnceMore();
    });
  }
  return {
    /**
     * Moves stock once per reference, in one transaction with its entry in the ledger. One request
     * when nobody else moved the item since this process last saw it, two otherwise, up to five under
     * contention. Safe to repeat: a repetition gets the first answer, in one request.
     *
     * @throws InsufficientStock, ItemNotFound, ReferenceReused; nothing was changed
     * @example
     * await ledger.move({ itemId: "mug", kind: "sold", quantity: 1, reference: "till-42", actor });
     */
    move: (request) => crowd.join(request.itemId, (isCrowded) => run(request, isCrowded))
  };
}

// shared/inventory/level-memory.ts
function createLevelMemory(capacity2 = 1e3) {
  const levelsById = /* @__PURE__ */ new Map();
  return {
    get: (itemId) => levelsById.get(itemId),
    set(itemId, levels) {
      levelsById.delete(itemId);
      levelsById.set(itemId, levels);
      const [oldest] = levelsById.keys();
      if (levelsById.size > capacity2 && oldest !== void 0) levelsById.delete(oldest);
    }
  };
}

// shared/inventory/order-movement-service.ts
function hasHistory({ before, after }) {
  return before !== void 0 || after?.["item"] !== void 0 && after["due"] === void 0;
}
function makeName(orderId, { row = 0 }, refundId = "") {
  const place3 = row === 0 ? orderId : `${orderId}#${row}`;
  return refundId === "" ? place3 : `${place3}#${refundId}`;
}
function findOrderMovement(change3) {
  const { key: key2, before = {}, after, eventId } = change3;
  if (key2["shard"] === void 0 || !after || !hasHistory(change3)) return void 0;
  if (isUsesId(String(key2["itemId"])) || after["noticeOf"] !== void 0) return void 0;
  const [was, is] = [parseStock(before), parseStock(after)];
  const sold = (is.sold ?? 0) - (was.sold ?? 0);
  const note = after["change"];
  const isSummedUp = note.action.startsWith("stock.") || note.action === "hold.reclaimed";
  if (sold === 0 || isSummedUp) return void 0;
  const kind = sold > 0 ? "sold" : "returned";
  const orderId = note.orderId ?? eventId;
  const quantity = Math.abs(sold);
  return {
    itemId: is.itemId,
    movementId: orderMovementId(makeName(orderId, after, note.refundId), kind),
    kind,
    quantity,
    reference: orderId,
    fingerprint: fingerprint({ kind, quantity, orderId }),
    atMs: epochMs(note.atMs),
    actor: note.actor,
    ...note.reason !== void 0 && { reason: note.reason },
    ...note.requestId !== void 0 && { requestId: note.requestId }
  };
}
function createOrderMovementService({ database }) {
  return {
    /**
     * Enters the sale or return that a change of stock is, once: the order names it, so a change that
     * is told again meets its own entry. At most one request.
     *
     * @example await orderMovements.record(parseItemChange(record));
     */
    async record(change3) {
      const movement = findOrderMovement(change3);
      if (!movement) return;
      try {
        await database.apply(movementWrite(movement));
      } catch (error) {
        if (!(error instanceof ReferenceReused)) throw error;
      }
    }
  };
}

// shared/inventory/stock-check-service.ts
var reserveMs2 = 5e3;
function findProblems(stock) {
  const { available, held, sold, received, adjusted, away = 0, rows } = stock;
  const buckets = listBuckets(stock);
  const off = available + held + sold + away - (received + adjusted);
  const isOdd = buckets.some(({ quantity }) => !Number.isInteger(quantity) || quantity < 0);
  const counted = unitsIn(buckets);
  return [
    ...off > 0 ? [`${off} units too many`] : [],
    ...off < 0 ? [`${-off} units missing`] : [],
    ...available < 0 ? ["available is below zero"] : [],
    // A refund of what another row has sold comes back to the first one.
    ...sold < 0 && rows === void 0 ? ["sold is below zero"] : [],
    ...held === counted ? [] : [`${held} held, but ${counted} in holds that end`],
    ...isOdd ? ["an instant at which holds end has no whole number of units"] : [],
    ...[available, sold, received, adjusted].every(Number.isInteger) ? [] : ["not whole units"]
  ];
}
function findProblemsBetween({ main, rows }) {
  const given = rows.reduce((sum, { received }) => sum + received, 0);
  const off = given - (main.away ?? 0);
  return [
    ...rows.flatMap((row) => findProblems(row).map((problem) => `row ${row.row}: ${problem}`)),
    ...off === 0 ? [] : [`${main.away ?? 0} units went to other rows, but ${given} are there`]
  ];
}
var mostReadings = 5;
async function findSpreadProblems(database, first) {
  let problems = [];
  for (let reading = 0; reading < mostReadings; reading += 1) {
    const found = await findRows(database, first);
    problems = found ? findProblemsBetween(found) : [];
    if (problems.length === 0) return [];
  }
  return problems;
}
async function findViolations(database, stock) {
  const between2 = stock.rows === void 0 ? [] : await findSpreadProblems(database, stock);
  const problems = [...findProblems(stock), ...between2];
  if (problems.length === 0) return [];
  const { itemId, available, held, sold, received, adjusted } = stock;
  return [{ itemId, problem: problems.join("; "), available, held, sold, received, adjusted }];
}
var inArchive = "archived:";
function parsePlace(from) {
  if (!from?.startsWith(inArchive)) return { catalog: "items", cursor: from };
  return { catalog: "archived", cursor: from.slice(inArchive.length) || void 0 };
}
function formatPlace({ catalog: catalog2, cursor = "" }) {
  return catalog2 === "archived" ? `${inArchive}${cursor}` : cursor;
}
function nextPlace(catalog2, cursor) {
  if (cursor !== void 0) return { catalog: catalog2, cursor };
  return catalog2 === "items" ? { catalog: "archived" } : void 0;
}
function createStockCheckService({ database, clock }) {
  return {
    /**
     * Checks every item from the cursor on: `available + held + sold = received + adjusted`, with
     * every level as it is at one instant, because one item holds them all; for an item that was ever hot
     * the same in each of its rows, and between them. Two requests per 100 items, and one for each
     * that was hot. Stops in time for an answer, with a cursor to go on from.
     *
     * @example const { violations } = await stockCheck.run();
     */
    async run(from) {
      const end = currentOperation()?.deadlineMs ?? Number.POSITIVE_INFINITY;
      const violations = [];
      let items = 0;
      let place3 = parsePlace(from);
      do {
        const page = await listStocks(database, { limit: 100, ...place3 }, database.getMany);
        items += page.rows.length;
        for (const stock of page.rows) violations.push(...await findViolations(database, stock));
        place3 = nextPlace(place3.catalog, page.cursor);
      } while (place3 !== void 0 && clock() < end - reserveMs2);
      return { items, violations, ...place3 === void 0 ? {} : { cursor: formatPlace(place3) } };
    }
  };
}

// shared/live/fact.ts
var import_node_util4 = require("node:util");

// shared/locks/lock-group.ts
var nameResource = (name) => `name:${name}`;
var parseName = (resource) => resource.slice(nameResource("").length);
var maxGroupSize = 20;
var maxGroupRows = 99;
function groupByNameAbove(locks) {
  const found = /* @__PURE__ */ new Map();
  for (const lock of locks) {
    for (const above of namesAbove(lock.resource)) {
      const known = found.get(above);
      if (known) known.push(lock);
      else found.set(above, [lock]);
    }
  }
  return [...found];
}
function findProblem(resources, scope) {
  if (resources.length === 0 || resources.length > maxGroupSize) {
    return `must be 1 to ${maxGroupSize} names`;
  }
  const names = new Set(resources);
  if (names.size < resources.length) return "must all be different";
  if (scope !== "tree") return void 0;
  const above = new Set(resources.flatMap(namesAbove));
  if (resources.some((name) => above.has(name))) return "must not lie above one another";
  return names.size + above.size > maxGroupRows ? `must have fewer levels altogether` : void 0;
}
var NameHeld = class extends HoldfastError {
  constructor({ lock, code, message, fields }) {
    super(code, message, { ...fields, name: parseName(lock.resource) });
  }
};
function checkGroup(group) {
  const { names, scope, leaseMs: leaseMs2 } = group;
  const resources = names.map(nameResource);
  const message = findProblem(resources, scope);
  if (message) throw new InvalidRequest([{ path: "names", message }]);
  for (const resource of resources) checkLimits({ resource, scope, leaseMs: leaseMs2 });
}

// shared/live/live.ts
var longestConnectionMs = 2 * 36e5;
var [documentPrefix, namePrefix] = ["lock/document/", "lock/named/"];
function lockTopic(resource) {
  const documents = documentLockName("");
  if (resource.startsWith(documents)) return `${documentPrefix}${resource.slice(documents.length)}`;
  const isName = resource.startsWith(nameResource(""));
  return isName ? `${namePrefix}${parseName(resource)}` : void 0;
}

// shared/live/fact.ts
var everybody = { of: "everybody" };
var toldOfLocks = /* @__PURE__ */ new Set([
  "lock.acquired",
  "lock.granted",
  "lock.asked",
  "lock.released",
  "lock.forced"
]);
var viewOrNull = (lock) => lock ? lockView(lock) : null;
function tellLock({ key: key2, before, after }) {
  const topic = lockTopic(String(key2["resource"]));
  const note = after?.["change"];
  const isNoted = !(0, import_node_util4.isDeepStrictEqual)(note, before?.["change"]);
  const isNew = note && (isNoted || before?.["fence"] !== after?.["fence"]);
  if (!topic || !isNew || !toldOfLocks.has(note.action)) return [];
  const audience = { of: "document", access: accessIn(after) };
  const about = topic.startsWith("lock/document/") ? audience : everybody;
  const [was, is] = [parseLock(before), parseLock(after)];
  const reason = note.reason === void 0 ? {} : { reason: note.reason };
  const ticket = note.action === "lock.granted" ? { ticket: parseTurn(after)?.ticket } : {};
  const asked = note.action === "lock.asked" ? { askedBy: askView(parseAsk(after)) } : {};
  const data = {
    lockInfo: viewOrNull(is),
    former: viewOrNull(was),
    ...reason,
    ...ticket,
    ...asked
  };
  const main = { topic, type: note.action, data, audience: about };
  const wasLost = was !== void 0 && is !== void 0 && was.expiresAtMs <= note.atMs;
  if (!wasLost || was.fence === is.fence) return [main];
  return [{ topic, type: "lock.lost", data: { ...data, ...ticket }, audience: about }, main];
}

// shared/carts/storage/cart-event.ts
var import_node_util5 = require("node:util");
var isSame2 = (one, other, instance) => (0, import_node_util5.isDeepStrictEqual)(
  contentsRow([selectInstance(one, instance)]),
  contentsRow([selectInstance(other, instance)])
);
function cartUpdated(oldImage, newImage) {
  const cartId = String((newImage ?? oldImage)?.["cartId"] ?? "");
  const [before, after] = [parseCart(cartId, oldImage), parseCart(cartId, newImage)];
  if (before.version === after.version) return void 0;
  const names = /* @__PURE__ */ new Set([...before.instances.keys(), ...after.instances.keys()]);
  const changed = [...names].filter((name) => !isSame2(before, after, name));
  const note = newImage?.["change"];
  return {
    type: "cart-updated",
    cartId,
    ...parseCartId(cartId),
    previousVersion: before.version,
    version: after.version,
    action: note?.action ?? null,
    actor: note?.actor ?? null,
    changed: changed.toSorted().map((instance) => {
      const { count, totalMinor, currency } = priceInstances([selectInstance(after, instance)]);
      return { instance, count, totalMinor, currency };
    })
  };
}

// shared/events/order-facts.ts
var import_node_util6 = require("node:util");

// shared/orders/order-line.ts
var lineIdIn = ({ lineId, itemId }) => lineId ?? itemId;
function nameLines(lines) {
  const named = /* @__PURE__ */ new Map();
  for (const line of lines) {
    let name = lineIdIn(line);
    for (let number = 2; named.has(name); number += 1) name = `${lineIdIn(line)} (${number})`;
    named.set(name, line);
  }
  return named;
}
function listBought(lines) {
  return lines.flatMap((line) => {
    const { instance } = line;
    return instance === void 0 ? [] : [{ instance, lineId: lineIdIn(line) }];
  });
}

// shared/orders/order-returns.ts
function sumLines(entries) {
  const units = /* @__PURE__ */ new Map();
  for (const { lineId, quantity } of entries) {
    units.set(lineId, (units.get(lineId) ?? 0) + quantity);
  }
  return units;
}
function sumReturned({ payment }) {
  return sumLines(Object.values(payment?.refunds ?? {}).flatMap(({ lines = [] }) => lines));
}
function sumFulfilled({ fulfilments = [] }) {
  return sumLines(fulfilments.flatMap(({ lines }) => lines));
}
function sumFulfillable(order) {
  const [returned, sent] = [sumReturned(order), sumFulfilled(order)];
  return new Map(
    [...nameLines(order.lines)].map(([lineId, { quantity }]) => {
      const gone2 = (returned.get(lineId) ?? 0) + (sent.get(lineId) ?? 0);
      return [lineId, Math.max(0, quantity - gone2)];
    })
  );
}
function computeFulfilmentStatus(order) {
  if (!order.fulfilments?.length) return "unfulfilled";
  return [...sumFulfillable(order).values()].some((left2) => left2 > 0) ? "partial" : "fulfilled";
}
function wasSold2({ status, isSold }) {
  return status === "paid" || isSold === true;
}
function sumReturnable(order) {
  if (!wasSold2(order)) return /* @__PURE__ */ new Map();
  const returned = sumReturned(order);
  const lines = [...nameLines(order.lines)];
  return new Map(
    lines.map(([lineId, { quantity }]) => [lineId, quantity - (returned.get(lineId) ?? 0)])
  );
}
function listReturnable(order) {
  return [...sumReturnable(order)].flatMap(
    ([lineId, quantity]) => quantity > 0 ? [{ lineId, quantity, restock: true }] : []
  );
}
function restocked(order, lines) {
  const named = nameLines(order.lines);
  const back = lines.filter(({ restock }) => restock);
  const items = back.map(({ lineId, quantity }) => {
    return { lineId: named.get(lineId).itemId, quantity };
  });
  return [...sumLines(items)].map(([itemId, quantity]) => ({ itemId, quantity }));
}
function portion(amount, part, whole) {
  if (whole === 0) return 0;
  const [a, p, w] = [amount, part, whole].map(BigInt);
  return Number((2n * a * p + w) / (2n * w));
}
function computePrice({ lineTotalMinor, adjustmentMinor }) {
  return Math.max(0, lineTotalMinor + adjustmentMinor);
}
function computeWorth(order, lines) {
  const before = sumReturned(order);
  const now = sumLines(lines);
  const { totalMinor, payment } = order;
  const capturedMinor = Math.min(totalMinor, payment?.capturedMinor ?? totalMinor);
  let worth = 0;
  let priceBefore = 0;
  for (const [lineId, line] of nameLines(order.lines)) {
    const until = portion(capturedMinor, priceBefore + computePrice(line), totalMinor);
    const paid = until - portion(capturedMinor, priceBefore, totalMinor);
    priceBefore += computePrice(line);
    const back = before.get(lineId) ?? 0;
    const then = back + (now.get(lineId) ?? 0);
    worth += portion(paid, then, line.quantity) - portion(paid, back, line.quantity);
  }
  return worth;
}

// shared/payments/fact-key.ts
var longestKey = 64;
function foreignKey(foreignId3) {
  return foreignId3.length <= longestKey ? foreignId3 : derivedId("sha", foreignId3);
}
function tellingId({ eventId, refunds, dispute }) {
  return derivedId("by", eventId ?? [refunds, dispute]);
}
var makeName2 = ({ kind, paymentId, refundId, dispute }) => `${kind}:${foreignKey(dispute?.disputeId ?? refundId ?? paymentId)}`;
function tellingKey(fact) {
  return `${makeName2(fact)}#${tellingId(fact)}`;
}
function factKey(fact) {
  const goesOn = fact.kind === "refunded" || fact.kind === "disputed";
  return goesOn ? tellingKey(fact) : makeName2(fact);
}

// shared/payments/disputes/dispute.ts
var maxDisputes = 20;
function findDispute({ payment }, disputeId) {
  return payment?.disputes?.[foreignKey(disputeId)];
}
function countDisputes({ payment }) {
  return Object.keys(payment?.disputes ?? {}).length;
}
function sumTaken({ payment }, paymentId, isOver3) {
  const entries = Object.values(payment?.disputes ?? {});
  return entries.filter((each) => each.paymentId === paymentId && each.isOver === isOver3).reduce((sum, { takenMinor }) => sum + takenMinor, 0);
}
function sumLost(order, paymentId) {
  return sumTaken(order, paymentId, true);
}
function sumWithheld(order, paymentId) {
  return sumTaken(order, paymentId, false);
}
function isNewer(told2, known) {
  if (told2.toldAtMs !== known.toldAtMs) return told2.toldAtMs > known.toldAtMs;
  if (told2.isOver !== known.isOver) return told2.isOver;
  if (told2.status !== known.status) return told2.status > known.status;
  if (told2.takenMinor !== known.takenMinor) return told2.takenMinor > known.takenMinor;
  return told2.amountMinor > known.amountMinor;
}
function isSameDispute(order, { kind, dispute, paymentId }) {
  const known = dispute && findDispute(order, dispute.disputeId);
  if (kind !== "disputed" || !known || known.paymentId !== paymentId) return false;
  const names = ["status", "amountMinor", "takenMinor", "isOver"];
  return names.every((name) => known[name] === dispute[name]);
}
function withDispute(order, paymentId, told2) {
  const { disputeId, ...facts } = told2;
  const disputes = { ...order.payment?.disputes, [foreignKey(disputeId)]: { ...facts, paymentId } };
  return { ...order, payment: { ...order.payment, disputes } };
}

// shared/payments/refunds/refund.ts
var refundReasons = {
  soldOut: "The units were gone when the money came",
  mismatch: "Amount or currency differ from the order",
  paidTwice: "The order was paid before",
  tooLate: "The money came too late",
  priceRose: "The price had risen when the money came",
  atProvider: "Refunded at the provider"
};
var maxRefunds = 100;
function isRefund(order) {
  return order.status === "refund_due" || order.status === "refunded";
}
function isOpen2({ status }) {
  return status === "due" || status === "requested";
}
function parseEntry(order, refundId, { of, ...entry }) {
  const {
    provider = order.paymentMethod,
    transactionId = "",
    paymentId = ""
  } = order.payment ?? {};
  const settled = { provider, transactionId, paymentId, currency: order.currency };
  return { ...entry, ...of ?? settled, refundId };
}
function listRefunds(order) {
  const entries = Object.entries(order.payment?.refunds ?? {});
  return entries.map(([refundId, entry]) => parseEntry(order, refundId, entry)).toSorted(
    (one, other) => one.createdAtMs - other.createdAtMs || (one.refundId < other.refundId ? -1 : 1)
  );
}
function findRefund(order, refundId) {
  const entry = order.payment?.refunds?.[refundId];
  return entry && parseEntry(order, refundId, entry);
}
function listOpenRefunds(order) {
  return listRefunds(order).filter(isOpen2);
}
function capturedBy({ payment }, paymentId) {
  if (payment?.paymentId === paymentId) return payment.capturedMinor;
  return payment?.extraMinor?.[paymentId];
}
function computeKept(order, paymentId, besides) {
  const counted = listRefunds(order).filter(
    (refund) => refund.paymentId === paymentId && refund.status !== "failed" && refund.refundId !== besides
  );
  const back = counted.reduce((sum, { amountMinor }) => sum + amountMinor, 0);
  return (capturedBy(order, paymentId) ?? 0) - back;
}
function computeRest(order, paymentId, besides) {
  return Math.max(0, computeKept(order, paymentId, besides) - sumLost(order, paymentId));
}
function computeRefundable(order, paymentId, besides) {
  return Math.max(0, computeRest(order, paymentId, besides) - sumWithheld(order, paymentId));
}
function isAllBack(order) {
  const { paymentId = "", capturedMinor = 0 } = order.payment ?? {};
  const own = listRefunds(order).filter((refund) => refund.paymentId === paymentId);
  const done = own.filter(({ status }) => status === "done");
  const back = done.reduce((sum, { amountMinor }) => sum + amountMinor, sumLost(order, paymentId));
  return back >= capturedMinor && !own.some(isOpen2);
}
function withBalance(order) {
  const { payment, status } = order;
  if (payment?.paymentId === void 0) return order;
  const { paymentId } = payment;
  const refundableMinor = computeRefundable(order, paymentId);
  const next = { ...order, payment: { ...payment, refundableMinor } };
  if (status === "paid" && computeKept(order, paymentId) <= 0 && payment.capturedMinor !== 0) {
    return withBalance({ ...next, status: "refund_due", isSold: true });
  }
  if (status !== "refund_due" && status !== "refunded") return next;
  return { ...next, status: isAllBack(next) ? "refunded" : "refund_due" };
}
function withRefund(order, refund) {
  const { refundId, provider, transactionId, paymentId, currency, ...entry } = refund;
  const of = { provider, transactionId, paymentId, currency };
  const refunds = { ...order.payment?.refunds, [refundId]: { ...entry, of } };
  const payment = { provider, transactionId, ...order.payment, refunds };
  return withBalance({ ...order, payment });
}
function makeRefundId(orderId, ...names) {
  return derivedId("rfd", orderId, ...names);
}
function makeRefund(fact, reason, nowMs) {
  const { transactionId, paymentId, provider, amountMinor, currency, orderId } = fact;
  const of = { transactionId, paymentId, provider, currency };
  const refundId = makeRefundId(orderId, "payment", paymentId);
  return { refundId, status: "due", reason, amountMinor, createdAtMs: nowMs, attempts: 0, ...of };
}
function refundKey({ refundId, failures = 0 }) {
  return failures > 0 ? `${refundId}-again-${failures}` : refundId;
}

// shared/events/order-facts.ts
function snapshot(order) {
  const { orderId, userId, status, vendorId, totalMinor, currency, payment } = order;
  return {
    orderId,
    userId,
    status,
    vendorId: vendorId ?? null,
    lines: [...nameLines(order.lines)].map(([lineId, line]) => {
      const { itemId, quantity, unitPriceMinor, lineTotalMinor } = line;
      return { lineId, itemId, quantity, unitPriceMinor, lineTotalMinor };
    }),
    totalMinor,
    currency,
    capturedMinor: payment?.capturedMinor ?? 0,
    refundedMinor: sumRefunds(order),
    fulfilmentStatus: computeFulfilmentStatus(order)
  };
}
var getRefunds = (order) => order?.payment?.refunds ?? {};
function sumRefunds(order) {
  return Object.values(getRefunds(order)).filter(({ status }) => status === "done").reduce((sum, { amountMinor }) => sum + amountMinor, 0);
}
function listRefunds2(was, is, isDone) {
  const before = getRefunds(was);
  return Object.entries(getRefunds(is)).filter(
    ([id, { status }]) => isDone ? status === "done" && before[id]?.status !== "done" : before[id] === void 0
  ).map(([refundId, { amountMinor, reason }]) => ({ refundId, amountMinor, reason }));
}
function tellRefunds(was, is) {
  const data = snapshot(is);
  const hasMoved = was?.status !== is.status;
  return ["refund_due", "refunded"].flatMap((status) => {
    const refunds = listRefunds2(was, is, status === "refunded");
    const isTold2 = refunds.length > 0 || hasMoved && is.status === status;
    return isTold2 ? [{ type: `order.${status}`, data: { ...data, refunds } }] : [];
  });
}
function tellPayment(was, is) {
  const { orderId } = is;
  const told2 = [];
  const { state, disputes = {}, provider } = is.payment ?? {};
  if (state === "processing" && was?.payment?.state !== "processing") {
    told2.push({ type: "payment.processing", data: { orderId, provider } });
  }
  for (const [disputeId, { status, amountMinor }] of Object.entries(disputes)) {
    const before = was?.payment?.disputes?.[disputeId];
    if (before?.status === status && before.amountMinor === amountMinor) continue;
    told2.push({ type: "payment.disputed", data: { orderId, disputeId, status, amountMinor } });
  }
  for (const { refundId, amountMinor, reason } of listRefunds2(was, is, false)) {
    if (reason !== refundReasons.mismatch) continue;
    const { totalMinor, currency } = is;
    const data = { orderId, refundId, amountMinor, totalMinor, currency };
    told2.push({ type: "payment.mismatched", data });
  }
  return told2;
}
function tellHolds(was, is) {
  if (was?.status !== "pending" || is.status !== "expired") return [];
  const { orderId } = is;
  return sumDemand(is.lines).map((demand) => ({
    type: "hold.expired",
    data: { orderId, ...demand }
  }));
}
function tellStatus(was, is) {
  if (was?.status === is.status || ["refund_due", "refunded"].includes(is.status)) return [];
  const status = is.status;
  const type = status === "pending" ? "order.placed" : `order.${status}`;
  return [{ type, data: snapshot(is) }];
}
function tellFulfilments(was, is) {
  const known = new Set((was?.fulfilments ?? []).map(({ fulfilmentId }) => fulfilmentId));
  return (is.fulfilments ?? []).filter(({ fulfilmentId }) => !known.has(fulfilmentId)).map(({ fulfilmentId, reference, lines }) => {
    const fulfilment = { fulfilmentId, reference, lines };
    return { type: "order.fulfilled", data: { ...snapshot(is), fulfilment } };
  });
}
function tellOrder(before, after) {
  if (!after || (0, import_node_util6.isDeepStrictEqual)(before, after)) return [];
  const [was, is] = [before && parseOrder(before), parseOrder(after)];
  return [tellPayment, tellHolds, tellStatus, tellRefunds, tellFulfilments].flatMap(
    (tell) => tell(was, is)
  );
}

// shared/events/event.ts
function tellLocks(change3) {
  return tellLock(change3).map(({ topic, type, data }) => {
    const { lockInfo, former, ...more } = data;
    const told2 = { lock: withoutName(lockInfo), former: withoutName(former), ...more };
    return { resource: topic, facts: [{ type, data: told2 }] };
  });
}
function withoutName(lock) {
  if (!lock) return null;
  const { username: _username, timestamp, ...others } = lock;
  return { ...others, acquiredAtMs: timestamp };
}
function tellCart({ key: key2, before, after }) {
  const updated = cartUpdated(before, after);
  if (!updated) return [];
  const { type: _type, cartId, actor: _actor, ...data } = updated;
  return [
    {
      resource: `cart/${String(key2["cartId"] ?? cartId)}`,
      facts: [{ type: "cart.updated", data }]
    }
  ];
}
function tellDocument({ before, after }) {
  const [was, is] = [parseDocument(before), parseDocument(after)];
  if (!is || was?.version === is.version) return [];
  const { documentId: docId, version, updatedBy } = is;
  const data = { docId, version, updatedBy };
  return [{ resource: `document/${docId}`, facts: [{ type: "document.saved", data }] }];
}
function tellItem({ key: key2, before, after }) {
  const row = after ?? before;
  const itemId = String(row?.["item"] ?? key2["itemId"]);
  if (!before || !after || isUsesId(itemId) || row?.["noticeOf"] !== void 0) return [];
  const [was, is] = [before, after].map((each) => Number(each["available"] ?? 0));
  const isOwn = (each) => each["item"] === void 0 && !isSpread(each);
  const isWhole2 = isOwn(before) && isOwn(after);
  if (was === is || !isWhole2 && was > 0 === is > 0) return [];
  const turn = { itemId, isWhole: isWhole2, before: was, after: is };
  return [{ resource: `item/${itemId}`, facts: [], turn }];
}
var tellers = {
  resource: tellLocks,
  cartId: tellCart,
  documentId: tellDocument,
  itemId: tellItem,
  orderId: ({ key: key2, before, after }) => [
    { resource: `order/${String(key2["orderId"])}`, facts: tellOrder(before, after) }
  ]
};
function tellChange(change3) {
  const kind = Object.keys(tellers).find((name) => change3.key[name] !== void 0);
  const told2 = kind === void 0 ? [] : tellers[kind](change3);
  const [first] = told2;
  if (!first) return void 0;
  const facts = told2.flatMap((each) => each.facts);
  return facts.length === 0 && !first.turn ? void 0 : { ...first, facts, change: change3 };
}
function makeFacts({ resource, change: change3, facts }, behind) {
  const note = (change3.after ?? change3.before)?.["change"];
  return facts.map(({ type, data }, index) => ({
    id: derivedId("evt", change3.key, change3.sequence, index, behind),
    type,
    resource,
    resourceVersion: change3.sequence,
    occurredAtMs: note?.atMs ?? change3.atMs,
    actor: change3.byTtl ? "system:ttl" : note?.actor ?? "system:unknown",
    data
  }));
}
function tellLevel({ itemId, isWhole: isWhole2, before, after }, available, { last, lowAt, isNew }) {
  const tell = (type) => [{ type, data: { itemId, available } }];
  if (available <= 0) return last === "item.sold_out" ? [] : tell("item.sold_out");
  const cameBack = last === void 0 && isWhole2 && before <= 0;
  if (last === "item.sold_out" || cameBack) return tell("item.back_in_stock");
  const becameFew = isWhole2 ? before > lowAt && after <= lowAt : last !== "item.low";
  return isNew && becameFew && available <= lowAt ? tell("item.low") : [];
}
function mayTurn({ isWhole: isWhole2, before, after }, lowAt) {
  return before > 0 !== after > 0 || isWhole2 && before > lowAt && after <= lowAt;
}

// shared/events/event-store.ts
var eventDays = 90;
var longestMemoryDays = 400;
var at24 = pathsOf();
var left = pathsOf();
var NumberTaken = class extends HoldfastError {
  found;
  constructor(found) {
    super("TRY_AGAIN", "The number is taken");
    this.found = found;
  }
};
var nameSource = ({ key: key2 }) => derivedId("row", key2);
var padded = (version) => version.padStart(40, "0");
var isEvent = (row) => Number(row["sequence"]) > 0;
function parseEvent(row) {
  const { id, type, resource, resourceVersion, sequence, occurredAtMs, actor, data } = row;
  return { id, type, resource, resourceVersion, sequence, occurredAtMs, actor, data };
}
function parseTail(row) {
  if (!row) return { sequence: 0, type: void 0 };
  const { sequence, type, through = 0 } = row;
  return { sequence: sequence > 0 ? sequence : through, type };
}
function look(row, change3) {
  const { source, resourceVersion, latest } = row;
  if (source !== nameSource(change3)) return void 0;
  if (resourceVersion === change3.sequence) return { isTold: true, latest };
  return padded(latest) < padded(change3.sequence) ? { isTold: false, latest } : void 0;
}
async function findTail(database, resource, change3, limit) {
  let tail;
  let latest;
  let cursor;
  do {
    const page = await database.query({
      table: "Outbox",
      where: condition`${at24("resource")} = ${resource}`,
      ascending: false,
      isConsistent: true,
      limit: tail ? 100 : limit,
      cursor
    });
    tail ??= parseTail(page.rows[0]);
    for (const row of page.rows.filter(isEvent)) {
      const known = look(row, change3);
      if (known) return { ...tail, ...known, latest: latest ?? known.latest };
      if (row["source"] === nameSource(change3)) latest ??= String(row["latest"]);
    }
    ({ cursor } = page);
  } while (cursor !== void 0);
  return { ...tail, isTold: false, latest };
}
function eventWrite(row) {
  const { resource, sequence } = row;
  return put({
    table: "Outbox",
    key: { resource, sequence },
    item: { ...row },
    condition: isMissing(at24("resource")),
    refused: (found) => new NumberTaken(found),
    applied: (found) => found?.["id"] === row.id
  });
}
function takenBy(error) {
  if (error instanceof NumberTaken) return error.found;
  return error instanceof TransactionRefused ? error.refusals[0]?.found : void 0;
}
async function appendFacts(database, facts, { change: change3, tail, nowMs }) {
  const ttlSeconds = ttlSecondsAt(later(nowMs, eventDays * dayMs));
  const { latest: seen = change3.sequence } = tail;
  const latest = padded(seen) > padded(change3.sequence) ? seen : change3.sequence;
  const rows = facts.map((fact, index) => {
    const sequence = tail.sequence + index + 1;
    return { ...fact, sequence, source: nameSource(change3), latest, ttlSeconds };
  });
  const writes = rows.map(eventWrite);
  try {
    if (writes.length === 1) await database.apply(writes[0]);
    else await database.transact(writes);
    return { events: rows.map((row) => parseEvent({ ...row })) };
  } catch (error) {
    const found = takenBy(error);
    if (!found) throw error;
    return { found };
  }
}
async function findLeft(database, resource) {
  const row = await database.get("Outbox", { resource, sequence: 0 });
  return Number(row?.["through"] ?? 0);
}
async function setLeft(database, resource, through, nowMs) {
  const ends = /^(?:lock|cart)\//.test(resource);
  const ttlSeconds = ttlSecondsAt(later(nowMs, longestMemoryDays * dayMs));
  const write = update({
    table: "Outbox",
    key: { resource, sequence: 0 },
    isBlind: true,
    change: {
      set: [
        action`${left("through")} = ${through}`,
        ...ends ? [action`${left("ttlSeconds")} = ${ttlSeconds}`] : []
      ]
    },
    condition: anyOf(isMissing(left("through")), condition`${left("through")} < ${through}`),
    refused: (found) => new NumberTaken(found),
    applied: (found) => Number(found?.["through"]) >= through
  });
  try {
    await database.apply(write);
  } catch (error) {
    if (!(error instanceof NumberTaken)) throw error;
  }
}
async function listEvents2(database, resource, page, behind = 0) {
  const where = condition`${at24("resource")} = ${resource} AND ${at24("sequence")} > ${behind}`;
  const request = { table: "Outbox", where, isConsistent: true, ...page };
  const { rows, ...more } = await database.query(request);
  return { rows: rows.map(parseEvent), ...more };
}
async function listEventsBefore(database, resource, before, page) {
  const numbers = condition`${at24("sequence")} BETWEEN ${1} AND ${before - 1}`;
  const where = condition`${at24("resource")} = ${resource} AND ${numbers}`;
  const request = {
    table: "Outbox",
    where,
    ascending: false,
    isConsistent: true,
    ...page
  };
  const { rows, ...more } = await database.query(request);
  return { rows: rows.map(parseEvent), ...more };
}

// shared/events/event-service.ts
var sideBySide2 = 25;
var rowsLookedAt = 25;
function createKeeping({ database, clock, inventory, lowStock: lowAt }) {
  async function recordFacts(told2) {
    const { resource, change: change3 } = told2;
    const facts = makeFacts(told2);
    for (; ; ) {
      const tail = await findTail(database, resource, change3, 1);
      if (tail.isTold) return [];
      const appended = await appendFacts(database, facts, { change: change3, tail, nowMs: clock() });
      if ("events" in appended) return appended.events;
    }
  }
  async function findLevel(itemId) {
    try {
      return (await inventory.get(itemId)).available;
    } catch (error) {
      if (error instanceof ItemNotFound) return void 0;
      throw error;
    }
  }
  async function recordLevel(told2, turn) {
    const { resource, change: change3 } = told2;
    const events = [];
    for (; ; ) {
      const tail = await findTail(database, resource, change3, rowsLookedAt);
      const available = await findLevel(turn.itemId);
      if (available === void 0) return events;
      const isNew = !tail.isTold && events.length === 0;
      const facts = tellLevel(turn, available, { last: tail.type, lowAt, isNew });
      if (facts.length === 0) return events;
      const made = makeFacts({ ...told2, facts }, tail.sequence);
      const appended = await appendFacts(database, made, { change: change3, tail, nowMs: clock() });
      if ("events" in appended) events.push(...appended.events);
    }
  }
  return (told2) => told2.turn ? recordLevel(told2, told2.turn) : recordFacts(told2);
}
function createEventService(options) {
  const keep2 = createKeeping(options);
  const isNews = ({ turn }) => !turn || mayTurn(turn, options.lowStock);
  async function recordInOrder(all) {
    const events = [];
    for (const [index, told2] of all.entries()) {
      try {
        events.push(...await keep2(told2));
      } catch (error) {
        const failed = all.slice(index).map(({ change: change3 }) => ({ change: change3, error }));
        return { events, failed };
      }
    }
    return { events, failed: [] };
  }
  return {
    /**
     * Keeps what a batch of changes tells, once however often it is told, numbered within each resource. Two
     * requests a change that tells something, none for others; where an item's units may be gone or back two, and
     * three more where they are.
     * Changes of one row must come in the order in which they happened; one that was left out and comes later is
     * told behind those that came meanwhile.
     *
     * @returns what was new, and what failed: to be told again, with everything behind it
     * @example const { failed } = await events.record(changes);
     */
    async record(changes) {
      const told2 = changes.flatMap((change3) => tellChange(change3) ?? []).filter(isNews);
      const queues = [...groupBy(told2, ({ resource }) => resource).values()].values();
      const recorded = [];
      const worker = async () => {
        for (const queue of queues) recorded.push(await recordInOrder(queue));
      };
      await Promise.all(Array.from({ length: sideBySide2 }, worker));
      return {
        events: recorded.flatMap(({ events }) => events),
        failed: recorded.flatMap(({ failed }) => failed)
      };
    }
  };
}

// shared/events/publishing-service.ts
var pageSize = 100;
function createPublishingService({ database, clock, send }) {
  async function listBefore(resource, left2, first) {
    const between2 = [];
    let cursor;
    while (left2 + between2.length + 1 < first) {
      const page = await listEvents2(database, resource, { limit: pageSize, cursor }, left2);
      between2.push(...page.rows.filter(({ sequence }) => sequence < first));
      ({ cursor } = page);
      if (cursor === void 0) break;
    }
    return between2;
  }
  async function makeQueue(resource, given) {
    const left2 = await findLeft(database, resource);
    const unsent = given.filter(({ sequence }) => sequence > left2).toSorted((one, other) => one.sequence - other.sequence);
    const [first] = unsent;
    const before = first ? await listBefore(resource, left2, first.sequence) : [];
    const events = [...before, ...unsent];
    const gap = events.findIndex(({ sequence }, index) => sequence !== left2 + index + 1);
    return { resource, events, open: gap < 0 ? events.length : gap, taken: 0 };
  }
  async function sendInWaves(queues) {
    let open2 = queues.filter((queue) => queue.open > 0);
    while (open2.length > 0) {
      const sent = await send(open2.map(({ events, taken }) => events[taken]));
      const moved = open2.filter(({ events, taken }) => sent.has(events[taken].id));
      for (const queue of moved) queue.taken += 1;
      open2 = moved.filter((queue) => queue.taken < queue.open);
    }
  }
  return {
    /**
     * Hands events on that were kept: those that have left already are passed over, and those that were held up
     * before them go first. One request to read and one to write for each resource, besides those of `send`.
     * Safe to repeat: who dies after sending sends again, under the same ids. Never throws: a resource that fails
     * holds up no other.
     *
     * @returns the resources of which something is still to leave, or to be written down as gone
     * @example const held = await publishing.publish(events);
     */
    async publish(events) {
      const grouped = [...groupBy(events, ({ resource }) => resource)];
      const failed = /* @__PURE__ */ new Map();
      const trying = async (resource, work) => {
        try {
          return await work;
        } catch (error) {
          failed.set(resource, error);
          return void 0;
        }
      };
      const made = await Promise.all(
        grouped.map(([resource, given]) => trying(resource, makeQueue(resource, given)))
      );
      const queues = made.filter((queue) => queue !== void 0);
      await sendInWaves(queues);
      const moved = queues.filter(({ taken }) => taken > 0);
      await Promise.all(
        moved.map(
          ({ resource, events: all, taken }) => trying(resource, setLeft(database, resource, all[taken - 1].sequence, clock()))
        )
      );
      const held = queues.filter(({ events: all, taken }) => taken < all.length);
      const resources = /* @__PURE__ */ new Set([...held.map(({ resource }) => resource), ...failed.keys()]);
      return [...resources].map((resource) => ({ resource, error: failed.get(resource) }));
    }
  };
}

// shared/locks/lock-service.ts
var import_promises3 = require("node:timers/promises");

// shared/locks/tree-lock-store.ts
var below = at14("below");
var entryAttribute = (resource) => `lock:${resource}`;
function locksBelow(row) {
  const names = row?.["below"] ?? /* @__PURE__ */ new Set();
  return [...names].map((name) => row?.[entryAttribute(name)]);
}
var ttlSecondsAbove = (nowMs) => ttlSecondsAt(later(nowMs, maxLeaseMs + dayMs));
function entryIsOurs({ resource, fence }) {
  return fence === void 0 ? exists(at14(entryAttribute(resource))) : condition`${at14(entryAttribute(resource), "fence")} = ${fence}`;
}
function entriesAreOurs([first, ...others]) {
  return allOf(entryIsOurs(first), ...others.map(entryIsOurs));
}
var leasesBelowAreOver = (locks, nowMs) => {
  const [first, ...others] = locks.map(
    ({ resource }) => condition`${at14(entryAttribute(resource), "expiresAtMs")} <= ${nowMs}`
  );
  return allOf(first, ...others);
};
function nothingElseBelow(expired2, nowMs) {
  const [first, ...others] = expired2;
  if (!first) return isMissing(below);
  const onlyThese = condition`size(${below}) = ${expired2.length}`;
  return allOf(onlyThese, leasesBelowAreOver([first, ...others], nowMs));
}
var listNames = (locks) => new Set(locks.map(({ resource }) => resource));
function enterWrite(above, entries, note) {
  const nowMs = note.atMs;
  const locks = entries.map(({ lock }) => lock);
  const renewed = entries.filter(({ isRenewed }) => isRenewed).map(({ lock }) => entryIsOurs(lock));
  const isFree = lockIsFree(nowMs);
  return update({
    ...lockRow(above),
    change: {
      set: [
        ...locks.map((lock) => action`${at14(entryAttribute(lock.resource))} = ${lock}`),
        action`${at14("ttlSeconds")} = ${ttlSecondsAbove(nowMs)}`,
        action`${at14("change")} = ${note}`
      ],
      // Only ever an owner whose lease is over: without it, his next write is refused.
      remove: [at14("owner"), at14("kindShard")],
      add: [action`${below} ${listNames(locks)}`]
    },
    condition: allOf(isFree, ...renewed),
    refused: (row) => new LockHeld(parseLiveLock(row, nowMs))
  });
}
function prolongWrite(above, proofs, until) {
  const { computeEnd, note } = until;
  const nowMs = note.atMs;
  return update({
    ...lockRow(above),
    change: {
      set: [
        ...proofs.map((proof) => {
          const end = at14(entryAttribute(proof.resource), "expiresAtMs");
          return action`${end} = ${computeEnd(proof)}`;
        }),
        action`${at14("ttlSeconds")} = ${ttlSecondsAbove(nowMs)}`,
        action`${at14("change")} = ${note}`
      ]
    },
    condition: entriesAreOurs(proofs),
    refused: (row) => new LockNotOwned(row, nowMs)
  });
}
function leaveAboveWrite(above, proofs, note) {
  return update({
    ...lockRow(above),
    change: {
      set: [action`${at14("change")} = ${note}`],
      remove: proofs.map(({ resource }) => at14(entryAttribute(resource))),
      delete: [action`${below} ${listNames(proofs)}`]
    },
    condition: entriesAreOurs(proofs),
    refused: (row) => new LockNotOwned(row, note.atMs)
  });
}
function checkEntryWrite(above, proof, nowMs) {
  return check({
    ...lockRow(above),
    condition: entryIsOurs(proof),
    refused: (row) => new LockNotOwned(row, nowMs)
  });
}
function takeTreeWrite(taken, assumed, nowMs) {
  const plain2 = acquireLockWrite(taken, nowMs, assumed.fence);
  if (plain2.kind !== "update") return plain2;
  const entries = assumed.expiredBelow.map(({ resource }) => at14(entryAttribute(resource)));
  const remove = [...plain2.change.remove ?? [], ...entries, below];
  return update({
    ...plain2,
    change: { ...plain2.change, remove },
    condition: allOf(plain2.condition, nothingElseBelow(assumed.expiredBelow, nowMs))
  });
}
function dropWrite(resource, expired2, note) {
  const names = expired2.map((lock) => lock.resource);
  return update({
    ...lockRow(resource),
    change: {
      set: [action`${at14("change")} = ${note}`],
      remove: names.map((name) => at14(entryAttribute(name))),
      delete: [action`${below} ${new Set(names)}`]
    },
    condition: leasesBelowAreOver(expired2, note.atMs),
    refused: (row) => new LockNotOwned(row, note.atMs)
  });
}

// shared/locks/group-keeping.ts
var mostPlans = 2;
function transactOwned(database, { proofs, nowMs }, plan) {
  let known = proofs;
  return again(mostPlans, async () => {
    try {
      await database.transact(plan(known));
      return known;
    } catch (error) {
      if (!(error instanceof TransactionRefused)) throw error;
      const { refusals } = error;
      const next = known.map((proof, at40) => {
        const row = refusals.find(({ index }) => index === at40)?.found;
        const { scope: _scope, ...anyScope } = proof;
        if (isKnown(proof) || !isHeldBy(row, anyScope, nowMs)) return proof;
        const lock = parseLock(row);
        return proof.scope === "tree" && lock.scope !== "tree" ? proof : lock;
      });
      const isTold2 = next.some((proof, at40) => proof !== known[at40]);
      known = next;
      if (!isTold2) throw refusals[0].error;
      return new OnceMore(refusals[0].error);
    }
  });
}
function createGroupKeeping({
  database,
  limits
}) {
  async function readRows(proofs) {
    const keys = proofs.map(({ resource }) => ({ resource }));
    const rows = await database.getMany("Locks", keys);
    const byName = new Map(rows.map((row) => [row["resource"], row]));
    return keys.map(({ resource }) => byName.get(resource));
  }
  async function readOwned({ proofs, nowMs }) {
    const rows = await readRows(proofs);
    return rows.map((row) => parseLock(row) ?? refuse(row, nowMs));
  }
  const ofFirst = (index, keyed) => index === 0 ? keyed : void 0;
  const listTrees = (proofs) => proofs.filter(({ scope }) => scope === "tree");
  return {
    readRows,
    /** Starts all leases again from now. One transaction, and one read where the proofs are not the locks themselves. */
    async renewAll(change3) {
      const { proofs, nowMs, actor, leaseMs: leaseMs2, keyed } = change3;
      const { maxLockMs } = limits;
      const computeEnd = (proof) => {
        return leaseEnd({ leaseMs: leaseMs2, maxLockMs }, nowMs, isKnown(proof) ? proof.acquiredAtMs : nowMs);
      };
      const until = { computeEnd, note: changeNote("lock.prolonged", actor, nowMs) };
      await transactOwned(database, change3, (known) => [
        ...known.map(
          (proof, index) => renewLockWrite({ proof, nowMs, actor, leaseMs: leaseMs2, limits, keyed: ofFirst(index, keyed) })
        ),
        ...groupByNameAbove(listTrees(known)).map(([above, of]) => prolongWrite(above, of, until))
      ]);
      if (!proofs.every(isKnown)) return readOwned(change3);
      return proofs.map((lock) => ({ ...lock, expiresAtMs: computeEnd(lock) }));
    },
    /** Gives all of them back. One transaction. */
    async releaseAll(change3) {
      const { nowMs, actor, releaseId, keyed } = change3;
      const note = changeNote("lock.left", actor, nowMs);
      await transactOwned(database, change3, (known) => [
        ...known.map(
          (proof, index) => releaseLockWrite({
            proof,
            nowMs,
            actor,
            releaseId,
            keyed: ofFirst(index, keyed),
            leavesLine: true
          })
        ),
        ...groupByNameAbove(listTrees(known)).map(
          ([above, of]) => leaveAboveWrite(above, of, note)
        )
      ]);
    }
  };
}
function refuse(row, nowMs) {
  throw new LockNotOwned(row, nowMs);
}

// shared/locks/group-taking.ts
var maxDropped = 50;
var mostSurprises = 6;
function planOwn(taken, assumed, { nowMs, limits }) {
  const { actor, leaseMs: leaseMs2, permit } = taken;
  const { lock: proof, row } = assumed;
  const { maxLockMs } = limits;
  const expiresAtMs2 = leaseEnd({ leaseMs: leaseMs2, maxLockMs }, nowMs, proof.acquiredAtMs);
  const isTurn = parseTurn(row)?.isClaimed === false;
  const write = isTurn ? claimWrite(row, { proof, nowMs, actor, permit, expiresAtMs: expiresAtMs2 }) : renewLockWrite({ proof, nowMs, actor, leaseMs: leaseMs2, permit, limits });
  return { lock: { ...proof, expiresAtMs: expiresAtMs2 }, isRenewed: true, isCounted: !isTurn, write };
}
function planStep(taken, assumed, when) {
  if (assumed.kind === "own") return planOwn(taken, assumed, when);
  const { resource, actor } = taken;
  const { nowMs } = when;
  if (assumed.kind === "pastLine") {
    const { row } = assumed;
    const lock2 = lockToBe(taken, fenceAfter(row, nowMs), nowMs);
    const write2 = takePastLineWrite({ row, resource, nowMs, actor }, taken);
    return { lock: lock2, isRenewed: false, isCounted: false, write: write2 };
  }
  const lock = lockToBe(taken, assumed.fence, nowMs);
  const isTree = taken.scope === "tree";
  const write = isTree ? takeTreeWrite(taken, assumed, nowMs) : acquireLockWrite(taken, nowMs, assumed.fence);
  return { lock, isRenewed: false, isCounted: false, write };
}
function corrected(taken, assumed, row, nowMs) {
  const denied = taken.permit?.refusal(row);
  if (denied) throw denied;
  const holder = parseLiveLock(row, nowMs);
  if (holder) {
    const isOwn = isSameOwner(holder.owner, taken.owner) && holder.scope === taken.scope;
    if (!isOwn) throw new LockHeld(holder, row);
    return { kind: "own", lock: holder, row };
  }
  if (taken.scope === "exact" && row && parseTickets(row).length > 0) {
    return { kind: "pastLine", row };
  }
  const expiredBelow = taken.scope === "tree" ? locksBelow(row) : [];
  const alive = expiredBelow.find(({ expiresAtMs: expiresAtMs2 }) => !isExpired(expiresAtMs2, nowMs));
  if (alive) throw new LockHeld(alive);
  const seen = assumed.kind === "free" ? assumed.fence : 0;
  const fence = Math.max(seen, nowMs, Number(row?.["fence"] ?? 0) + 1);
  return { kind: "free", fence, expiredBelow };
}
function ignoreLost(error) {
  if (!(error instanceof LockNotOwned)) throw error;
}
function ignoreLine(error) {
  if (!(error instanceof LineWaits)) throw error;
}
function createDropping({ database }) {
  async function drop(resource, expired2, nowMs) {
    for (let start = 0; start < expired2.length; start += maxDropped) {
      const [first, ...others] = expired2.slice(start, start + maxDropped);
      const note = changeNote("lock.dropped", { id: "system:expiry" }, nowMs);
      await database.apply(dropWrite(resource, [first, ...others], note)).catch(ignoreLost);
    }
  }
  async function dropAbove(group, nowMs) {
    for (const [above] of groupByNameAbove(group)) {
      const entries = locksBelow(await findLockRow(database, above));
      const expired2 = entries.filter((lock) => isExpired(lock.expiresAtMs, nowMs));
      await drop(above, expired2, nowMs);
    }
  }
  return { drop, dropAbove };
}
function createGroupTaking(parts) {
  const { database, clock, counting, passOn } = parts;
  const { limits } = counting;
  const { drop, dropAbove } = createDropping(parts);
  async function clearWay(taken, assumed, nowMs) {
    const { resource, owner, actor } = taken;
    if (assumed.kind === "pastLine") {
      const [head] = livingIn(assumed.row, nowMs);
      const isTurn = !head || isSameOwner(head.owner, owner);
      if (!isTurn) await passOn(assumed.row, resource, actor).catch(ignoreLine);
    }
    if (assumed.kind !== "free" || assumed.expiredBelow.length <= maxDropped) return assumed;
    await drop(resource, assumed.expiredBelow, nowMs);
    return { ...assumed, expiredBelow: [] };
  }
  return async function takeAll2(wanted) {
    const group = wanted.map((taken) => counting.shorten(taken));
    const first = { kind: "free", fence: clock(), expiredBelow: [] };
    let assumptions = group.map(() => first);
    const trees = group.filter(({ scope }) => scope === "tree");
    async function look3({ refusals }, nowMs, counted) {
      const ofLocks = refusals.filter(({ write }) => !counted.writes.includes(write));
      for (const { index, found } of ofLocks) {
        if (index < group.length) continue;
        const holder = parseLiveLock(found, nowMs);
        throw holder ? new LockHeld(holder) : new LockNotOwned(found, nowMs);
      }
      for (const { index, found } of ofLocks) {
        const next = corrected(group[index], assumptions[index], found, nowMs);
        const cleared = await clearWay(group[index], next, nowMs);
        assumptions = assumptions.map((each, at40) => at40 === index ? cleared : each);
      }
      const [full] = ofLocks.length === 0 ? refusals : [];
      const { userId } = group[0].owner;
      if (full) await counting.makeRoom(userId, full.found, counted.locks.length);
    }
    return again(mostSurprises, async () => {
      const nowMs = clock();
      const when = { nowMs, limits };
      const steps2 = group.map((taken, index) => planStep(taken, assumptions[index], when));
      const entries = steps2.filter(({ lock }) => lock.scope === "tree");
      const named = entries.map((entry) => ({ ...entry, resource: entry.lock.resource }));
      const above = groupByNameAbove(named);
      const note = changeNote("lock.entered", group[0].actor, nowMs);
      const entering = above.map(([name, of]) => enterWrite(name, of, note));
      const locks = steps2.filter((step) => !step.isCounted).map(({ lock }) => lock);
      const counted = { locks, writes: counting.writes(locks) };
      try {
        await database.transact([
          ...steps2.map(({ write }) => write),
          ...entering,
          ...counted.writes
        ]);
        return steps2.map(({ lock }) => lock);
      } catch (error) {
        if (error instanceof TooLarge) await dropAbove(trees, nowMs);
        else if (error instanceof TransactionRefused) await look3(error, nowMs, counted);
        else throw error;
        return new OnceMore(error instanceof TooLarge ? error : void 0);
      }
    });
  };
}

// shared/locks/line-handing.ts
var mostMoves3 = 40;
function settle(first, attempt) {
  let row = first;
  return again(mostMoves3, async () => {
    try {
      return await attempt(row);
    } catch (error) {
      if (!(error instanceof LineWaits)) throw error;
      row = error.row;
      return new OnceMore(error);
    }
  });
}
function createHanding({ database, clock, counting }) {
  function release(given) {
    return settle(
      given.row,
      (row) => database.apply(releaseToLineWrite({ ...given, row, nowMs: clock() }))
    );
  }
  async function passOn(row, resource, actor) {
    const write = handOverWrite({ row, resource, nowMs: clock(), actor });
    return write && database.apply(write);
  }
  function take2(first, taken) {
    const { resource, owner, actor } = taken;
    return settle(first, async (row) => {
      const nowMs = clock();
      const holder = parseLiveLock(row, nowMs);
      if (holder) throw new LockHeld(holder, row);
      const [head] = livingIn(row, nowMs);
      if (!head || isSameOwner(head.owner, owner)) {
        const write = takePastLineWrite({ row, resource, nowMs, actor }, taken);
        return counting.take(write, lockToBe(taken, fenceAfter(row, nowMs), nowMs));
      }
      const after = await database.apply(handOverWrite({ row, resource, nowMs, actor }));
      const next = parseLock(after);
      if (!next) throw new LineWaits(after);
      throw new LockHeld(next, after);
    });
  }
  return { release, passOn, take: take2 };
}

// shared/locks/line-passing.ts
var NobodyWaits = class extends HoldfastError {
  constructor(to) {
    super("NOBODY_WAITS", to ? `${to.userId} does not wait for this lock` : "Nobody waits for it");
  }
};
function findTicket(row, to, nowMs) {
  return livingIn(row, nowMs).find(({ owner: { userId, sessionId } }) => {
    return userId === to.userId && (to.sessionId === void 0 || sessionId === to.sessionId);
  })?.ticket;
}
function createPassing({ database, clock }) {
  function attempt({ resource, owner, fence, to, actor }, releaseId) {
    const proof = { resource, owner, fence };
    return async (row) => {
      const nowMs = clock();
      if (!isHeldBy(row, proof, nowMs)) {
        const lock = parseLiveLock(row, nowMs);
        const isNext = lock?.fence === fence + 1 && row["releaseId"] === releaseId;
        if (isNext) return { lock, replayed: true };
        throw new LockNotOwned(row, nowMs);
      }
      if (parseLock(row)?.scope === "tree") {
        const message = "must not be a tree: it has no line, give it back";
        throw new InvalidRequest([{ path: "name", message }]);
      }
      const ticket = to && findTicket(row, to, nowMs);
      const given = { row, resource, nowMs, actor, from: proof, releaseId, ticket };
      const write = to && !ticket ? void 0 : handOverWrite(given);
      if (!write) throw new NobodyWaits(to);
      return { lock: parseLock(await database.apply(write)), replayed: false };
    };
  }
  return {
    /**
     * Passes a lock on to the first who waits for it, or to the one who is named, with the next fence and a short
     * time to claim it in. Two requests, one more for everybody who changes the line at the same instant. Safe to
     * repeat: as long as whoever got it has it, the answer is the same.
     *
     * @throws NobodyWaits when nobody is there, or not the one who is named; the lock stays the caller's
     * @throws LockNotOwned when it is not the caller's (any more), by this fence; nothing was changed
     * @example await locks.line.passOnTo({ resource, owner, fence, to: { userId: "bob" }, actor });
     */
    async passOnTo(request) {
      const { resource, owner, fence } = request;
      const row = await findLockRow(database, resource);
      const { userId, sessionId = null } = owner;
      const releaseId = derivedId("rel", "passed", resource, userId, sessionId, fence);
      return settle(row ?? {}, attempt(request, releaseId));
    },
    /**
     * Asks the owner to let go: noted on the lock's row, from which he is told at once, and with his next
     * heartbeat. One request. Repeated within ten seconds it is told no second time.
     *
     * @returns the lock that was asked for; undefined when nobody has it any more, so that it is time to claim one's turn
     * @throws PlaceNotFound when the caller does not wait for it
     * @example const lock = await locks.line.askOwner({ resource, ticket, userId: "bob", actor });
     */
    async askOwner(request) {
      const { ticket, userId } = request;
      const nowMs = clock();
      try {
        return parseLock(await database.apply(askOwnerWrite({ ...request, nowMs })));
      } catch (error) {
        if (!(error instanceof LineWaits)) throw error;
        const { row } = error;
        const [lock, waiter] = [parseLiveLock(row, nowMs), parseWaiter(row, ticket)];
        if (parseTurn(row)?.ticket === ticket && lock?.owner.userId === userId) return lock;
        const isThere = waiter?.owner.userId === userId && !isExpired(waiter.untilMs, nowMs);
        if (!isThere) throw new PlaceNotFound();
        if (lock && isAskedAnew(row, ticket, nowMs)) throw error;
        return lock;
      }
    }
  };
}

// shared/locks/line-service.ts
function standingIn(row, ticket, nowMs) {
  const place3 = placeIn(row, ticket, nowMs);
  if (!place3) throw new PlaceNotFound();
  return { place: place3 };
}
function createClaiming({ clock, counting }) {
  return function claim(row, { lock, leaseMs: leaseMs2, actor, permit }) {
    const nowMs = clock();
    const { maxLockMs } = counting.limits;
    const expiresAtMs2 = leaseEnd({ leaseMs: leaseMs2, maxLockMs }, nowMs, lock.acquiredAtMs);
    const write = claimWrite(row, { proof: lock, nowMs, actor, permit, expiresAtMs: expiresAtMs2 });
    return counting.take(write, { ...lock, expiresAtMs: expiresAtMs2 });
  };
}
function createAsking({ database, clock, handing: { passOn } }, claim) {
  async function claimMine(row, request) {
    const [lock, turn] = [parseLiveLock(row, clock()), parseTurn(row)];
    if (turn?.ticket !== request.ticket || lock?.owner.userId !== request.userId) return void 0;
    if (turn.isClaimed) return { lock };
    const { actor, permit } = request;
    return { lock: await claim(row, { lock, leaseMs: turn.leaseMs, actor, permit }) };
  }
  function ask(request) {
    const { resource, ticket, userId, actor, placeMs: keepMs = placeMs, permit } = request;
    const place3 = { resource, ticket, userId, permit, placeMs: keepMs };
    const keep2 = () => keepPlaceWrite({ ...place3, nowMs: clock() });
    return database.apply(keep2()).then(
      (row) => standingIn(row, ticket, clock()),
      (error) => {
        if (!(error instanceof LineWaits)) throw error;
        return settle(error.row, async (row) => {
          const mine = await claimMine(row, request);
          if (mine) return mine;
          const nowMs = clock();
          const waiter = parseWaiter(row, ticket);
          const isThere = waiter?.owner.userId === userId && waiter.untilMs > nowMs;
          if (!isThere) throw new PlaceNotFound();
          const isOver3 = !parseLiveLock(row, nowMs);
          const after = isOver3 && await passOn(row, resource, actor) || row;
          const turn = isOver3 && await claimMine(after, request);
          if (turn) return turn;
          const isKept = waiter.untilMs > later(nowMs, keepMs) && parseLiveLock(after, nowMs);
          return standingIn(isKept ? after : await database.apply(keep2()), ticket, nowMs);
        });
      }
    );
  }
  return ask;
}
function createLeaving({ database, clock, handing: { release } }) {
  return async function leave(request) {
    const { resource, ticket, userId, actor } = request;
    try {
      await database.apply(leaveWrite({ resource, ticket, userId, nowMs: clock() }));
    } catch (error) {
      if (!(error instanceof LineWaits)) throw error;
      const { row } = error;
      const lock = parseLiveLock(row, clock());
      const isTurn = parseTurn(row)?.ticket === ticket && lock?.owner.userId === userId;
      if (!isTurn) return;
      const given = { row, proof: lock, nowMs: clock(), actor, releaseId: `rel_${ticket}` };
      await release(given).catch((lost) => {
        if (!(lost instanceof LockNotOwned)) throw lost;
      });
    }
  };
}
function newTicketIn(row, first) {
  const spent = parseTickets(row);
  let ticket = first;
  while (spent.includes(ticket)) ticket = derivedId("tkt", ticket);
  return ticket;
}
function createJoining({ database, clock, handing: { take: take2 } }, claim, ask) {
  function join(first, taken, keepMs = placeMs) {
    const { resource, owner, kind, leaseMs: leaseMs2, actor, permit } = taken;
    return settle(first, async (row) => {
      const nowMs = clock();
      const lock = parseLiveLock(row, nowMs);
      if (!lock) return take2(row, taken).then((mine) => ({ lock: mine }), again2(taken, keepMs));
      if (isSameOwner(lock.owner, owner)) {
        const isClaimed = parseTurn(row)?.isClaimed !== false;
        return { lock: isClaimed ? lock : await claim(row, { lock, leaseMs: leaseMs2, actor, permit }) };
      }
      const living = livingIn(row, nowMs);
      const known = living.find((waiter2) => isSameOwner(waiter2.owner, owner));
      if (known) {
        const { ticket: ticket2 } = known;
        const asking = { resource, ticket: ticket2, userId: owner.userId, actor, permit, placeMs: keepMs };
        return ask(asking).catch(lookAnew(resource));
      }
      if (living.length >= maxWaiters) throw new LineFull(lock, row);
      const ticket = newTicketIn(row, makeTicket(resource, owner, lock.fence));
      const untilMs = later(nowMs, keepMs);
      const waiter = { ticket, owner, kind, leaseMs: leaseMs2, untilMs };
      return standingIn(
        await database.apply(joinWrite(row, { resource, waiter, permit }, nowMs)),
        ticket,
        nowMs
      );
    });
  }
  const lookAnew = (resource) => async (error) => {
    if (!(error instanceof PlaceNotFound)) throw error;
    throw new LineWaits(await findLockRow(database, resource) ?? {});
  };
  const again2 = (taken, keepMs) => (error) => {
    if (error instanceof LockHeld && error.row) return join(error.row, taken, keepMs);
    throw error;
  };
  return join;
}
function createLine(given) {
  const handing = createHanding(given);
  const parts = { ...given, handing };
  const claim = createClaiming(given);
  const ask = createAsking(parts, claim);
  const join = createJoining(parts, claim, ask);
  const leave = createLeaving(parts);
  const passing = createPassing(given);
  return {
    ...handing,
    ...passing,
    join,
    /** Claims a turn without its ticket: its owner acquires or renews what was handed over to him. */
    claim,
    /**
     * Keeps a place and tells it, or claims one's turn. One request while it is somebody else's turn, two
     * when it has become one's own. Safe to repeat: after one's turn it answers the same, with the same fence.
     *
     * @throws PlaceNotFound when the place was given up, or was not asked for in time
     * @throws HoldfastError as the `permit` says, when the right is (no longer) there: no lease was started
     * @example const standing = await locks.line.ask({ resource, ticket, userId: "alice", actor });
     */
    ask,
    /**
     * Leaves the line; a turn that has come already is passed on at once. One request. Safe to repeat.
     *
     * @example await locks.line.leave({ resource, ticket, userId: "alice", actor });
     */
    leave
  };
}

// shared/locks/lock-requests.ts
function resolveActor(request) {
  return request.actor ?? { id: request.owner.userId };
}
function keyedProof(what, request, leaseMs2) {
  const { resource, owner, fence, scope, idempotencyKey } = request;
  const content = [what, resource, owner.sessionId, fence, scope, leaseMs2];
  return keyedRequest(owner.userId, idempotencyKey, content);
}

// shared/locks/lock-extending.ts
function createExtending({ database, keeping, line, counting: { limits } }, { clock }) {
  async function claimTurn(first, { proof, leaseMs: leaseMs2, actor, permit }) {
    return settle(first, async (row) => {
      const nowMs = clock();
      if (!isHeldBy(row, proof, nowMs)) throw new LockNotOwned(row, nowMs);
      const lock = parseLock(row);
      if (parseTurn(row)?.isClaimed !== false) return lock;
      return line.claim(row, { lock, leaseMs: leaseMs2, actor, permit });
    });
  }
  async function extendBound(row, renewal) {
    const { leaseMs: leaseMs2, nowMs, keyed } = renewal;
    const lock = parseLock(row);
    if (parseTurn(row)?.isClaimed === false) {
      await bindAlone(database, keyed, nowMs);
      return claimTurn(row, renewal);
    }
    const { maxLockMs } = limits;
    const endMs = leaseEnd({ leaseMs: leaseMs2, maxLockMs }, nowMs, lock.acquiredAtMs);
    if (endMs <= lock.expiresAtMs) {
      await bindAlone(database, keyed, nowMs);
      return lock;
    }
    return parseLock(await database.apply(renewLockWrite({ ...renewal, proof: lock })));
  }
  return async function extend2(request) {
    checkLimits(request);
    const { leaseMs: leaseMs2 = defaultLeaseMs, permit } = request;
    const keyed = keyedProof("extend", request, leaseMs2);
    const of = { proof: request, actor: resolveActor(request), leaseMs: leaseMs2, keyed, permit };
    const change3 = { ...of, nowMs: clock(), limits };
    if (request.scope === "tree") {
      const [lock] = await keeping.renewAll({ ...change3, proofs: [request] });
      return { lock, replayed: false };
    }
    const parseHeld = (row) => {
      if (keyed && !isHeldBy(row, request, clock())) throw new LockNotOwned(row, clock());
      return { lock: parseLock(row), ask: parseAsk(row) };
    };
    const renewOnce = async () => {
      try {
        return parseHeld(await database.apply(renewLockWrite(change3)));
      } catch (error) {
        if (!(error instanceof RenewalBound) || !error.row) throw error;
        return { lock: await extendBound(error.row, change3), ask: parseAsk(error.row) };
      }
    };
    try {
      return { ...await renewOnce(), replayed: false };
    } catch (error) {
      if (!(error instanceof Replayed)) throw error;
      const { resource } = request;
      return { ...parseHeld(await database.get("Locks", { resource })), replayed: true };
    }
  };
}

// shared/locks/lock-taking.ts
var mostLosses = 3;
function createCountedTaking({ clock, counting }) {
  function takeCounted(taken) {
    let least = 0;
    return again(mostLosses, async () => {
      const nowMs = clock();
      const fence = Math.max(nowMs, least);
      try {
        const write = acquireLockWrite(taken, nowMs, fence);
        return await counting.take(write, lockToBe(taken, fence, nowMs));
      } catch (error) {
        const { row } = error;
        const isRefused = error instanceof LockHeld || error instanceof LockNotOwned;
        if (!isRefused || !row || parseLiveLock(row, nowMs)) throw error;
        least = fenceAfter(row, nowMs);
        return new OnceMore(error);
      }
    });
  }
  return takeCounted;
}
function createTaking(parts) {
  const { database, clock, takeAll: takeAll2, line, counting, renew } = parts;
  const takeCounted = createCountedTaking(parts);
  function take2(wanted) {
    const taken = counting.shorten(wanted);
    const { resource, owner, leaseMs: leaseMs2, scope, actor, permit } = taken;
    return again(mostLosses, async () => {
      try {
        if (scope === "tree") return (await takeAll2([taken]))[0];
        return await takeExact(taken);
      } catch (error) {
        if (!(error instanceof LockHeld)) throw error;
        const { lock } = error;
        const isOwn = lock.resource === resource && isSameOwner(lock.owner, owner);
        if (!isOwn || lock.scope !== scope) throw error;
        try {
          return await renew({ ...lock, actor, leaseMs: leaseMs2, permit });
        } catch (lost) {
          if (!(lost instanceof LockNotOwned)) throw lost;
          return new OnceMore(lost);
        }
      }
    });
  }
  async function takeExact(taken) {
    try {
      if (counting.isCounted(taken)) return await takeCounted(taken);
      return parseLock(await database.apply(acquireLockWrite(taken, clock())));
    } catch (error) {
      if (error instanceof LineWaits) return line.take(error.row, taken);
      throw error;
    }
  }
  async function lookFirst({ resource, owner, kind = "custom" }) {
    if (!counting.isCounted({ kind })) return;
    const row = await findLockRow(database, resource);
    const holder = parseLiveLock(row, clock());
    if (holder && !isSameOwner(holder.owner, owner)) throw new LockHeld(holder, row);
  }
  return { take: take2, lookFirst };
}

// shared/locks/lock-acquiring.ts
var retryMs = 100;
function planAcquisition(request, hasWaited = false) {
  const { resource, owner, permit, waitedLeaseMs = Infinity } = request;
  const mostMs = hasWaited ? waitedLeaseMs : Infinity;
  const leaseMs2 = Math.min(request.leaseMs ?? defaultLeaseMs, mostMs);
  const { kind = "custom", scope = "exact" } = request;
  return { resource, owner, leaseMs: leaseMs2, kind, scope, actor: resolveActor(request), permit };
}
function createAcquiring(parts, timing) {
  const { line, counting } = parts;
  const { clock, sleep, random, logger, waited } = timing;
  const extend2 = createExtending(parts, timing);
  const renew = async (request) => (await extend2(request)).lock;
  const { take: take2, lookFirst } = createTaking({ ...parts, clock, renew });
  async function acquireOrQueue(request) {
    checkLimits(request);
    const taken = counting.shorten(planAcquisition(request));
    if (taken.scope === "tree") {
      const message = "must be exact: a tree of names has no line";
      throw new InvalidRequest([{ path: "scope", message }]);
    }
    try {
      return { lock: await take2(taken) };
    } catch (error) {
      if (error instanceof LockHeld && error.row)
        return line.join(error.row, taken, request.placeMs);
      throw error;
    }
  }
  async function acquire(request) {
    checkLimits(request);
    const startedMs = clock();
    for (let round = 0; ; round += 1) {
      try {
        if (round > 0) await lookFirst(request);
        const lock = await take2(planAcquisition(request, round > 0));
        if (round > 0) waited?.(clock() - startedMs);
        logger.debug("Lock acquired", { resource: lock.resource, fence: lock.fence });
        return lock;
      } catch (error) {
        if (!(error instanceof LockHeld) || !request.waitMs) throw error;
        const waitedMs = clock() - startedMs;
        if (waitedMs >= request.waitMs) {
          waited?.(waitedMs);
          logger.warn("Waited for a lock in vain", { resource: request.resource, waitedMs });
          throw new LockTimeout(waitedMs, error);
        }
        await sleep(Math.min(retryMs * (0.5 + random()), request.waitMs - waitedMs));
      }
    }
  }
  return { acquire, acquireOrQueue, renew, extend: extend2 };
}

// shared/locks/owner-store.ts
var rowLifeMs = 8 * dayMs;
var at25 = pathsOf();
var ownerRow = (userId) => ({ table: "Owners", key: { userId } });
var listEntries2 = (locks) => new Set(locks.map(takenEntry));
function countWrite(userId, locks, { limits, nowMs }) {
  const most = limits.maxLocksPerUser - locks.length;
  return update({
    ...ownerRow(userId),
    isBlind: true,
    change: {
      set: [action`${at25("ttlSeconds")} = ${ttlSecondsAt(later(nowMs, rowLifeMs))}`],
      add: [action`${at25("taken")} ${listEntries2(locks)}`]
    },
    condition: anyOf(isMissing(at25("taken")), condition`size(${at25("taken")}) <= ${most}`),
    refused: () => new NoRoom()
  });
}
function forgetWrite(userId, over) {
  return update({
    ...ownerRow(userId),
    isBlind: true,
    change: { delete: [action`${at25("taken")} ${listEntries2(over)}`] },
    condition: exists(at25("userId")),
    refused: () => new NoRoom()
  });
}

// shared/locks/lock-counting.ts
var mostRounds2 = 4;
var mostEnded = 50;
async function look2(database, userId, taken, nowMs) {
  const names = [...new Set(taken.map(({ resource }) => resource))];
  const rows = await database.getMany(
    "Locks",
    names.map((resource) => ({ resource }))
  );
  const found = new Map(rows.map((row) => [String(row["resource"]), parseLock(row)]));
  const standing = { live: [], gone: [], lapsed: [] };
  for (const each of taken) {
    const lock = found.get(each.resource);
    if (lock?.owner.userId !== userId || lock.fence !== each.fence) standing.gone.push(each);
    else if (isExpired(lock.expiresAtMs, nowMs)) standing.lapsed.push(each);
    else standing.live.push(lock);
  }
  return standing;
}
function createCounting({ database, clock, limits }) {
  async function makeRoom2(userId, row, wanted) {
    const nowMs = clock();
    const { live, gone: gone2, lapsed } = await look2(database, userId, parseTaken(row), nowMs);
    if (live.length + wanted > limits.maxLocksPerUser) {
      const ends = live.map(({ expiresAtMs: expiresAtMs2 }) => expiresAtMs2);
      throw new TooManyLocks(limits, ends.length > 0 ? Math.min(...ends) : void 0);
    }
    const ended = lapsed.slice(0, mostEnded);
    const over = [...gone2, ...ended];
    if (over.length === 0) return;
    const actor = { id: "system:expiry" };
    const ending2 = ended.map(({ resource }) => expireLockWrite({ resource, nowMs, actor }));
    await database.transact([forgetWrite(userId, over), ...ending2], { isAside: true }).catch(ignoreMoved);
  }
  return {
    limits,
    /** Whether taking this lock is counted. */
    isCounted: ({ kind }) => isCounted(kind, limits),
    makeRoom: makeRoom2,
    /** An acquisition whose lease is no longer than anybody may have a lock. */
    shorten: (taken) => ({
      ...taken,
      leaseMs: Math.min(taken.leaseMs, limits.maxLockMs)
    }),
    /**
     * The write that counts these locks, for the transaction that takes them; none where nothing is counted.
     *
     * @throws TooManyLocks when there are more of them than anybody may have
     */
    writes(locks) {
      const [first, ...others] = locks.filter(({ kind }) => isCounted(kind, limits));
      if (!first) return [];
      if (others.length >= limits.maxLocksPerUser) throw new TooManyLocks(limits, void 0);
      return [countWrite(first.owner.userId, [first, ...others], { limits, nowMs: clock() })];
    },
    /**
     * Carries out the write that makes a lock its owner's, and counts it. One request; three more where the
     * row of the user has no room until it is looked through.
     *
     * @throws the write's own error when its condition fails; nothing was changed
     * @throws TooManyLocks when the user has as many as anybody may; nothing was changed
     */
    async take(write, lock) {
      if (!isCounted(lock.kind, limits)) return parseLock(await database.apply(write));
      return again(mostRounds2, async () => {
        const [count] = this.writes([lock]);
        try {
          await database.transact([write, count]);
          return lock;
        } catch (error) {
          if (!(error instanceof TransactionRefused)) throw error;
          const own = error.of(write);
          if (own) throw own.error;
          await makeRoom2(lock.owner.userId, error.of(count)?.found, 1);
          return new OnceMore();
        }
      });
    }
  };
}
function ignoreMoved(error) {
  if (!(error instanceof TransactionRefused)) throw error;
}

// shared/locks/lock-releasing.ts
function ignoreLine2(error) {
  if (!(error instanceof LineWaits)) throw error;
}
function createEnding({ database, clock, keeping, line, trees }) {
  async function release(request) {
    checkLimits(request);
    const keyed = keyedProof("release", request);
    const change3 = { proof: request, nowMs: clock(), actor: resolveActor(request), keyed };
    const releaseId = randomId("rel");
    try {
      if (request.scope === "tree") {
        await keeping.releaseAll({ ...change3, proofs: [request], releaseId });
      } else await database.apply(releaseLockWrite({ ...change3, releaseId }));
    } catch (error) {
      if (error instanceof Replayed) return { replayed: true };
      if (!(error instanceof LineWaits)) throw error;
      await line.release({ ...change3, row: error.row, releaseId });
    }
    return { replayed: false };
  }
  async function force(forced) {
    if (!forced.keyed) {
      const row2 = await database.apply(forceReleaseWrite(forced));
      return { ...row2, owner: row2["formerOwner"] };
    }
    const row = await database.get("Locks", { resource: forced.resource }) ?? {};
    const fence = forced.fence ?? Number(row["fence"] ?? 0);
    await database.apply({ ...forceReleaseWrite({ ...forced, fence }), isBlind: true });
    return row;
  }
  async function forceOrBind(forced) {
    try {
      return await force(forced);
    } catch (error) {
      if (!(error instanceof LockNotOwned)) throw error;
      await bindAlone(database, forced.keyed, forced.nowMs);
      return void 0;
    }
  }
  async function finish(ended, { nowMs, actor, resource }) {
    const lock = parseLock(ended);
    if (lock?.scope === "tree") await trees.forget(lock, nowMs, actor);
    if (parseTickets(ended).length > 0) await line.passOn(ended, resource, actor).catch(ignoreLine2);
    return parseLiveLock(ended, nowMs);
  }
  async function endByForce(request) {
    const { resource, actor, reason, fence, idempotencyKey } = request;
    const keyed = keyedRequest(actor.id, idempotencyKey, ["force", resource, fence, reason]);
    const what = { resource, actor, reason, fence, keyed };
    const forced = { ...what, nowMs: clock(), forcedId: randomId("rel") };
    try {
      const ended = await forceOrBind(forced);
      return { ended: ended && await finish(ended, forced), replayed: false };
    } catch (error) {
      if (error instanceof Replayed) return { ended: void 0, replayed: true };
      throw error;
    }
  }
  return { release, endByForce };
}

// shared/locks/lock-list.ts
var table = "Locks";
var kindShard = at14("kindShard");
var expiresAtMs = at14("expiresAtMs");
function createLockList({ database, clock }) {
  async function readRows(entries) {
    const keys = entries.map((entry) => ({ resource: String(entry["resource"]) }));
    const rows = await database.getMany(table, keys);
    const byName = new Map(rows.map((row) => [row["resource"], row]));
    return keys.map(({ resource }) => byName.get(resource));
  }
  return {
    /**
     * A page of the locks that somebody has now, by name within each part of the index: every lock that
     * lives throughout is told once, however often it is renewed between two pages. One query per
     * partition of the index that the page touches, and one batched read per 100. A page can be short,
     * also empty, and still have a cursor.
     *
     * @example const { rows } = await locks.list({ kind: "document", limit: 20 });
     */
    async list({ kind, userId, limit, cursor }) {
      const kinds3 = kind === void 0 ? lockKinds : [kind];
      const partitions = kinds3.flatMap(listKindShards).map((shard) => condition`${kindShard} = ${shard}`);
      const list = { table, index: "byName", partitions, limit, cursor };
      const page = await listShards(database, list);
      const locks = (await readRows(page.rows)).map((row) => parseLiveLock(row, clock())).filter((lock) => lock !== void 0).filter((lock) => userId === void 0 || lock.owner.userId === userId);
      return { ...page, rows: locks };
    },
    /**
     * Drops owners whose lease is over, at most `limit` per partition, so that lists stay short and the
     * audit trail tells the expiry. Nothing depends on it: such a lock can be taken anyway. Running
     * it twice at once is harmless.
     *
     * @returns how many it dropped
     */
    async sweep({ limit, actor }) {
      const index = "byExpiry";
      let dropped = 0;
      for (const shard of lockKinds.flatMap(listKindShards)) {
        const nowMs = clock();
        const where = condition`${kindShard} = ${shard} AND ${expiresAtMs} <= ${nowMs}`;
        for (const entry of (await database.query({ table, index, where, limit })).rows) {
          const resource = String(entry["resource"]);
          try {
            await database.apply(expireLockWrite({ resource, nowMs, actor }));
            dropped += 1;
          } catch (error) {
            if (!(error instanceof LockNotOwned)) throw error;
          }
        }
      }
      return dropped;
    }
  };
}

// shared/locks/named-lock-service.ts
function bindKey(what, request, leaseMs2) {
  const { names, owner, idempotencyKey } = request;
  const [proof, ...others] = toProofs(request);
  if (others.length === 0) return keyedProof(what, { ...proof, idempotencyKey }, leaseMs2);
  return keyedRequest(owner.userId, idempotencyKey, [what, names, owner.sessionId, leaseMs2]);
}
var toProofs = ({ names, owner }, scope = "exact") => names.map((name) => ({ resource: nameResource(name), owner, scope }));
function isOwnTree(error, { owner }, nowMs) {
  const holder = error instanceof LockNotOwned ? error.holder : void 0;
  if (holder?.scope !== "tree" || holder.expiresAtMs <= nowMs) return false;
  return holder.owner.userId === owner.userId && holder.owner.sessionId === owner.sessionId;
}
var planChangeAt = (clock) => (request, scope) => ({
  proofs: toProofs(request, scope),
  nowMs: clock(),
  actor: request.actor ?? { id: request.owner.userId }
});
function createTogether({ clock, line, keeping }) {
  const planChange = planChangeAt(clock);
  async function passAllOn(request) {
    const { proofs, actor } = planChange(request);
    for (const [index, row] of (await keeping.readRows(proofs)).entries()) {
      if (!row || parseTickets(row).length === 0) continue;
      await line.passOn(row, proofs[index].resource, actor).catch((error) => {
        if (!(error instanceof LineWaits)) throw error;
      });
    }
  }
  async function extendTogether(request, leaseMs2, scope) {
    const change3 = planChange(request, scope);
    const keyed = bindKey("extend", request, leaseMs2);
    try {
      return { locks: await keeping.renewAll({ ...change3, leaseMs: leaseMs2, keyed }), replayed: false };
    } catch (error) {
      if (!(error instanceof Replayed)) throw error;
      const rows = await keeping.readRows(change3.proofs);
      const asTheyReach = change3.proofs.map(({ resource, owner }) => ({ resource, owner }));
      const lost = rows.findIndex((row, at40) => !isHeldBy(row, asTheyReach[at40], clock()));
      if (lost >= 0) throw new LockNotOwned(rows[lost], clock());
      return { locks: rows.map((row) => parseLock(row)), replayed: true };
    }
  }
  async function releaseTogether(request, scope) {
    const keyed = bindKey("release", request);
    try {
      await keeping.releaseAll({
        ...planChange(request, scope),
        keyed,
        releaseId: randomId("rel")
      });
    } catch (error) {
      if (!(error instanceof Replayed)) throw error;
      return { replayed: true };
    }
    await passAllOn(request);
    return { replayed: false };
  }
  return { extendTogether, releaseTogether };
}
function createNamedLocks(parts) {
  const { clock, takeAll: takeAll2 } = parts;
  const { extendTogether, releaseTogether } = createTogether(parts);
  async function alone(request, single, together2) {
    const [proof, ...others] = toProofs(request);
    if (others.length > 0) return together2();
    const { actor, idempotencyKey } = request;
    try {
      return await single({ ...proof, actor, idempotencyKey });
    } catch (error) {
      if (isOwnTree(error, request, clock())) return together2("tree");
      throw error;
    }
  }
  return {
    /**
     * Takes all of the names or none; those that are the caller's own are renewed with the others. One request
     * when all are free, over, or one is somebody else's; one more where some are the caller's own. Safe to repeat.
     *
     * @throws NameHeld which of them is in the way; nothing was changed
     * @example const held = await locks.named.acquire({ names: ["till/1", "till/2"], owner });
     */
    async acquire(request) {
      checkGroup(request);
      const { names, owner, leaseMs: leaseMs2 = defaultLeaseMs, scope = "exact" } = request;
      const actor = request.actor ?? { id: owner.userId };
      const of = { owner, kind: "custom", scope, leaseMs: leaseMs2, actor };
      try {
        return await takeAll2(names.map((name) => ({ ...of, resource: nameResource(name) })));
      } catch (error) {
        throw error instanceof LockHeld ? new NameHeld(error) : error;
      }
    },
    /**
     * Takes one name like `acquire`, or a place in its line where another has it.
     *
     * @throws InvalidRequest for several names, or a tree: they have no line
     * @example const standing = await locks.named.acquireOrQueue({ names: ["till/1"], owner });
     */
    async acquireOrQueue(request) {
      checkGroup(request);
      const [name, ...others] = request.names;
      if (others.length > 0) {
        const message = "must be one name: several at once have no line";
        throw new InvalidRequest([{ path: "names", message }]);
      }
      return parts.acquireOrQueue({ ...request, resource: nameResource(name) });
    },
    /**
     * Starts all leases again from now; the fences stay. One request for one name, two for several or a tree
     * (three for a tree that is one name). Safe to repeat.
     *
     * @throws LockNotOwned when one of them is not the caller's (any more); nothing was changed
     * @example await locks.named.extend({ names: ["till/1", "till/2"], owner, leaseMs: 60_000 });
     */
    async extend(request) {
      checkGroup(request);
      const { leaseMs: leaseMs2 = defaultLeaseMs } = request;
      return alone(
        request,
        async (proof) => {
          const { lock, ...more } = await parts.extend({ ...proof, leaseMs: leaseMs2 });
          return { locks: [lock], ...more };
        },
        (scope) => extendTogether(request, leaseMs2, scope)
      );
    },
    /**
     * Gives all of them back; whoever is first in line for one of them has it next. One request for one name
     * without a line, else two or three.
     *
     * @throws LockNotOwned when one of them was not the caller's (any more); nothing was changed
     * @example await locks.named.release({ names: ["till/1", "till/2"], owner });
     */
    async release(request) {
      checkGroup(request);
      return alone(request, parts.release, (scope) => releaseTogether(request, scope));
    }
  };
}

// shared/locks/tree-locks.ts
function createTreeLocks({ database }) {
  return {
    /** Clears the rows above of a lock that was ended by force; until then they would block for nothing. */
    async forget(ended, nowMs, actor) {
      const note = changeNote("lock.left", actor, nowMs);
      for (const above of namesAbove(ended.resource)) {
        await database.apply(leaveAboveWrite(above, [ended], note)).catch(ignoreLost2);
      }
    },
    /** The checks in the rows above that belong to a protected write; none for a plain lock. */
    checkWrites(proof, nowMs) {
      return namesAbove(proof.resource).map((above) => checkEntryWrite(above, proof, nowMs));
    }
  };
}
function ignoreLost2(error) {
  if (!(error instanceof LockNotOwned)) throw error;
}

// shared/locks/with-lock.ts
var import_node_async_hooks2 = require("node:async_hooks");
async function waitInside({ inside }) {
  while (inside.size > 0) await Promise.allSettled(inside);
}
var renewalShare = 1 / 3;
var retryShare = 1 / 20;
var lookShare = 1 / 10;
var warningShare = 1 / 10;
var LeaseLost = class extends LockNotOwned {
  constructor(lock, options) {
    super(void 0, options.nowMs);
    this.message = `The lease of ${lock.resource} could not be renewed in time`;
    this.cause = options.cause;
  }
};
async function keepAlive2({ renew, timing: { clock, steadyMs, sleep } }, held, { stop, lost }) {
  const { lock, actor, leaseMs: leaseMs2 } = held;
  const ended = AbortSignal.any([stop, lost.signal]);
  let sinceConfirmed = held.sinceStart;
  let sinceAsked = held.sinceStart;
  let failure;
  let isDue = false;
  const untilWarning = () => leaseMs2 * (1 - warningShare) - sinceConfirmed();
  const untilDue = () => (isDue ? retryShare : renewalShare) * leaseMs2 - sinceAsked();
  async function heartbeat() {
    const sinceSent = stopwatch(clock, steadyMs);
    sinceAsked = sinceSent;
    isDue = false;
    try {
      const sentAtMs = clock();
      const { expiresAtMs: expiresAtMs2 } = await renew({ ...lock, actor, leaseMs: leaseMs2 });
      const missingMs = Math.max(0, leaseMs2 - (expiresAtMs2 - sentAtMs));
      const sinceBegun = () => sinceSent() + missingMs;
      if (sinceBegun() < sinceConfirmed()) sinceConfirmed = sinceBegun;
    } catch (error) {
      failure = error;
      isDue = true;
      if (error instanceof LockNotOwned && !stop.aborted) lost.abort(error);
    }
  }
  while (!ended.aborted) {
    await sleep(Math.max(0, Math.min(untilDue(), untilWarning(), leaseMs2 * lookShare)), ended);
    if (ended.aborted) break;
    if (untilWarning() <= 0) {
      lost.abort(new LeaseLost(lock, { nowMs: clock(), cause: failure }));
      break;
    }
    if (untilDue() <= 0) void heartbeat();
  }
}
function createWithLock(parts) {
  const { acquire, release } = parts;
  const { clock, steadyMs, logger } = parts.timing;
  const entered = new import_node_async_hooks2.AsyncLocalStorage();
  function findEntered(resource, { owner, scope = "exact" }) {
    return entered.getStore()?.find((each) => {
      const isSame4 = each.resource === resource && isSameOwner(each.owner, owner);
      return isSame4 && each.held.lock.scope === scope && !each.isOver;
    });
  }
  async function enterAgain({ held, inside }, work) {
    held.signal.throwIfAborted();
    const working = work(held).finally(() => inside.delete(working));
    inside.add(working);
    return working;
  }
  return async function withLock(resource, options, work) {
    const outer = findEntered(resource, options);
    if (outer) return enterAgain(outer, work);
    const { leaseMs: leaseMs2 = defaultLeaseMs, actor = { id: options.owner.userId } } = options;
    const owner = { ...options.owner, sessionId: randomId("run") };
    const lock = await acquire({ ...options, resource, leaseMs: leaseMs2, owner, actor });
    const sinceGranted = stopwatch(clock, steadyMs);
    const grantingMs = Math.max(0, clock() - lock.acquiredAtMs);
    const missingMs = Math.max(0, leaseMs2 - (lock.expiresAtMs - lock.acquiredAtMs));
    const sinceStart = () => sinceGranted() + grantingMs + missingMs;
    const lost = new AbortController();
    const stop = new AbortController();
    const held = { lock, actor, leaseMs: leaseMs2, sinceStart };
    const alive = keepAlive2(parts, held, { stop: stop.signal, lost });
    const running = { lock, fence: lock.fence, signal: lost.signal };
    const inside = /* @__PURE__ */ new Set();
    const own = { resource, owner: options.owner, held: running, inside, isOver: false };
    try {
      return await entered.run([...entered.getStore() ?? [], own], () => work(running));
    } finally {
      await waitInside(own);
      own.isOver = true;
      stop.abort();
      await release({ ...lock, actor }).catch((error) => {
        logger.warn("Could not give a lock back", { resource, at: clock(), error });
      });
      await alive;
    }
  };
}

// shared/locks/lock-service.ts
function interruptibleSleep(durationMs, signal) {
  return (0, import_promises3.setTimeout)(durationMs, void 0, signal ? { signal } : {}).catch(() => void 0);
}
function completeTiming(given) {
  const steadyMs = given.clock && given.clock !== systemClock ? given.clock : () => performance.now();
  const defaults = { clock: systemClock, steadyMs, sleep: interruptibleSleep, random: Math.random };
  return { ...defaults, logger: silentLogger, ...given };
}
function createLockService({ database, settings, ...given }) {
  const timing = completeTiming(given);
  const { lockLimits: limits = noLockLimits } = settings ?? {};
  const { clock } = timing;
  const trees = createTreeLocks({ database });
  const counting = createCounting({ database, clock, limits });
  const line = createLine({ database, clock, counting });
  const keeping = createGroupKeeping({ database, limits });
  const takeAll2 = createGroupTaking({ database, clock, counting, passOn: line.passOn });
  const parts = { database, takeAll: takeAll2, keeping, line, counting };
  const { acquire, acquireOrQueue, renew, extend: extend2 } = createAcquiring(parts, timing);
  const { release, endByForce } = createEnding({ database, clock, keeping, line, trees });
  return {
    ...createLockList({ database, clock }),
    /**
     * Takes the lock, or renews it if this owner has it already (same fence). One request when it is
     * free, over, or somebody else's; two when it is the caller's own. Safe to repeat.
     *
     * @throws LockHeld at once when somebody else has it and `waitMs` is not given
     * @throws LockTimeout when it was still held after `waitMs`
     * @example const lock = await locks.acquire({ resource: "report/7", owner: { userId: "alice" } });
     */
    acquire,
    /**
     * Takes the lock like `acquire`, or a place in line where another has it. Two requests to join, one
     * more for everybody who changes the line at the same instant; asking again keeps one's place.
     *
     * @throws LineFull when as many wait as may
     * @example const standing = await locks.acquireOrQueue({ resource: "report/7", owner });
     */
    acquireOrQueue,
    line,
    /** Locks by names that callers choose, one or several together; see `createNamedLocks`. */
    named: createNamedLocks({ clock, line, takeAll: takeAll2, keeping, acquireOrQueue, extend: extend2, release }),
    /**
     * Starts the caller's lease again from now; the fence stays. One request. Safe to repeat.
     *
     * @throws LockNotOwned when the lock was released, forced, taken over, or its lease is over:
     * nothing was changed, and only acquiring it anew helps
     * @example await locks.renew({ ...lock, leaseMs: 60_000 });
     */
    renew,
    /** Like `renew`, and tells whether the same idempotency key had extended it before. */
    extend: extend2,
    /**
     * Gives the lock back. One request; two where others wait: then the first of them who is still there
     * has it from that instant, for a short time to claim it in. Repeating it is refused: by then it is
     * not the caller's.
     *
     * @throws LockNotOwned when it was not the caller's (any more); nothing was changed
     * @example await locks.release(lock);
     */
    release,
    /**
     * Ends whoever's lock it is. The former owner's next renewal and protected write are refused even
     * if nobody takes the lock; who forced it and why stays on the row and goes into the audit trail.
     * One request (a tree lock: one more for each name above it). With the `fence` that is meant it ends
     * no later lock; with an idempotency key its repetition ends nothing any more.
     *
     * @returns the lock that was ended, or undefined when nobody had it (any more)
     * @example await locks.forceRelease({ resource, fence, actor: { id: "root" }, reason: "on holiday" });
     */
    async forceRelease(request) {
      return (await endByForce(request)).ended;
    },
    /** Like `forceRelease`, and tells whether the same idempotency key had ended it before. */
    endByForce,
    /**
     * Who has the lock now, or undefined when nobody does. One strongly consistent read.
     *
     * @throws HoldfastError as the `permit` says, when the row denies the right
     * @example const lock = await locks.find("report/7");
     */
    async find(resource, permit) {
      const row = await findLockRow(database, resource);
      const denied = permit?.refusal(row);
      if (denied) throw denied;
      return parseLiveLock(row, clock());
    },
    /**
     * Writes that let a transaction pass only while the caller holds the lock. Put them in front of
     * the writes that the lock protects: then no former owner can overwrite anything, nor anybody whose right
     * (`permit`) was taken away.
     *
     * @example await database.transact([...locks.checkWrites(lock), saveReport]);
     */
    checkWrites({
      permit,
      ...proof
    }) {
      const nowMs = clock();
      const above = proof.scope === "tree" ? trees.checkWrites(proof, nowMs) : [];
      return [checkLockWrite(proof, nowMs, permit), ...above];
    },
    /**
     * Runs `work` under the lock, kept alive and always given back; see `createWithLock`.
     *
     * @example await locks.withLock("report/7", { owner }, ({ signal, fence }) => build(signal, fence));
     */
    withLock: createWithLock({ acquire, renew, release, timing })
  };
}

// shared/orders/fulfilment.ts
var maxFulfilledLines = 1e3;
var FulfilmentExceeded = class extends HoldfastError {
  constructor(lineId, fulfillable, requested) {
    super("FULFILMENT_EXCEEDED", `Only ${fulfillable} of ${lineId} can still be sent`, {
      lineId,
      fulfillable,
      requested
    });
  }
};

// shared/orders/fulfilments/fulfilment-store.ts
var at26 = pathsOf();
var FulfilmentRefused = class extends HoldfastError {
  found;
  constructor(orderId, found) {
    super("TRY_AGAIN", "The order changed in the meantime", { orderId });
    this.found = found && parseOrder(found);
  }
};
function fulfilWrite({ orderId, status, revision, fulfilments = [] }, fulfilment, note) {
  const { fulfilmentId } = fulfilment;
  return update({
    ...orderRow(orderId),
    change: {
      set: [
        action`${at26("fulfilments")} = ${[...fulfilments, fulfilment]}`,
        action`${at26("revision")} = ${(revision ?? 0) + 1}`,
        action`${at26("change")} = ${note}`
      ]
    },
    condition: allOf(
      condition`${at26("status")} = ${status}`,
      revision === void 0 ? isMissing(at26("revision")) : condition`${at26("revision")} = ${revision}`
    ),
    refused: (found) => new FulfilmentRefused(orderId, found),
    applied: (found) => found !== void 0 && (parseOrder(found).fulfilments ?? []).some((each) => each.fulfilmentId === fulfilmentId)
  });
}

// shared/orders/fulfilments/fulfilment-service.ts
var mostMoves4 = 20;
function makeFulfilment(sending, nowMs) {
  const { orderId, reference, lines, tracking } = sending;
  return {
    fulfilmentId: derivedId("ful", orderId, reference),
    reference,
    lines,
    ...tracking === void 0 ? {} : { tracking },
    fingerprint: fingerprint({ lines, tracking }),
    createdAtMs: nowMs
  };
}
function check2(order, { lines }) {
  if (order.status !== "paid") throw new OrderNotPayable(order);
  const fulfillable = sumFulfillable(order);
  for (const [index, { lineId }] of lines.entries()) {
    const path = `lines.${index}.lineId`;
    const message = "is no line of this order";
    if (!fulfillable.has(lineId)) throw new InvalidRequest([{ path, message }]);
  }
  for (const [lineId, quantity] of sumLines(lines)) {
    const left2 = fulfillable.get(lineId) ?? 0;
    if (quantity > left2) throw new FulfilmentExceeded(lineId, left2, quantity);
  }
  const known = (order.fulfilments ?? []).reduce((sum, each) => sum + each.lines.length, 0);
  if (known + lines.length > maxFulfilledLines) {
    const detail = `All fulfilments of an order have at most ${maxFulfilledLines} lines together`;
    throw new TooLarge(detail, maxFulfilledLines);
  }
}
function createFulfilmentService({ database, clock }) {
  return {
    /**
     * Writes down what was sent of a paid order, once for its reference: never more of a line than was ordered,
     * less what was sent and what came back. Two requests; a repetition costs one.
     *
     * @throws OrderNotFound, OrderNotPayable when it is not paid (any more); nothing was changed
     * @throws FulfilmentExceeded when more is sent than is left; nothing was changed
     * @throws IdempotencyKeyReused when the reference was used for something else; nothing was changed
     * @example
     * await fulfilments.add({ orderId, reference: "parcel-1", lines: [{ lineId: "chair", quantity: 1 }], actor });
     */
    add(sending) {
      const { orderId, reference, actor } = sending;
      let seen;
      return again(mostMoves4, async () => {
        const order = seen ?? await findOrder(database, orderId);
        if (!order) throw new OrderNotFound(orderId);
        const fulfilment = makeFulfilment(sending, clock());
        const known = order.fulfilments?.find((each) => each.reference === reference);
        if (known && known.fingerprint !== fulfilment.fingerprint) throw new IdempotencyKeyReused();
        if (known) return { order, replayed: true };
        check2(order, sending);
        const note = changeNote("order.fulfilled", actor, fulfilment.createdAtMs, reference);
        try {
          const row = await database.apply(fulfilWrite(order, fulfilment, note));
          return { order: parseOrder(row), replayed: false };
        } catch (error) {
          if (!(error instanceof FulfilmentRefused)) throw error;
          seen = error.found;
          return new OnceMore();
        }
      });
    }
  };
}

// shared/base/limit-exceeded.ts
var LimitExceeded = class extends HoldfastError {
  constructor(detail, limit) {
    super("LIMIT_EXCEEDED", detail, { limit });
  }
};

// shared/inventory/item-limits.ts
var LimitsMoved = class extends HoldfastError {
  /** The items as they are. */
  stocks;
  constructor(stocks) {
    super("TRY_AGAIN", "The limits of an item were changed in the meantime");
    this.stocks = stocks;
  }
};
function checkPerShopper(itemId, units, most) {
  if (units <= most) return;
  const detail = `One shopper gets at most ${most} units of ${itemId}`;
  throw new LimitExceeded(detail, { name: "perShopper", value: most, itemId });
}
function checkPerOrder({ itemId, quantity }, { perOrder = Infinity }) {
  if (quantity <= perOrder) return;
  const detail = `One order has at most ${perOrder} units of ${itemId}`;
  throw new LimitExceeded(detail, { name: "perOrder", value: perOrder, itemId });
}
function isCountedAsItIs({ perShopper }, stock) {
  return perShopper === void 0 || perShopper === (stock.perShopper ?? null);
}
function fitsLimits(demand, stock) {
  const { quantity, perShopper } = demand;
  const mayHave = perShopper === void 0 || quantity <= (stock.perOrder ?? Infinity);
  return mayHave && isCountedAsItIs(demand, stock);
}
function assertLimits(demand, stock) {
  if (demand.perShopper !== void 0) checkPerOrder(demand, stock);
  if (!isCountedAsItIs(demand, stock)) throw new LimitsMoved([stock]);
}

// shared/orders/allowance.ts
function listAllowances(demands) {
  return demands.flatMap(({ itemId, quantity, perShopper }) => {
    if (perShopper === void 0 || perShopper === null) return [];
    return [{ itemId, quantity, perShopper }];
  });
}
function listOverdueShares({ open: open2 }, nowMs) {
  return [...open2].filter(([, { untilMs }]) => isExpired(epochMs(untilMs), nowMs));
}
function sumShares(shares) {
  return shares.reduce((sum, [, { units }]) => sum + units, 0);
}
function checkAllowance(allowance, taken, nowMs) {
  const { itemId, quantity, perShopper } = allowance;
  const live = taken.units - sumShares(listOverdueShares(taken, nowMs));
  checkPerShopper(itemId, live + quantity, perShopper);
}

// shared/orders/allowance-store.ts
var at27 = pathsOf();
var orderAttribute = (orderId) => `order:${orderId}`;
var mark = "";
function place(order, { itemId }) {
  const shopperId = `${mark}${itemId}${mark}${resolvePlacer(order)}`;
  return { table: "Shoppers", key: { shopperId } };
}
function parseTaken2(row) {
  const open2 = Object.entries(row ?? {}).flatMap(([name, value]) => {
    if (!name.startsWith("order:")) return [];
    const { units, untilMs } = value;
    return [[name.slice(6), { units, untilMs: epochMs(untilMs) }]];
  });
  return { units: Number(row?.["taken"] ?? 0), open: new Map(open2) };
}
var AllowanceMoved = class extends HoldfastError {
  constructor() {
    super("TRY_AGAIN", "What the shopper has of this item changed in the meantime");
  }
};
function takingOver({ seen, nowMs }) {
  const overdue = seen ? listOverdueShares(seen, nowMs) : [];
  return {
    freed: sumShares(overdue),
    remove: overdue.map(([orderId]) => at27(orderAttribute(orderId))),
    guards: overdue.map(
      ([orderId, { units, untilMs }]) => condition`${at27(orderAttribute(orderId))} = ${{ units, untilMs }}`
    )
  };
}
function allowanceCovers({ quantity, perShopper }, freed) {
  const fits = condition`${at27("taken")} <= ${perShopper - quantity + freed}`;
  const fitsAlone = freed === 0 && quantity <= perShopper;
  return fitsAlone ? anyOf(isMissing(at27("taken")), fits) : fits;
}
function takeAllowanceWrite(taking2) {
  const { order, allowance } = taking2;
  const { quantity: units } = allowance;
  const { freed, remove, guards } = takingOver(taking2);
  const share = { units, untilMs: order.expiresAtMs };
  const isOpen3 = order.status === "pending";
  return update({
    ...place(order, allowance),
    change: {
      set: [
        action`${at27("taken")} = if_not_exists(${at27("taken")}, ${0}) + ${units - freed}`,
        ...isOpen3 ? [action`${at27(orderAttribute(order.orderId))} = ${share}`] : []
      ],
      remove
    },
    condition: allOf(allowanceCovers(allowance, freed), ...guards),
    refused: () => new AllowanceMoved()
  });
}
function ofShares(order, change3) {
  const path = at27(orderAttribute(order.orderId));
  return (order.allowances ?? []).map((allowance) => {
    const { isGone, set = [] } = change3(allowance);
    return update({
      ...place(order, allowance),
      change: { set, ...isGone ? { remove: [path] } : {} },
      condition: exists(path),
      refused: () => new AllowanceMoved()
    });
  });
}
function extendAllowanceWrites(order, untilMs) {
  const path = at27(orderAttribute(order.orderId));
  return ofShares(order, ({ quantity: units }) => {
    return { set: [action`${path} = ${{ units, untilMs }}`], isGone: false };
  });
}
function leaveAllowanceWrites(order) {
  return ofShares(order, ({ quantity }) => {
    return { set: [action`${at27("taken")} = ${at27("taken")} - ${quantity}`], isGone: true };
  });
}
function keepAllowanceWrite(order, allowance) {
  const [write] = ofShares({ ...order, allowances: [allowance] }, () => ({ isGone: true }));
  return write;
}

// shared/orders/shopper.ts
function listOverdue({ orders }, nowMs) {
  return [...orders].filter(([, deadlineMs]) => isExpired(deadlineMs, nowMs));
}
function withoutOverdue(shopper, nowMs) {
  const overdue = listOverdue(shopper, nowMs);
  const live = [...shopper.orders].filter(([, deadlineMs]) => !isExpired(deadlineMs, nowMs));
  return {
    open: shopper.open - overdue.length,
    orders: new Map(live),
    unpaid: shopper.unpaid + overdue.length,
    lastUnpaidAtMs: Math.max(shopper.lastUnpaidAtMs, ...overdue.map(([, endedAtMs]) => endedAtMs))
  };
}
function whyLimited(shopper, limits, nowMs) {
  const { open: open2, orders, unpaid: unpaid2, lastUnpaidAtMs } = withoutOverdue(shopper, nowMs);
  const { maxOpenOrders, maxUnpaidOrders, unpaidPauseMs } = limits;
  if (open2 >= maxOpenOrders) {
    const detail2 = `At most ${maxOpenOrders} orders can wait for their payment at a time`;
    const untilMs2 = Math.min(...orders.values());
    return new LimitExceeded(detail2, { name: "maxOpenOrders", value: maxOpenOrders, untilMs: untilMs2 });
  }
  const untilMs = later(epochMs(lastUnpaidAtMs), unpaidPauseMs);
  if (maxUnpaidOrders === 0 || unpaid2 < maxUnpaidOrders || untilMs <= nowMs) return void 0;
  const detail = `${unpaid2} orders in a row were not paid: please wait a little`;
  return new LimitExceeded(detail, { name: "maxUnpaidOrders", value: maxUnpaidOrders, untilMs });
}
function checkUnits(demands, { maxUnitsPerLine }) {
  const over = demands.find(({ quantity }) => quantity > maxUnitsPerLine);
  if (maxUnitsPerLine === 0 || !over) return;
  const { itemId } = over;
  const detail = `An order has at most ${maxUnitsPerLine} units of ${itemId}`;
  throw new LimitExceeded(detail, { name: "maxUnitsPerLine", value: maxUnitsPerLine, itemId });
}

// shared/orders/shopper-store.ts
var shopperLifeMs = 7 * dayMs;
var at28 = pathsOf();
var orderAttribute2 = (orderId) => `order:${orderId}`;
var place2 = (order) => ({ table: "Shoppers", key: { shopperId: resolvePlacer(order) } });
function parseShopper(row) {
  const orders = Object.entries(row ?? {}).flatMap(
    ([name, value]) => name.startsWith("order:") ? [[name.slice(6), epochMs(Number(value))]] : []
  );
  const count = (name) => Number(row?.[name] ?? 0);
  return {
    open: count("open"),
    orders: new Map(orders),
    unpaid: count("unpaid"),
    lastUnpaidAtMs: count("lastUnpaidAtMs")
  };
}
var ShopperMoved = class extends HoldfastError {
  constructor() {
    super("TRY_AGAIN", "The shopper's orders changed in the meantime");
  }
};
function hasRoomFor2({ maxOpenOrders }, leaving) {
  return anyOf(isMissing(at28("open")), condition`${at28("open")} < ${maxOpenOrders + leaving}`);
}
function isNotPaused({ maxUnpaidOrders, unpaidPauseMs }, nowMs) {
  return anyOf(
    isMissing(at28("unpaid")),
    condition`${at28("unpaid")} < ${maxUnpaidOrders}`,
    condition`${at28("lastUnpaidAtMs")} <= ${nowMs - unpaidPauseMs}`
  );
}
function isFarFromPause({ maxUnpaidOrders }) {
  return anyOf(isMissing(at28("atRisk")), condition`${at28("atRisk")} < ${maxUnpaidOrders}`);
}
function takingOver2({ seen, nowMs }) {
  const overdue = seen ? listOverdue(seen, nowMs) : [];
  if (!seen || overdue.length === 0) return { leaving: 0, set: [], remove: [], guards: [] };
  const { unpaid: unpaid2, lastUnpaidAtMs } = withoutOverdue(seen, nowMs);
  const known = seen.unpaid;
  return {
    leaving: overdue.length,
    set: [action`${at28("unpaid")} = ${unpaid2}`, action`${at28("lastUnpaidAtMs")} = ${lastUnpaidAtMs}`],
    remove: overdue.map(([orderId]) => at28(orderAttribute2(orderId))),
    guards: [
      ...overdue.map(([id, endedAtMs]) => condition`${at28(orderAttribute2(id))} = ${endedAtMs}`),
      known === 0 ? anyOf(isMissing(at28("unpaid")), condition`${at28("unpaid")} = ${0}`) : condition`${at28("unpaid")} = ${known}`
    ]
  };
}
function countOrderWrite(counting) {
  const { order, limits, nowMs, seen } = counting;
  const { leaving, set, remove, guards } = takingOver2(counting);
  const pausing = seen ? [isNotPaused(limits, nowMs)] : [isNotPaused(limits, nowMs), isFarFromPause(limits)];
  const rules = limits.maxUnpaidOrders > 0 ? pausing : [];
  return update({
    ...place2(order),
    change: {
      set: [
        action`${at28("open")} = if_not_exists(${at28("open")}, ${0}) + ${1 - leaving}`,
        action`${at28("atRisk")} = if_not_exists(${at28("atRisk")}, ${0}) + ${1}`,
        action`${at28(orderAttribute2(order.orderId))} = ${order.expiresAtMs}`,
        action`${at28("ttlSeconds")} = ${ttlSecondsAt(later(order.expiresAtMs, shopperLifeMs))}`,
        ...set
      ],
      remove
    },
    condition: allOf(hasRoomFor2(limits, leaving), ...rules, ...guards),
    refused: (found) => whyLimited(parseShopper(found), limits, nowMs) ?? new ShopperMoved()
  });
}
function recount(found, limits, nowMs) {
  const shopper = parseShopper(found);
  const limited = whyLimited(shopper, limits, nowMs);
  if (limited instanceof LimitExceeded) throw limited;
  return shopper;
}
function ofCounted(order, set, leaves) {
  if (!order.isCounted) return [];
  const path = at28(orderAttribute2(order.orderId));
  return [
    update({
      ...place2(order),
      change: { set: [...set], ...leaves ? { remove: [path] } : {} },
      condition: exists(path),
      refused: () => new ShopperMoved()
    })
  ];
}
function extendCountWrites(order, untilMs) {
  const path = at28(orderAttribute2(order.orderId));
  const ttlSeconds = ttlSecondsAt(later(untilMs, shopperLifeMs));
  const until = [action`${path} = ${untilMs}`, action`${at28("ttlSeconds")} = ${ttlSeconds}`];
  return ofCounted(order, until, false);
}
function leaveCountWrites(order, ending2, nowMs) {
  const effects2 = {
    paid: [action`${at28("unpaid")} = ${0}`, action`${at28("atRisk")} = ${at28("open")} - ${1}`],
    unpaid: [
      action`${at28("unpaid")} = if_not_exists(${at28("unpaid")}, ${0}) + ${1}`,
      action`${at28("lastUnpaidAtMs")} = ${nowMs}`
    ],
    neither: [action`${at28("atRisk")} = if_not_exists(${at28("atRisk")}, ${at28("open")}) - ${1}`]
  }[ending2];
  return ofCounted(order, [action`${at28("open")} = ${at28("open")} - ${1}`, ...effects2], true);
}

// shared/table/tolerating.ts
async function transactTolerating(database, required, tolerated) {
  const out = [];
  for (; ; ) {
    const left2 = tolerated.filter((each) => !out.includes(each));
    try {
      await database.transact([...required, ...left2.flat()]);
      return out;
    } catch (error) {
      if (!(error instanceof TransactionRefused)) throw error;
      if (required.some((write) => error.of(write))) throw error;
      out.push(...left2.filter((each) => [each].flat().some((write) => error.of(write))));
    }
  }
}

// shared/orders/holdings.ts
function listHoldings(order, note) {
  const { orderId, lines, uses = [], pieces, expiresAtMs: expiresAtMs2 } = order;
  return [...sumDemand(lines), ...uses].flatMap(({ itemId, quantity }) => {
    const where = pieces?.[itemId] ?? [{ row: 0, quantity }];
    return where.map((piece) => ({ itemId, orderId, expiresAtMs: expiresAtMs2, note, ...piece }));
  });
}
function confirmWrite(holding) {
  return holding.row === 0 ? confirmHoldWrite(holding) : settleSoldWrite(holding);
}
function extendWrite(holding, untilMs) {
  const later2 = { ...holding, untilMs };
  return holding.row === 0 ? extendHoldWrite(later2) : settleMovedWrite(later2);
}
function extendPieces(order, untilMs) {
  const { pieces, expiresAtMs: expiresAtMs2 } = order;
  if (!pieces || bucketKey(untilMs) === bucketKey(expiresAtMs2)) return pieces;
  const moved = ({ row, quantity, fromMs }) => {
    const isFirst = row > 0 && fromMs === void 0;
    return { row, quantity, ...isFirst ? { fromMs: expiresAtMs2 } : {} };
  };
  return Object.fromEntries(
    Object.entries(pieces).map(([itemId, own]) => [itemId, own.map((piece) => moved(piece))])
  );
}
function releaseWrites(holding) {
  const { fromMs, ...held } = holding;
  if (fromMs === void 0) return [releaseHoldWrite(held)];
  const before = { ...held, expiresAtMs: fromMs };
  return [settleBackWrite({ ...before, untilMs: held.expiresAtMs }), releaseHoldWrite(before)];
}
function listReleases(held, others) {
  let room = maxTransactionWrites - others;
  return held.map((holding) => {
    const writes = releaseWrites(holding);
    if (writes.length > room) return [];
    room -= writes.length;
    return writes;
  });
}
async function releaseMoved(database, left2) {
  const moved = left2.filter(({ fromMs }) => fromMs !== void 0);
  const releasing = moved.map(
    ({ fromMs: _former, ...held }) => database.transact([releaseHoldWrite(held)])
  );
  await Promise.allSettled(releasing);
}

// shared/orders/claims/order-claim-store.ts
var at29 = pathsOf();
function offerOrderWrite({ orderId, claim, untilMs, caller, note }) {
  const digest2 = fingerprint(claim);
  return update({
    ...orderRow(orderId),
    change: {
      set: [action`${at29("claim")} = ${{ digest: digest2, untilMs }}`, action`${at29("change")} = ${note}`]
    },
    condition: caller.isAdmin ? exists(at29("orderId")) : condition`${at29("userId")} = ${caller.userId}`,
    refused: () => new OrderNotFound(orderId),
    applied: (found) => found !== void 0 && parseOrder(found).claim?.digest === digest2
  });
}
function claimOrderWrite({ orderId, claim, userId, note }) {
  const digest2 = fingerprint(claim);
  const [owner, placer, revision] = [at29("userId"), at29("placedBy"), at29("revision")];
  return update({
    ...orderRow(orderId),
    change: {
      set: [
        action`${placer} = if_not_exists(${placer}, ${owner})`,
        action`${owner} = ${userId}`,
        action`${at29("claimedWith")} = ${digest2}`,
        action`${revision} = if_not_exists(${revision}, ${0}) + ${1}`,
        action`${at29("change")} = ${note}`
      ],
      remove: [at29("claim")]
    },
    condition: allOf(
      condition`${at29("claim", "digest")} = ${digest2}`,
      condition`${at29("claim", "untilMs")} > ${note.atMs}`,
      condition`${owner} <> ${userId}`
    ),
    refused: (found) => explainRefusal3(digest2, found),
    applied: (found) => isClaimedBy(found, digest2, userId)
  });
}
function isClaimedBy(found, digest2, userId) {
  if (!found) return false;
  const { claimedWith, userId: owner } = parseOrder(found);
  return claimedWith === digest2 && owner === userId;
}
function explainRefusal3(digest2, found) {
  if (!found) return new ClaimNotAccepted("unknown");
  const { claim, claimedWith, userId } = parseOrder(found);
  if (claimedWith === digest2) return new ClaimNotAccepted("used", userId);
  if (claim?.digest !== digest2) return new ClaimNotAccepted("unknown");
  return new ClaimNotAccepted("expired", userId);
}

// shared/orders/claims/order-claim-service.ts
function createOrderClaims({ database, clock }) {
  return {
    /**
     * Makes a claim to an order, good for an hour and for one use, in the place of an earlier one. One request. Who
     * has it can have the order: it is told to nobody else.
     *
     * @throws OrderNotFound also when it is somebody else's; nothing was changed
     * @example const { claim } = await orders.offerClaim("ord_x", { userId: "guest-1", isAdmin: false }, actor)
     */
    async offerClaim(orderId, caller, actor) {
      const claim = randomId("clm");
      const nowMs = clock();
      const expiresAtMs2 = later(nowMs, claimLifeMs);
      const note = changeNote("order.claim_made", actor, nowMs);
      const offer = { orderId, claim, untilMs: expiresAtMs2, caller, note };
      await database.apply(offerOrderWrite(offer));
      return { claim, expiresAtMs: expiresAtMs2 };
    },
    /**
     * Makes a claimed order the caller's, whatever its status: from then on they see, pay and cancel it, and who had
     * it no more. What limits count stays with who placed it, so that none is got round by handing over. One
     * request; shown again by the same user it answers with the order and moves nothing (two).
     *
     * @throws ClaimNotAccepted when it is not of this order, over, or used by another; nothing was changed
     * @example await orders.claim({ orderId: "ord_x", claim, userId: "alice", actor })
     */
    async claim({ orderId, claim, userId, actor }) {
      const note = changeNote("order.claimed", actor, clock());
      const claiming = { orderId, claim, userId, note };
      try {
        return parseOrder(await database.apply(claimOrderWrite(claiming)));
      } catch (error) {
        const isOurs = error instanceof ClaimNotAccepted && error.usedBy === userId;
        if (!isOurs) throw error;
        return getOwnOrder(database, orderId, { userId, isAdmin: false });
      }
    }
  };
}

// shared/inventory/hot/opening.ts
async function open(database, { opening }) {
  try {
    await database.transact(opening, { isAside: true });
    return true;
  } catch (error) {
    const [first] = error instanceof TransactionRefused ? error.refusals : [];
    if (first?.error instanceof SettlementOpen) return true;
    if (first?.error instanceof HoldGone) return false;
    throw error;
  }
}
function listMissing({ refusals }) {
  return refusals.flatMap(({ error }) => error instanceof SettlementMissing ? [error] : []);
}
async function transactOpening(database, writes, bearing = {}) {
  const gone2 = /* @__PURE__ */ new Set();
  for (let isAfterLoss = false; ; ) {
    try {
      await database.transact(writes, bearing);
      return;
    } catch (error) {
      if (!(error instanceof TransactionRefused)) throw error;
      isAfterLoss ||= error.isAfterLoss;
      const missing = listMissing(error).filter(({ opening }) => !gone2.has(opening));
      if (missing.length === 0) throw error.withLoss(isAfterLoss);
      if (isAfterLoss) noteCommit();
      const opened = await Promise.all(missing.map((each) => open(database, each)));
      for (const [index, { opening }] of missing.entries()) if (!opened[index]) gone2.add(opening);
    }
  }
}

// shared/table/failures.ts
var import_util_dynamodb = require("@aws-sdk/util-dynamodb");
var maxItemBytes = 400 * 1024;
function parseRow(item) {
  return item && (0, import_util_dynamodb.unmarshall)(item);
}
var busyNames = /* @__PURE__ */ new Set([
  "TransactionConflictException",
  "TransactionInProgressException",
  "ThrottlingException",
  "ProvisionedThroughputExceededException",
  "RequestLimitExceeded",
  "LimitExceededException"
]);
var busyReasons = /* @__PURE__ */ new Set([
  "TransactionConflict",
  "ThrottlingError",
  "ProvisionedThroughputExceeded"
]);
function busyBecause(names) {
  const at40 = names.flatMap(
    (name, index) => busyReasons.has(name) || busyNames.has(name) ? [index] : []
  );
  const isConflict = names.some((name) => /^Transaction(?:Conflict|InProgress)/.test(name));
  return { kind: "busy", because: isConflict ? "conflict" : "throttle", at: at40 };
}
function cancelled(reasons2, error) {
  const codes = reasons2.map(({ Code = "" }) => Code);
  if (codes.some((code) => busyReasons.has(code))) return busyBecause(codes);
  const found = new Map(
    reasons2.flatMap(
      ({ Code, Item }, index) => Code === "ConditionalCheckFailed" ? [[index, parseRow(Item)]] : []
    )
  );
  if (found.size > 0) return { kind: "refused", found };
  const invalid = reasons2.find(({ Code }) => Code === "ValidationError");
  return { kind: "other", error: invalid ? translated(invalid.Message ?? "", error) : error };
}
function translated(message, error) {
  if (/item size.*exceed|exceeded the maximum allowed size/i.test(message)) {
    return new TooLarge("This would grow past the size that one record may have", maxItemBytes);
  }
  return error;
}
function parseFailure(error) {
  const { name = "", message = "", Item, $metadata, CancellationReasons } = error;
  if (name === "ConditionalCheckFailedException") {
    return { kind: "refused", found: /* @__PURE__ */ new Map([[0, parseRow(Item)]]) };
  }
  if (name === "TransactionCanceledException") return cancelled(CancellationReasons ?? [], error);
  if (busyNames.has(name)) return busyBecause([name]);
  if (name === "ValidationException") return { kind: "other", error: translated(message, error) };
  const status = $metadata?.httpStatusCode;
  const isRefusal = status !== void 0 && status >= 300 && status < 500;
  if (isRefusal) return { kind: "other", error };
  if (status !== void 0) return { kind: "unknown" };
  return isLostAnswer(error) ? { kind: "unknown" } : { kind: "other", error };
}
var lostNames = /* @__PURE__ */ new Set(["TimeoutError", "AbortError"]);
function isLostAnswer({ name, code, $metadata }) {
  return $metadata !== void 0 || lostNames.has(name ?? "") || /^E[A-Z]+$/.test(code ?? "");
}
function isInvalidInput(error) {
  return error.name === "ValidationException";
}

// shared/table/retry.ts
var firstBackoffMs2 = 20;
var longestBackoffMs2 = 1e3;
var defaultPatienceMs2 = 1e4;
var OutcomeUnknown = class extends Error {
  constructor(...args) {
    super(...args);
    noteCommit();
  }
};
function refusedAs(write, found, afterLoss) {
  if (afterLoss && write.applied?.(found)) return found ?? {};
  if (!afterLoss || write.recall?.isPossible(found) !== false) throw write.refused(found);
  throw new OutcomeUnknown("No answer from DynamoDB");
}
var Contended = class extends TryAgain {
  because;
  /** Positions of the writes whose items had met another transaction, or had no capacity left. */
  at;
  constructor({ because, at: at40 }) {
    super();
    this.because = because;
    this.at = at40;
  }
};
var AnswerLost = class extends TryAgain {
};
function patientUntilMs(elseUntilMs = Infinity) {
  const { deadlineMs = elseUntilMs, patientUntilMs: untilMs = deadlineMs } = currentOperation() ?? {};
  return hasCommitted() ? deadlineMs : Math.min(untilMs, deadlineMs);
}
function outOfPatience(cause) {
  return hasCommitted() ? new OutcomeUnknown("Done in part: out of time", { cause }) : new TryAgain();
}
function createEndurance({ conflicts = Infinity, throttles = Infinity }) {
  const met = { conflict: 0, throttle: 0 };
  return (failure) => {
    if (failure.kind !== "busy") return;
    met[failure.because] += 1;
    if (met.conflict >= conflicts || met.throttle >= throttles) throw new Contended(failure);
  };
}
function createPauses({ clock, random }) {
  let longestMs2 = firstBackoffMs2;
  let isLast = false;
  return (untilMs) => {
    const share = random();
    const pauseMs = share * longestMs2;
    longestMs2 = Math.min(longestBackoffMs2, 2 * longestMs2);
    const leftMs = untilMs - clock();
    if (pauseMs < leftMs) return pauseMs;
    if (isLast || leftMs <= 0) return void 0;
    isLast = true;
    return share * leftMs;
  };
}
async function persist(patience, attempt, refused3, { hasEffect, ...bearing } = { hasEffect: true }) {
  const endure = createEndurance(bearing);
  const deadlineMs = currentOperation()?.deadlineMs ?? patience.clock() + defaultPatienceMs2;
  const nextPause = createPauses(patience);
  let afterLoss = false;
  for (; ; ) {
    try {
      return await attempt(afterLoss);
    } catch (error) {
      const failure = parseFailure(error);
      if (failure.kind === "refused") return refused3(failure, afterLoss);
      if (failure.kind === "other") throw failure.error;
      afterLoss ||= hasEffect && failure.kind === "unknown";
      if (afterLoss && bearing.isOnce) throw new AnswerLost();
      if (!afterLoss) endure(failure);
      const pauseMs = nextPause(afterLoss ? deadlineMs : patientUntilMs(deadlineMs));
      if (pauseMs === void 0) {
        if (afterLoss) throw new OutcomeUnknown("No answer from DynamoDB", { cause: error });
        throw outOfPatience(error);
      }
      await patience.sleep(pauseMs);
    }
  }
}

// shared/inventory/hot/finding.ts
var import_safe_stable_stringify3 = require("safe-stable-stringify");

// shared/inventory/hot/sold-out-notice.ts
var at30 = pathsOf();
var Outlasted = class extends HoldfastError {
  constructor() {
    super("TRY_AGAIN", "There is a later notice");
  }
};
async function leaveNotice(database, { itemId, available, untilMs }) {
  const write = update({
    ...noticePlace(itemId),
    change: {
      set: [
        action`${at30("noticeOf")} = ${itemId}`,
        action`${at30("available")} = ${available}`,
        action`${at30("untilMs")} = ${untilMs}`
      ]
    },
    condition: anyOf(isMissing(at30("untilMs")), condition`${at30("untilMs")} < ${untilMs}`),
    refused: () => new Outlasted()
  });
  try {
    await database.apply(write, { isAside: true, isOnce: true, conflicts: 1, throttles: 1 });
  } catch (error) {
    if (!(error instanceof HoldfastError)) throw error;
  }
}
async function findNotice(database, { itemId, quantity: requested }, { nowMs, memoryMs }) {
  const { table: table2, key: key2 } = noticePlace(itemId);
  const [row] = await database.lookAtMany(table2, [key2]);
  if (!row) return void 0;
  const { available, untilMs } = row;
  const stands = untilMs > nowMs && untilMs <= nowMs + memoryMs;
  if (!stands || requested <= available) return void 0;
  return { itemId, reason: "insufficient_stock", available, requested, untilMs };
}

// shared/inventory/hot/finding.ts
function pick(random, list) {
  return list[Math.floor(random() * list.length)];
}
var manyPieces = maxTransactionWrites / 2 - 2;
var byLevel = (one, other) => other.available - one.available;
function gather2(rows, quantity) {
  let missing = quantity;
  const pieces = rows.flatMap(({ row, available }) => {
    const part = Math.min(missing, Math.max(0, available));
    missing -= part;
    return part > 0 ? [{ row, quantity: part }] : [];
  });
  return missing === 0 ? pieces : void 0;
}
function choosePieces({ main, rows }, quantity, { nowMs, random }) {
  const own = { row: 0, available: main.available + expiredUnits(main, nowMs) };
  if (main.shards === void 0 && own.available >= quantity) return [{ row: 0, quantity }];
  const alone = pick(
    random,
    rows.filter(({ available }) => available >= quantity)
  );
  if (alone) return [{ row: alone.row, quantity }];
  if (own.available >= quantity) return [{ row: 0, quantity }];
  const further = rows.map(({ row = 0, available }) => ({ row, available }));
  const pieces = gather2([...further.toSorted(byLevel), own], quantity);
  const isMany = pieces !== void 0 && pieces.length > manyPieces;
  return isMany ? gather2([...further, own].toSorted(byLevel), quantity) : pieces;
}
function onTheShelf({ main, rows }, nowMs) {
  const own = main.available + expiredUnits(main, nowMs);
  const available = rows.reduce((sum, row) => sum + row.available, own);
  return { ...main, available, due: {} };
}
function assertTime({ clock }) {
  if (clock() >= patientUntilMs()) throw outOfPatience();
}
var hasMany = (row) => listBuckets(row).length >= manyBuckets;
var isCrammed = (row, nowMs) => hasMany(row) && roomIn(row, nowMs).over.length > 0;
function withRooms(pieces, rows, nowMs) {
  return pieces.map((piece) => {
    const row = rows.find((each) => each.row === piece.row);
    return row && hasMany(row) ? { ...piece, room: roomIn(row, nowMs) } : piece;
  });
}
var mostSettled = 4;
var longestPauseMs2 = 50;
var byPrice = (one, other) => (one.parts + 1) / one.left - (other.parts + 1) / other.left;
async function closeUntil(options, rows, missing) {
  let left2 = missing;
  let isMore = false;
  for (const row of rows) {
    let settled = 0;
    const closed = await closeExpired(options, row, (current) => {
      assertTime(options);
      const goesOn = hasMany(current) || current.available - row.available < left2;
      isMore ||= goesOn && settled === mostSettled;
      settled += 1;
      return goesOn && settled <= mostSettled;
    });
    left2 -= closed.available - row.available;
  }
  if (isMore && left2 > 0) await options.sleep(options.random() * longestPauseMs2);
}
async function noteSoldOut({ database, memory, clock }, { main, rows }, { itemId, available, nextMs: arrivingMs }) {
  const nowMs = clock();
  const live = [main, ...rows].flatMap((row) => liveBuckets(row, nowMs));
  const nextMs = Math.min(arrivingMs, ...live.map(({ endsAtMs }) => endsAtMs));
  const untilMs = memory.sawSoldOut(itemId, available, nextMs);
  if (untilMs > nowMs) await leaveNotice(database, { itemId, available, untilMs });
}
async function findUnits(options, demand, known = demand) {
  const { database, clock, random, memory } = options;
  let short;
  for (let before = ""; ; assertTime(options)) {
    const read2 = before === "" ? database.lookAtMany : database.getMany;
    const found = await findRows(database, known, read2);
    if (!found) throw new ItemsUnavailable([whyRefused(demand, void 0, clock())]);
    memory.saw(found.main);
    const nowMs = clock();
    const refused3 = whyRefused(demand, onTheShelf(found, nowMs), nowMs);
    const isBarred = refused3 && refused3.reason !== "insufficient_stock";
    if (before === "" && (isBarred || !fitsLimits(demand, found.main))) {
      before = "barred";
      continue;
    }
    assertLimits(demand, found.main);
    if (isBarred) throw new ItemsUnavailable([refused3]);
    const crammed = found.rows.filter((row) => isCrammed(row, nowMs));
    const pieces = choosePieces(found, demand.quantity, { nowMs, random });
    if (pieces && crammed.length === 0) return withRooms(pieces, found.rows, nowMs);
    const over = found.rows.filter((row) => expiredUnits(row, nowMs) > 0);
    const after = (0, import_safe_stable_stringify3.stringify)([found, over.map((row) => expiredUnits(row, nowMs))]);
    if (refused3 && short && after === before) {
      await noteSoldOut(options, found, short);
      const { nextMs: _next, ...told2 } = short;
      throw new ItemsUnavailable([told2]);
    }
    before = after;
    const foreseen = pieces ? [] : await foresee(database, over, nowMs);
    const coming = foreseen.reduce((sum, { left: left2 }) => sum + left2, 0);
    const isShort = refused3 !== void 0 && refused3.available + coming < demand.quantity;
    const nextMs = Math.min(...foreseen.map((each) => each.nextMs));
    short = isShort ? { ...refused3, available: refused3.available + coming, nextMs } : void 0;
    const missing = demand.quantity - onTheShelf(found, nowMs).available;
    const giving = foreseen.filter(({ left: left2 }) => left2 > 0 && !isShort).toSorted(byPrice);
    await closeUntil(options, /* @__PURE__ */ new Set([...crammed, ...giving.map(({ row }) => row)]), missing);
  }
}

// shared/inventory/hot/taking.ts
var HoldBehind = class extends Error {
  throughMs;
  constructor(throughMs) {
    super("The hold would end where everything was taken over");
    this.throughMs = throughMs;
  }
};
var longestPauseMs3 = 200;
async function take(options, wish, piece) {
  const { database, clock } = options;
  const write = holdWrite({ ...wish, wanted: wish.quantity, ...piece, nowMs: clock() });
  try {
    await database.apply(write, { isAside: true, isOnce: true, conflicts: 1, throttles: 1 });
    return "taken";
  } catch (error) {
    if (error instanceof Contended) return "busy";
    if (error instanceof AnswerLost || error instanceof ItemsUnavailable) return "refused";
    throw error;
  }
}
var givingBackMs = 1e3;
async function giveBack({ database, clock }, { itemId, orderId, expiresAtMs: expiresAtMs2, note }, pieces) {
  const told2 = changeNote("hold.released", { id: note.actor }, clock());
  const reserved = pieces.filter(({ row }) => row > 0);
  await withMoreTime({ moreMs: givingBackMs, nowMs: clock() }, () => {
    const giving = reserved.map(async (piece) => {
      const write = releaseHoldWrite({ itemId, orderId, expiresAtMs: expiresAtMs2, ...piece, note: told2 });
      await database.transact([write], { isAside: true });
    });
    return Promise.allSettled(giving);
  });
}
async function takeAll(options, wish, pieces) {
  const reserved = pieces.filter(({ row }) => row > 0);
  const tries = await Promise.all(reserved.map((piece) => take(options, wish, piece)));
  const bad = tries.find((each) => each !== "taken");
  if (!bad) return "taken";
  await giveBack(
    options,
    wish,
    reserved.filter((_, index) => tries[index] === "taken")
  );
  return bad;
}
async function heedNotice({ database, memory, clock }, wish) {
  if (memory.soldOutMs <= 0) return;
  const times2 = { nowMs: clock(), memoryMs: memory.soldOutMs };
  const noticed = await findNotice(database, wish, times2);
  if (!noticed) return;
  const { untilMs, ...refused3 } = noticed;
  memory.sawSoldOut(refused3.itemId, refused3.available, untilMs);
  throw new ItemsUnavailable([refused3]);
}
async function assertAhead(options, wish, known) {
  const found = await findRows(options.database, known);
  const through = (found?.rows ?? []).map(({ reclaimedThroughMs }) => reclaimedThroughMs);
  const throughMs = Math.max(0, ...through);
  if (bucketEndMs(bucketKey(wish.expiresAtMs)) <= throughMs) throw new HoldBehind(throughMs);
}
async function reserve(options, wish, known) {
  const { sleep, random, memory } = options;
  const anyRow = () => {
    const { shards = 0, rows = 0 } = memory.hot(wish.itemId) ?? known;
    const row = 1 + Math.floor(random() * Math.min(shards, rows));
    return shards > 0 && rows > 0 ? [{ row, quantity: wish.quantity }] : void 0;
  };
  let pieces = anyRow() ?? await findUnits(options, wish, known);
  for (let round = 0; ; round += 1) {
    const tried = await takeAll(options, wish, pieces);
    if (tried === "taken") return pieces.map(({ room: _seen, ...piece }) => piece);
    assertTime(options);
    if (round > 0) await sleep(random() * Math.min(longestPauseMs3, 5 * 2 ** round));
    if (tried === "refused" && round > 2) await assertAhead(options, wish, known);
    if (tried === "refused") await heedNotice(options, wish);
    const isHot = tried === "busy" && memory.hot(wish.itemId)?.shards !== void 0;
    pieces = (isHot ? anyRow() : void 0) ?? await findUnits(options, wish, known);
  }
}

// shared/inventory/line/turn-claim.ts
function whyNotClaimed(demand, stock, nowMs) {
  return whyRefused(demand, stock && { ...stock, available: 1, due: {} }, nowMs);
}
function effects({ expiresAtMs: expiresAtMs2 }, { endsAtMs }, isPaid) {
  const due = at6("due", bucketKey(endsAtMs));
  const less = action`${due} = ${due} - ${1}`;
  if (isPaid) {
    const [held, sold] = [at6("held"), at6("sold")];
    return [less, action`${held} = ${held} - ${1}`, action`${sold} = ${sold} + ${1}`];
  }
  if (bucketKey(expiresAtMs2) === bucketKey(endsAtMs)) return [];
  const later2 = at6("due", bucketKey(expiresAtMs2));
  return [less, action`${later2} = if_not_exists(${later2}, ${0}) + ${1}`];
}
function claimUnitWrite(request, turn, isPaid) {
  const { itemId, orderId, nowMs, expiresAtMs: expiresAtMs2, note } = request;
  const told2 = { ...note, action: isPaid ? "item.paid" : "hold.placed", orderId };
  return update({
    ...stockRow(itemId),
    change: { set: [...effects(request, turn, isPaid), action`${at6("change")} = ${told2}`] },
    condition: allOf(
      callerStillHolds({ quantity: 1, expiresAtMs: turn.endsAtMs }),
      ...isPaid ? [] : [isAboveWatermark(expiresAtMs2)],
      policyAllowsHold(1),
      ...itemIsForSale(nowMs),
      ...priceIsAsSeen(request),
      ...limitsAllow(request)
    ),
    refused: (found) => {
      const failed = whyNotClaimed(request, found && parseStock(found), nowMs);
      return failed ? new ItemsUnavailable([failed]) : new PlaceNotFound();
    }
  });
}

// shared/carts/checkout/cart-purchase-store.ts
function purchaseWrite({ cart, ...bought }) {
  const { cartId, version, checkouts } = cart;
  const { note } = bought;
  return update({
    ...cartPlace(cartId),
    change: takingOut(bought),
    condition: allOf(cartIsUnlocked(note.atMs), versionIs(version), checkoutsAre(checkouts)),
    refused: (found) => {
      const live = liveLockIn(found, note.atMs);
      return live ? new CartLocked(live) : new VersionMismatch(versionIn(found));
    }
  });
}

// shared/orders/free-order.ts
var freePaymentId = ({ orderId }) => `free_${orderId}`;
function payIfFree(order) {
  const { totalMinor, paymentMethod: provider, createdAtMs } = order;
  if (totalMinor > 0) return order;
  const name = freePaymentId(order);
  const payment = { provider, transactionId: name, paymentId: name };
  const none = { capturedMinor: 0, refundableMinor: 0, refunds: {} };
  const captured2 = { ...payment, ...none, capturedAtMs: createdAtMs };
  const { dueShard: _shard, dueAtMs: _atMs, isCounted: _open, ...facts } = order;
  return { ...facts, status: "paid", payment: captured2 };
}
function planPurchase(cart, order, actor, nowMs) {
  const { orderId, lines, cart: ordered } = order;
  const { instances = [], conditions = [], codes = [] } = ordered ?? {};
  const note = changeNote("cart.paid", actor, nowMs);
  return purchaseWrite({
    cart,
    orderId,
    bought: listBought(lines),
    instances,
    conditions,
    codes,
    note
  });
}

// shared/orders/order-attempt.ts
function listReached(rooms) {
  return [...rooms.values()].map(({ reclaimedThroughMs }) => reclaimedThroughMs);
}
function planCheckout(draft, actor, nowMs) {
  const { cart, order } = draft;
  if (!cart) return void 0;
  if (order.status === "paid") return planPurchase(cart, order, actor, nowMs);
  const { orderId, expiresAtMs: expiresAtMs2 } = order;
  const transactionId = temporaryTransactionId(orderId);
  const note = changeNote("cart.checkout", actor, nowMs);
  return checkoutWrite({ cart, orderId, transactionId, expiresAtMs: expiresAtMs2, nowMs, note });
}
function listPlain({ order: { pieces }, demands }) {
  return demands.flatMap((demand) => {
    const own = pieces?.[demand.itemId];
    if (!own) return [demand];
    const wanted = demand.quantity;
    return own.filter(({ row }) => row === 0).map(({ quantity }) => ({ ...demand, quantity, wanted }));
  });
}
function planSettling({ order }, note) {
  if (order.status !== "paid") return [];
  return listHoldings(order, note).filter(({ row }) => row > 0).map((holding) => [confirmWrite(holding), holding]);
}
function planAllowances({ order, taken }, nowMs) {
  const counting = (order.allowances ?? []).map((allowance) => {
    const seen = taken?.get(allowance.itemId);
    return [takeAllowanceWrite({ order, allowance, nowMs, seen }), allowance];
  });
  return new Map(counting);
}
function planAttempt({ clock, limits }, draft, rooms, actor) {
  const nowMs = clock();
  const { orderId, expiresAtMs: expiresAtMs2, status } = draft.order;
  const isPaid = status === "paid";
  const note = changeNote(isPaid ? "order.paid" : "order.placed", actor, nowMs);
  const planHold = (demand) => {
    const stock = rooms.get(demand.itemId);
    const room = stock && roomIn(stock, epochMs(Math.min(nowMs, expiresAtMs2 - 1)));
    const taking2 = { ...demand, orderId, nowMs, room, note };
    return isPaid ? buyWrite(taking2) : holdWrite({ ...taking2, expiresAtMs: expiresAtMs2 });
  };
  const turns = /* @__PURE__ */ new Map();
  const planOwn2 = (demand) => {
    const turn = draft.turns.get(demand.itemId);
    if (!turn) return planHold(demand);
    const claim = claimUnitWrite({ ...demand, orderId, nowMs, expiresAtMs: expiresAtMs2, note }, turn, isPaid);
    turns.set(claim, endTurnWrite2(demand.itemId, turn));
    return claim;
  };
  const order = placeOrderWrite(draft.order, note);
  const cart = planCheckout(draft, actor, nowMs);
  const holds = new Map([
    ...listPlain(draft).map((demand) => [planOwn2(demand), demand]),
    ...planSettling(draft, note)
  ]);
  const { order: counted, shopper: seen } = draft;
  const count = counted.isCounted && countOrderWrite({ order: counted, limits, nowMs, seen });
  const { checks } = draft.promotions;
  const uses = new Map(draft.promotions.uses.map((use) => [planHold(use.demand), use]));
  const allowances = planAllowances(draft, nowMs);
  const beside = [cart, count].filter((write) => write !== void 0);
  const rest = [
    ...holds.keys(),
    ...turns.values(),
    ...uses.keys(),
    ...allowances.keys(),
    ...checks
  ];
  return {
    order,
    cart,
    count,
    holds,
    turns,
    uses,
    allowances,
    checks,
    writes: [order, ...beside, ...rest]
  };
}
function listContended({ writes, holds, turns }, { at: at40 }) {
  const open2 = at40.map((index) => writes[index]).filter((write) => !turns.has(write));
  return open2.flatMap((write) => holds.get(write) ?? []);
}
function judge2(attempt, refused3) {
  const existing = refused3.of(attempt.order)?.error;
  if (existing) throw existing;
  const ofCart = attempt.cart && refused3.of(attempt.cart)?.error;
  if (ofCart?.code === "CART_LOCKED") throw ofCart;
  return ofCart;
}
function isOutOfLimits(holds, { itemId }, refused3) {
  return [...holds].some(([write, demand]) => {
    const found = demand.itemId === itemId ? refused3.of(write)?.found : void 0;
    const stock = found && parseStock(found);
    if (!stock || fitsLimits(demand, stock)) return false;
    checkPerOrder(demand, stock);
    return true;
  });
}
function judgeShopper({ clock, limits }, { count, allowances, holds }, refused3) {
  const refusal = count && refused3.of(count);
  const shown2 = refusal ? { shopper: recount(refusal.found, limits, clock()) } : {};
  const taken = [...allowances].flatMap(([write, allowance]) => {
    const refusedHere = refused3.of(write);
    if (!refusedHere) return [];
    if (isOutOfLimits(holds, allowance, refused3)) return [];
    const known = parseTaken2(refusedHere.found);
    checkAllowance(allowance, known, clock());
    return [[allowance.itemId, known]];
  });
  return taken.length > 0 ? { ...shown2, taken: new Map(taken) } : shown2;
}

// shared/orders/order-choices.ts
function pickChoices(chosen) {
  const { paymentMethod, vendorId, customer, shipTo, note, metadata } = chosen;
  const all = { paymentMethod, vendorId, customer, shipTo, note, metadata };
  const said = Object.entries(all).filter(([, value]) => value !== void 0);
  return Object.fromEntries(said);
}

// shared/orders/order-lines.ts
var noPrice = -1;
function priceSeen(lines, wanted) {
  const own = lines.filter(({ itemId }) => itemId === wanted);
  const [amount = noPrice, ...others] = new Set(own.map(({ unitPriceMinor }) => unitPriceMinor));
  return others.length === 0 ? amount : noPrice;
}
function priceDemand(lines, currency, limitSeen) {
  const demands = sumDemand(lines);
  if (demands.length > maxOrderItems) {
    throw new TooLarge(`An order has at most ${maxOrderItems} different items`, maxOrderItems);
  }
  return demands.map((demand) => {
    const { itemId } = demand;
    const price = { amountMinor: priceSeen(lines, itemId), currency };
    return { ...demand, price, perShopper: limitSeen(itemId) };
  });
}
function limitsInCart({ instances }, shown2 = /* @__PURE__ */ new Map()) {
  const lines = listLines(instances.values());
  const said = new Map(lines.map(({ itemId, perShopper = null }) => [itemId, perShopper]));
  return (itemId) => (shown2.has(itemId) ? shown2 : said).get(itemId) ?? null;
}
function inlineLines(items, stocks, nowMs) {
  const failed = items.flatMap((item) => {
    const stock = stocks.get(item.itemId);
    const found = item.kind === void 0 || stock?.kind === item.kind ? stock : void 0;
    return found ? [] : whyRefused(item, void 0, nowMs) ?? [];
  });
  if (failed.length > 0) throw new ItemsUnavailable(failed);
  return items.map(({ itemId, quantity, attributes }) => {
    const { name, kind, vendorId, amountMinor } = stocks.get(itemId);
    const lineTotalMinor = quantity * amountMinor;
    const price = { unitPriceMinor: amountMinor, lineTotalMinor, adjustmentMinor: 0 };
    const lineId = makeLineId(itemId, attributes);
    const chosen = lineId === itemId ? {} : { attributes: JSON.stringify(attributes) };
    return { lineId, itemId, name, kind, vendorId, quantity, ...price, ...chosen };
  });
}
function checkVendor(vendorId, lines) {
  const other = lines.find((line) => vendorId !== null && line.vendorId !== vendorId);
  if (!other) return;
  const message = `is not the vendor of ${other.itemId}`;
  throw new InvalidRequest([{ path: "vendorId", message }]);
}
function oneCurrency(stocks) {
  const currencies = new Set([...stocks].map(({ currency }) => currency));
  const [first = "", second] = currencies;
  if (second !== void 0) throw new CurrencyMismatch(first, second);
  return first;
}

// shared/orders/order-request.ts
var TotalChanged = class extends HoldfastError {
  constructor(totalMinor, currency) {
    const detail = `The order comes to ${totalMinor} ${currency} in minor units by now`;
    super("TOTAL_CHANGED", detail, { totalMinor, currency });
  }
};
function fingerprintOrder(request) {
  const { userId: _who, actor: _by, idempotencyKey: _key, ...asked } = request;
  return fingerprint(asked);
}
function sameRequest(order, request) {
  const isOwn = order.userId === request.userId;
  if (isOwn && order.fingerprint === fingerprintOrder(request)) return order;
  if (request.idempotencyKey !== void 0) throw new IdempotencyKeyReused();
  throw new CartLocked(order);
}
function makeOrderId(request, withoutKey) {
  const { userId, idempotencyKey } = request;
  return idempotencyKey === void 0 ? withoutKey() : derivedId("ord", userId, idempotencyKey);
}
function checkTotal(request, totalMinor, currency) {
  const { expectedTotalMinor = totalMinor } = request;
  if (expectedTotalMinor !== totalMinor) throw new TotalChanged(totalMinor, currency);
}

// shared/orders/new-order.ts
function listCounted(demands) {
  const allowances = listAllowances(demands);
  return allowances.length > 0 ? { allowances } : {};
}
function pickPromised({
  uses,
  discountsEndAtMs
}) {
  const used = uses.map(({ demand: { itemId, quantity } }) => ({ itemId, quantity }));
  return {
    ...used.length > 0 ? { uses: used } : {},
    ...discountsEndAtMs === void 0 ? {} : { discountsEndAtMs }
  };
}
function makeOrder({ holdMs, dueShards: dueShards2, limits }, request, contents, createdAtMs) {
  const { userId, vendorId = null } = request;
  checkAttributes(contents.lines);
  checkVendor(vendorId, contents.lines);
  checkTotal(request, contents.totalMinor, contents.currency);
  const expiresAtMs2 = deadlineAfter(createdAtMs, holdMs);
  return payIfFree({
    ...contents,
    userId,
    status: "pending",
    ...pickChoices(request),
    vendorId,
    fingerprint: fingerprintOrder(request),
    createdAtMs,
    expiresAtMs: expiresAtMs2,
    dueShard: pickDueShard(contents, dueShards2),
    dueAtMs: expiresAtMs2,
    ...limits.maxOpenOrders > 0 ? { isCounted: true } : {}
  });
}

// shared/orders/ordered-items.ts
async function findOrdered({ database, memory, prices: seen }, itemIds, { orderId: reader, anew }) {
  const known = [...new Set(itemIds)].flatMap((itemId) => memory.hot(itemId) ?? []);
  const remembered = new Map(known.map((stock) => [stock.itemId, stock]));
  const unknown2 = [...new Set(itemIds)].filter((itemId) => !remembered.has(itemId));
  if (unknown2.length === 0 && seen && !anew) {
    return { stocks: remembered, isFromMemory: true, prices: await seen.look([], { reader }) };
  }
  const places = [priceListPlace(reader), ...unknown2.map((itemId) => stockRow(itemId))];
  const [listRow, ...rows] = await database.getTogether(places);
  seen?.remember(parsePriceList(listRow));
  const found = rows.flatMap((row) => row ? [parseStock(row)] : []);
  return {
    stocks: new Map([...known, ...found].map((stock) => [stock.itemId, stock])),
    isFromMemory: known.length > 0,
    prices: parsePriceList(listRow)
  };
}

// shared/orders/order-uses.ts
function findDiscountsEnd(applied2) {
  const discounts = applied2.filter(lowersPrice);
  const discountsEndAtMs = Math.min(...discounts.map(({ endsAtMs = Infinity }) => endsAtMs));
  return Number.isFinite(discountsEndAtMs) ? { discountsEndAtMs } : {};
}
function planPromotions(applied2, prices, { orderId, userId }) {
  const copy = pickShard(orderId, stampCount);
  const unlimited = applied2.filter(({ automatic, maxUses }) => !automatic && maxUses === void 0);
  const isAutomatic = applied2.some(({ automatic }) => automatic);
  return {
    uses: applied2.flatMap((promotion) => listUses(promotion, userId)),
    ...findDiscountsEnd(applied2),
    checks: [
      ...isAutomatic ? [stampCheck(prices.revision, copy)] : [],
      ...unlimited.map(({ revision, code }) => stampCheck(revision, copy, code))
    ]
  };
}
function judgeUses(refused3, attempt, nowMs) {
  const rooms = /* @__PURE__ */ new Map();
  let isStale = attempt.checks.some((check3) => refused3.of(check3));
  for (const [write, use] of attempt.uses) {
    const refusal = refused3.of(write);
    if (!refusal) continue;
    const stock = refusal.found && parseStock(refusal.found);
    if (stock && isSeenAsIs(use, stock)) {
      const reason = findUseRefusal(use, stock, nowMs);
      if (reason) throw new CodeNotAccepted(use.code, reason);
      rooms.set(use.demand.itemId, stock);
    } else isStale = true;
  }
  return { rooms, isStale };
}
async function ensureOwnRows({ database, clock }, { actor }, uses) {
  const own = uses.filter(({ isOwn }) => isOwn);
  const seen = await findUses(database, own);
  const note = changeNote("uses.changed", actor, clock());
  for (const [index, use] of own.entries()) await ensureOwnUses(database, use, seen[index], note);
}

// shared/orders/order-draft.ts
function checkoutNumber(cart, nowMs) {
  return liveLock(cart, nowMs) ? cart.checkouts - 1 : cart.checkouts;
}
async function orExisting(database, orderId, draft) {
  try {
    return await draft();
  } catch (error) {
    const existing = error instanceof HoldfastError ? await findOrder(database, orderId) : void 0;
    throw existing ? new OrderExists(existing) : error;
  }
}
function assertNotSoldOut({ memory }, demands) {
  const failed = demands.flatMap((demand) => memory.soldOut(demand) ?? []);
  if (failed.length > 0) throw new ItemsUnavailable(failed);
}
async function byCodes({ database }, { cart, prices }, draft, anew) {
  const codes = listCodes(cart);
  if (codes.length === 0) return draft(prices);
  try {
    if (!anew) return draft(prices);
  } catch (error) {
    if (!(error instanceof HoldfastError)) throw error;
  }
  return draft({ ...prices, codes: await findPromotions(database, codes) });
}
async function fromCart(parts, request, source, { codes = false, limits }) {
  const { database, clock } = parts;
  const { sessionId } = source;
  const read2 = await readPricedCart(database, makeCartId(request.userId, sessionId));
  const { cart } = read2;
  const nowMs = clock();
  const { cartId, version } = cart;
  const keyless = () => derivedId("ord", cartId, version, checkoutNumber(cart, nowMs));
  const orderId = makeOrderId(request, keyless);
  const draft = (prices) => {
    const priced = priceForOrder(
      cart,
      source.instances,
      (wanted) => selectRules(wanted, { prices, nowMs })
    );
    const { lines, totalMinor, currency, adjustments, instances, conditions } = priced;
    const ordered = { cartId, sessionId, version, instances, conditions, codes: priced.codes };
    const promotions = planPromotions(priced.applied, prices, { ...request, orderId });
    const price = { lines, totalMinor, currency, adjustments, ...pickPromised(promotions) };
    const demands = priceDemand(lines, currency, limitsInCart(cart, limits));
    const counted = listCounted(demands);
    const contents = { orderId, ...price, ...counted, cart: ordered };
    const order = makeOrder(parts, request, contents, nowMs);
    checkUnits(demands, parts.limits);
    assertNotSoldOut(parts, demands);
    const stocks = demands.flatMap(({ itemId }) => parts.memory.hot(itemId) ?? []);
    return { order, cart, demands, promotions, stocks };
  };
  return orExisting(database, orderId, () => byCodes(parts, read2, draft, codes));
}
async function fromItems(parts, request, source, { codes: anew = false, limits }) {
  const { database, clock } = parts;
  const orderId = makeOrderId(request, () => randomId("ord"));
  await orExisting(database, orderId, () => assertNotSoldOut(parts, sumDemand(source.items)));
  const itemIds = source.items.map(({ itemId }) => itemId);
  const { stocks, isFromMemory, prices } = await findOrdered(parts, itemIds, {
    orderId,
    anew
  });
  const nowMs = clock();
  return orExisting(database, orderId, () => {
    const wanted = inlineLines(source.items, stocks, nowMs);
    const currency = oneCurrency(stocks.values());
    const given = { lines: wanted, conditions: [] };
    const { rules, applied: applied2 } = selectRules([given], { prices, nowMs });
    const promotions = planPromotions(applied2, prices, { ...request, orderId });
    const price = { ...priceLines(wanted, rules, currency), currency, ...pickPromised(promotions) };
    const limitSeen = (itemId) => (limits?.has(itemId) ? limits.get(itemId) : stocks.get(itemId)?.perShopper) ?? null;
    const demands = priceDemand(wanted, currency, limitSeen);
    for (const demand of demands) checkPerOrder(demand, stocks.get(demand.itemId));
    const counted = listCounted(demands);
    const order = makeOrder(parts, request, { orderId, ...price, ...counted }, nowMs);
    checkUnits(demands, parts.limits);
    return { order, demands, promotions, stocks: [...stocks.values()], isFromMemory };
  });
}
function draftOrder(parts, request, anew = {}) {
  const { source } = request;
  return source.kind === "cart" ? fromCart(parts, request, source, anew) : fromItems(parts, request, source, anew);
}
function isOutdated({ isFromMemory = false }, error) {
  if (!isFromMemory || !(error instanceof ItemsUnavailable)) return false;
  return error.failedItems.some(({ reason }) => reason === "price_changed");
}

// shared/carts/checkout/cart-repricing.ts
function repriced(line, { amountMinor }) {
  const { previousUnitPriceMinor: earlier = line.unitPriceMinor, ...rest } = line;
  const known = { ...rest, unitPriceMinor: amountMinor };
  return earlier === amountMinor ? known : { ...known, previousUnitPriceMinor: earlier };
}
function atPrices(instance, prices) {
  const { lines } = instance;
  const currencies = new Set(
    lines.map(({ itemId }) => prices.get(itemId)?.currency ?? instance.currency)
  );
  const [only] = currencies;
  const currency = currencies.size === 1 ? only : instance.currency;
  const updated = lines.map((line) => {
    const price = prices.get(line.itemId);
    return price?.currency === currency ? repriced(line, price) : line;
  });
  return { ...instance, lines: updated, ...currency === void 0 ? {} : { currency } };
}
function cartAtPrices(cart, prices) {
  const instances = [...cart.instances].map(([name, instance]) => {
    return [name, atPrices(instance, prices)];
  });
  return { ...cart, instances: new Map(instances) };
}
function repriceWrite(cart, prices, note) {
  const instances = [...cartAtPrices(cart, prices).instances.values()];
  const { userId, sessionId } = parseCartId(cart.cartId);
  return replaceWrite({ nowMs: note.atMs, note, address: { userId, sessionId } }, cart, instances);
}

// shared/orders/order-repricing.ts
async function showPrices({ parts: { database, clock }, request: { actor } }, { cart }, { failedItems }) {
  const changed = failedItems.flatMap(
    ({ itemId, price }) => price ? [[itemId, price]] : []
  );
  if (!cart || changed.length === 0) return;
  const note = changeNote("cart.repriced", actor, clock());
  try {
    await database.apply(repriceWrite(cart, new Map(changed), note));
  } catch (error) {
    if (!(error instanceof HoldfastError)) throw error;
  }
}
var refusalsOfAmount = /* @__PURE__ */ new Set([
  "TOTAL_CHANGED",
  "CODE_NOT_ACCEPTED",
  "CURRENCY_MISMATCH",
  "PAYMENT_METHOD_UNAVAILABLE"
]);
async function assertPricesAsStored(refused3, error) {
  const { parts, request } = refused3;
  const { source, userId } = request;
  const isOfAmount = error instanceof HoldfastError && refusalsOfAmount.has(error.code);
  if (source.kind !== "cart" || !isOfAmount) return;
  const { cart } = await readPricedCart(parts.database, makeCartId(userId, source.sessionId));
  const nowMs = parts.clock();
  const demands = listWanted(cart, source.instances).flatMap(
    ({ lines, currency = "" }) => priceDemand(lines, currency, () => null)
  );
  if (liveLock(cart, nowMs) || demands.length === 0) return;
  const itemIds = demands.map(({ itemId }) => itemId);
  const stocks = await findStocks(parts.database, itemIds);
  const failed = demands.flatMap(
    (demand) => whyRefused(demand, stocks.get(demand.itemId), nowMs) ?? []
  );
  if (failed.every(({ reason }) => reason !== "price_changed")) return;
  const outdated = new ItemsUnavailable(failed);
  await showPrices(refused3, { cart }, outdated);
  throw outdated;
}

// shared/orders/order-taking.ts
var meetingsToTurn = 2;
var shareOfQuick = 0.25;
var leastUnitsARow = 2;
var longestPauseMs4 = 500;
function isTurning({ turningUntilMs }, nowMs) {
  return turningUntilMs !== void 0 && turningUntilMs > nowMs;
}
function assertAll(results) {
  const reasons2 = results.flatMap((each) => each.status === "rejected" ? [each.reason] : []);
  const other = reasons2.find((reason) => !(reason instanceof ItemsUnavailable));
  if (other) throw other;
  const failed = reasons2.flatMap((reason) => {
    return reason.failedItems;
  });
  if (reasons2.length > 0) throw new ItemsUnavailable(failed);
}
var OrderTaking = class {
  #options;
  #actor;
  /** Items that are sold from several rows, as they were seen last. */
  #spread = /* @__PURE__ */ new Map();
  #reserved = /* @__PURE__ */ new Map();
  #meetings = /* @__PURE__ */ new Map();
  #pauses = 0;
  #isSure = true;
  constructor(options, actor) {
    this.#options = options;
    this.#actor = actor;
  }
  /** Takes in an item as it was read or handed back by a refusal; true when it is sold from several rows. */
  see(stock) {
    this.#options.memory.saw(stock);
    const isHot = isSpread(stock) && stock.holdPolicy === "counted";
    if (isHot) this.#spread.set(stock.itemId, stock);
    else this.#spread.delete(stock.itemId);
    return isHot;
  }
  /**
   * Reserves what the order wants of hot items; nothing of others. Where its deadline has changed the former
   * reservations are given back. One request for each hot item, all at the same time.
   *
   * @throws ItemsUnavailable, HoldBehind, TryAgain
   */
  async take(wanted) {
    await this.#dropOutdated(wanted);
    const missing = wanted.demands.filter(
      ({ itemId }) => this.#spread.has(itemId) && !this.#reserved.has(itemId)
    );
    assertAll(await Promise.allSettled(missing.map((demand) => this.#reserve(demand, wanted))));
    return Object.fromEntries([...this.#reserved].map(([itemId, { pieces }]) => [itemId, pieces]));
  }
  /** The pieces of an item could not all be had after all: they are looked for anew. */
  async drop(itemId) {
    const known = this.#reserved.get(itemId);
    this.#reserved.delete(itemId);
    if (known) await this.#giveBack(known);
  }
  /** An attempt may still arrive and make the order: then it needs what was reserved for it. */
  doubt() {
    this.#isSure = false;
  }
  /** Whether an attempt that was refused may have made the order by now: one before it got no answer. */
  get isInDoubt() {
    return !this.#isSure;
  }
  /**
   * Takes in items as they were read for an order that wants them; while somebody spreads one of them it waits,
   * and looks again. One request for each pause; none where nothing is being spread.
   */
  async look(demands, stocks) {
    for (const stock of stocks) this.see(stock);
    const ofTurning = stocks.filter((stock) => isTurning(stock, this.#options.clock()));
    const turning = new Set(ofTurning.map(({ itemId }) => itemId));
    if (turning.size === 0) return;
    await this.pause();
    await this.#lookAgain(demands.filter(({ itemId }) => turning.has(itemId)));
  }
  /**
   * Others were at work on these items at the same time. They are looked at: whoever has met enough of them
   * spreads the item, or waits for who does it. One request and a pause.
   *
   * @throws ItemsUnavailable when the units are gone meanwhile
   */
  async meet(demands, because) {
    const itemIds = demands.map(({ itemId }) => itemId);
    const found = await this.#lookAgain(demands);
    const weight = because === "throttle" ? meetingsToTurn : 1;
    for (const itemId of itemIds) await this.#turnIfCrowded(found.get(itemId), weight);
    const isOpen3 = itemIds.some((itemId) => !this.#spread.has(itemId));
    if (isOpen3 || itemIds.length === 0) await this.pause();
  }
  /** The items as of now, once nobody is spreading any of them. */
  async #lookAgain(demands) {
    const { database, clock } = this.#options;
    if (demands.length === 0) return /* @__PURE__ */ new Map();
    const itemIds = demands.map(({ itemId }) => itemId);
    for (; ; ) {
      const found = await findStocks(database, itemIds);
      const refused3 = demands.flatMap((demand) => {
        const stock = found.get(demand.itemId);
        const isHot = stock !== void 0 && this.see(stock);
        const why = isHot ? void 0 : whyRefused(demand, stock, clock());
        if (stock && why?.reason === "insufficient_stock") this.#rememberSoldOut(stock, why);
        return why ? [why] : [];
      });
      if (refused3.length > 0) throw new ItemsUnavailable(refused3);
      if (![...found.values()].some((stock) => isTurning(stock, clock()))) return found;
      await this.pause();
    }
  }
  /** Others were at work on it: of a crowd at an empty shelf each function looks only so often. */
  #rememberSoldOut(stock, { itemId, available }) {
    const { memory, clock } = this.#options;
    const ends = liveBuckets(stock, clock()).map(({ endsAtMs }) => endsAtMs);
    memory.sawSoldOut(itemId, available, Math.min(...ends));
  }
  /** Waits for others, for longer each time. */
  async pause() {
    const { clock, sleep, random } = this.#options;
    const pauseMs = random() * Math.min(longestPauseMs4, 20 * 2 ** Math.min(this.#pauses, 10));
    this.#pauses += 1;
    if (clock() + pauseMs >= patientUntilMs()) throw outOfPatience();
    await sleep(pauseMs);
  }
  /** Gives back everything: the order was not placed. */
  async giveBackAll() {
    await Promise.all([...this.#reserved.values()].map((each) => this.#giveBack(each)));
    this.#reserved.clear();
  }
  /** Looks whether the crowd is gone, where it is time to, and brings together what it left. No request otherwise. */
  async settleDown() {
    for (const stock of this.#spread.values()) await coolDown(this.#options, stock);
  }
  /** What may still be used is left to the end of its bucket. */
  async #giveBack({ wish, pieces }) {
    if (this.#isSure) await giveBack(this.#options, wish, pieces);
  }
  /** Gives back what is not for this order any more: another quantity or another deadline is wanted. */
  async #dropOutdated({ order, demands }) {
    for (const [itemId, { wish }] of this.#reserved) {
      const { quantity } = demands.find((each) => each.itemId === itemId) ?? {};
      const isSame4 = quantity === wish.quantity && order.expiresAtMs === wish.expiresAtMs;
      if (!isSame4) await this.drop(itemId);
    }
  }
  async #reserve(demand, { order }) {
    const note = changeNote("order.placed", this.#actor, this.#options.clock());
    const wish = { ...demand, ...order, note };
    const stock = this.#spread.get(demand.itemId);
    const pieces = await reserve(this.#options, wish, stock);
    this.#reserved.set(demand.itemId, { wish, pieces });
  }
  async #turnIfCrowded(stock, weight) {
    if (!stock) return;
    const { autoShards, clock, random } = this.#options;
    const { itemId, shards = autoShards, rows = 0, holdPolicy, available } = stock;
    const met = (this.#meetings.get(itemId) ?? 0) + weight;
    this.#meetings.set(itemId, met);
    const said = shardsByHand(stock);
    const canTurn = (said ?? autoShards) >= 2 && holdPolicy === "counted";
    const isCrowd = met >= meetingsToTurn || random() < shareOfQuick;
    const isOwed = said !== void 0 && rows < said;
    const isWorthIt = isOwed || available >= leastUnitsARow * shards;
    if (!canTurn || !isCrowd || !isWorthIt || isTurning(stock, clock())) return;
    this.see(await turnHot(this.#options, stock, shards));
  }
};

// shared/orders/order-room.ts
function whyBehind({ itemId, quantity }) {
  return { itemId, reason: "insufficient_stock", available: 0, requested: quantity };
}
async function makeRoom(options, taking2, attempt, refused3) {
  const { clock } = options;
  const rooms = /* @__PURE__ */ new Map();
  const failed = [];
  const moved = [];
  let isWaiting = false;
  if ([...attempt.turns.values()].some((write) => refused3.of(write))) throw new PlaceNotFound();
  for (const [write, demand] of attempt.holds) {
    const refusal = refused3.of(write);
    if (!refusal) continue;
    if (refusal.error instanceof HoldGone) {
      await taking2.drop(demand.itemId);
      continue;
    }
    const stock = refusal.found && parseStock(refusal.found);
    const why = attempt.turns.has(write) ? whyNotClaimed : whyRefused;
    const reason = why(demand, stock, clock());
    if (stock && isTurning(stock, clock())) isWaiting = true;
    else if (stock && !reason && !fitsLimits(demand, stock)) {
      checkPerOrder(demand, stock);
      moved.push(stock);
    } else if (!reason && refusal.error instanceof PlaceNotFound) throw refusal.error;
    else if (!reason && stock?.hasLine && !attempt.turns.has(write)) {
      if (!await getPastLine(options, demand.itemId)) failed.push(whyBehind(demand));
    } else if (!reason) rooms.set(demand.itemId, stock);
    else if (reason.reason === "insufficient_stock" && taking2.see(stock)) {
      await taking2.drop(demand.itemId);
    } else failed.push(reason);
  }
  if (failed.length > 0) throw new ItemsUnavailable(failed);
  if (moved.length > 0) throw new LimitsMoved(moved);
  if (isWaiting) await taking2.pause();
  for (const [itemId, stock] of rooms) {
    const isMore = roomIn(stock, clock()).over.length === maxTakenOver;
    if (isMore) rooms.set(itemId, await reclaimExpired(options, stock));
  }
  return rooms;
}

// shared/orders/order-turns.ts
function checkTickets(tickets, demands) {
  const wanted = new Map(demands.map(({ itemId, quantity }) => [itemId, quantity]));
  const issues = tickets.flatMap(({ itemId }, index) => {
    const path = `tickets.${index}.itemId`;
    const isTwice = tickets.findIndex((each) => each.itemId === itemId) < index;
    if (isTwice) return [{ path, message: "must be named once" }];
    if (!wanted.has(itemId)) return [{ path, message: "must be among what is ordered" }];
    if (wanted.get(itemId) === 1) return [];
    return [{ path, message: "is for one unit: order one of it" }];
  });
  if (issues.length > 0) throw new InvalidRequest(issues);
}
async function readTurns({ database, clock }, { request: { tickets = [], userId }, turns }, draft) {
  if (tickets.length === 0) return;
  checkTickets(tickets, draft.demands);
  const rows = await database.getTogether(
    tickets.map(({ itemId }) => lockRow(lineResource(itemId)))
  );
  const nowMs = clock();
  for (const [index, { itemId, ticket }] of tickets.entries()) {
    const turn = findTurn(rows[index], { ticket, userId }, nowMs);
    if (turn) turns.set(itemId, turn);
  }
  if (turns.size === tickets.length) return;
  const placed = await findOrder(database, draft.order.orderId);
  throw placed ? new OrderExists(placed) : new PlaceNotFound();
}

// shared/orders/order-width.ts
var ownWrites = 3;
var maxOrderWrites = maxTransactionWrites - ownWrites;
var releaseCount = ({ row }) => row > 0 ? 2 : 1;
function countWrites(order) {
  const { status, allowances = [] } = order;
  const isPaid = status === "paid";
  const held = listHoldings(order, changeNote("order.placed", { id: "" }, order.createdAtMs));
  const writes = held.map((holding) => isPaid ? 1 : releaseCount(holding));
  return writes.reduce((sum, each) => sum + each, allowances.length);
}
function widestItem({ pieces = {} }) {
  const items = Object.entries(pieces).map(([id, own]) => [id, own.length]);
  return items.toSorted(([, one], [, other]) => other - one)[0];
}
function findTooWide(order, placing) {
  if (placing <= maxTransactionWrites && countWrites(order) <= maxOrderWrites) return void 0;
  const [itemId, rows] = widestItem(order) ?? ["", 0];
  const detail = rows > 1 ? `The units of ${itemId} are in ${rows} places: order fewer of them, or other items apart` : "The order has too many items that are crowded or limited: order some of them apart";
  return new TooLarge(detail, maxOrderWrites);
}
async function assertNarrow({ database }, order, placing) {
  const tooWide = findTooWide(order, placing);
  if (!tooWide) return;
  const placed = await findOrder(database, order.orderId);
  throw placed ? new OrderExists(placed) : tooWide;
}

// shared/orders/order-placing.ts
var mostMoves5 = 200;
async function draftPayable({ parts, request, limits }, codes = false) {
  const draft = await draftOrder(parts, request, { codes, limits });
  const { orderId, paymentMethod, totalMinor: amountMinor, currency } = draft.order;
  try {
    await parts.assertPayable?.(paymentMethod, { amountMinor, currency });
    return draft;
  } catch (error) {
    const placed = await findOrder(parts.database, orderId);
    throw placed ? new OrderExists(placed) : error;
  }
}
function withLiveDeadline(parts, draft, reached) {
  const fromMs = epochMs(Math.max(parts.clock(), ...reached));
  if (!isExpired(draft.order.expiresAtMs, fromMs)) return draft;
  const expiresAtMs2 = deadlineAfter(fromMs, parts.holdMs);
  const due = draft.order.status === "pending" ? { dueAtMs: expiresAtMs2 } : {};
  return { ...draft, order: { ...draft.order, expiresAtMs: expiresAtMs2, ...due } };
}
async function takeHot(placing, { draft }) {
  const { parts, taking: taking2, turns } = placing;
  try {
    const demands = draft.demands.filter(({ itemId }) => !turns.has(itemId));
    const pieces = await taking2.take({ ...draft, demands });
    const { pieces: _former, ...order } = draft.order;
    const isPlain = Object.keys(pieces).length === 0;
    return { ...draft, order: isPlain ? order : { ...order, pieces } };
  } catch (error) {
    if (isOutdated(draft, error)) return void 0;
    if (!(error instanceof ItemsUnavailable)) throw error;
    await showPrices(placing, draft, error);
    const placed = await findOrder(parts.database, draft.order.orderId);
    throw placed ? new OrderExists(placed) : error;
  }
}
async function roomsOrRefusal(placing, attempt, draft, refused3) {
  try {
    return await makeRoom(placing.parts, placing.taking, attempt, refused3);
  } catch (error) {
    if (error instanceof ItemsUnavailable) await showPrices(placing, draft, error);
    throw error;
  }
}
async function draftAnew(placing) {
  const { parts, request } = placing;
  const draft = await draftPayable(placing, true);
  await ensureOwnRows(parts, request, draft.promotions.uses);
  return draft;
}
async function attemptOnce(placing, stand) {
  const { parts, request, taking: taking2 } = placing;
  const draft = await takeHot(placing, stand);
  if (!draft) return { ...stand, draft: await draftPayable(placing) };
  const attempt = planAttempt(
    parts,
    { ...draft, turns: placing.turns },
    stand.rooms,
    request.actor
  );
  await assertNarrow(parts, draft.order, attempt.writes.length);
  try {
    await transactOpening(parts.database, attempt.writes, { conflicts: 1, throttles: 1 });
    return draft.order;
  } catch (error) {
    if (error instanceof Contended) {
      await taking2.meet(listContended(attempt, error), error.because);
      return stand;
    }
    if (!(error instanceof TransactionRefused)) throw error;
    if (error.isAfterLoss) taking2.doubt();
    const cartRefusal = judge2(attempt, error);
    const shown2 = judgeShopper(parts, attempt, error);
    if (cartRefusal) return { ...stand, draft: await draftPayable(placing) };
    const made = await roomsOrRefusal(placing, attempt, draft, error);
    const { rooms: others, isStale } = judgeUses(error, attempt, parts.clock());
    const next = isStale ? await draftAnew(placing) : draft;
    return { draft: { ...next, ...shown2 }, rooms: new Map([...stand.rooms, ...made, ...others]) };
  }
}
async function assertNotPlaced({ parts, taking: taking2 }, { order }) {
  const placed = taking2.isInDoubt ? await findOrder(parts.database, order.orderId) : void 0;
  if (placed) throw new OrderExists(placed);
}
async function afterSetback(placing, { draft }, error) {
  if (error instanceof HoldBehind) return withLiveDeadline(placing.parts, draft, [error.throughMs]);
  if (error instanceof TryAgain) await assertNotPlaced(placing, draft);
  if (!(error instanceof LimitsMoved)) throw error;
  for (const { itemId, perShopper = null } of error.stocks) placing.limits.set(itemId, perShopper);
  return draftPayable(placing);
}
async function placeNew(placing) {
  const { parts } = placing;
  let stand = { draft: await draftPayable(placing), rooms: /* @__PURE__ */ new Map() };
  await readTurns(parts, placing, stand.draft);
  await placing.taking.look(stand.draft.demands, stand.draft.stocks ?? []);
  return again(mostMoves5, async () => {
    try {
      const next = await attemptOnce(placing, stand);
      if (!("draft" in next)) return next;
      stand = { ...next, draft: withLiveDeadline(parts, next.draft, listReached(next.rooms)) };
    } catch (error) {
      stand = { ...stand, draft: await afterSetback(placing, stand, error) };
    }
    return new OnceMore();
  });
}
async function placeOrGiveBack(parts, request) {
  const taking2 = new OrderTaking(parts, request.actor);
  try {
    const order = await placeNew({ parts, request, taking: taking2, limits: /* @__PURE__ */ new Map(), turns: /* @__PURE__ */ new Map() });
    await Promise.allSettled([taking2.settleDown()]);
    return order;
  } catch (error) {
    if (error instanceof HoldfastError) await taking2.giveBackAll();
    await assertPricesAsStored({ parts, request }, error);
    throw error;
  }
}
function createPlacing(parts) {
  return async function place3(request) {
    try {
      return { order: await placeOrGiveBack(parts, request), replayed: false };
    } catch (error) {
      if (!(error instanceof OrderExists)) throw error;
      return { order: sameRequest(error.order, request), replayed: true };
    }
  };
}

// shared/orders/order-service.ts
var mostPaymentStarts = 10;
function leaveWrites(order, { to, actor }, nowMs) {
  const isShoppers = to === "expired" || actor.id === order.userId;
  return [
    ...leaveCountWrites(order, isShoppers ? "unpaid" : "neither", nowMs),
    ...leaveAllowanceWrites(order)
  ];
}
function createOrderService(options) {
  const { database, clock } = options;
  const get = (orderId, caller) => getOwnOrder(database, orderId, caller);
  async function close(order, ending2) {
    const { to, actor, reason } = ending2;
    const { orderId, lines, cart } = order;
    const nowMs = clock();
    const note = changeNote(`order.${to}`, actor, nowMs, reason);
    const ofCart = { ...note, action: `cart.${to}` };
    const demands = sumDemand(lines);
    const held = to === "expired" ? [] : listHoldings(order, note);
    const count = leaveWrites(order, ending2, nowMs);
    const ofCarts = cart ? [reopenWrite({ cartId: cart.cartId, orderId, note: ofCart })] : [];
    const returning = [...listReleases(held, 1 + count.length + ofCarts.length), ...ofCarts];
    const closing = closeOrderWrite({ order, to, nowMs, note });
    const refused3 = await transactTolerating(database, [closing], [...returning, ...count]);
    const gone2 = refused3.filter((each) => !count.some((write) => each === write));
    const left2 = held.filter((_, index) => gone2.includes(returning[index]));
    await releaseMoved(database, left2);
    const lapsed = to === "expired" ? demands.length : 0;
    const released = lapsed + returning.length - gone2.length;
    return { order: { ...order, status: to }, released };
  }
  function closeAsItIs(first, ending2) {
    let order = first;
    return again(mostPaymentStarts, async () => {
      try {
        return await close(order, ending2);
      } catch (error) {
        const found = error instanceof TransactionRefused && error.refusals[0]?.found;
        const moved = found ? parseOrder(found) : void 0;
        const isGone = moved?.userId !== order.userId;
        const isMoved = isGone || moved?.expiresAtMs !== order.expiresAtMs;
        if (moved?.status !== "pending" || !isMoved || ending2.to === "expired") throw error;
        if (isGone && ending2.actor.id === order.userId) throw new OrderNotFound(order.orderId);
        order = moved;
        return new OnceMore();
      }
    });
  }
  async function end(order, actor, reason) {
    if (order.status === "cancelled") return order;
    return (await closeAsItIs(order, { to: "cancelled", actor, reason })).order;
  }
  return {
    /** See `createPlacing`. */
    place: createPlacing(options),
    /**
     * An order of the caller; administrators read everybody's. One request.
     *
     * @throws OrderNotFound also when it is somebody else's
     * @example await orders.get("ord_x", { userId: "alice", isAdmin: false })
     */
    get,
    /**
     * A page of orders, newest first. Two requests.
     *
     * @example await orders.list({ userId: "alice", limit: 20 })
     */
    list: (query) => listOrders(database, query),
    /**
     * Ends a pending order at once: its units can be bought and its cart edited from this instant.
     * Two requests. Repeating it answers with the cancelled order. What its provider knows of it is not
     * asked: see `createCancelling` of the payments.
     *
     * @throws OrderNotPayable when the order is past pending or a bank is at work; nothing was changed
     * @example await orders.cancel("ord_x", { userId: "alice", isAdmin: false }, { id: "alice" })
     */
    async cancel(orderId, caller, actor, reason) {
      return end(await get(orderId, caller), actor, reason);
    },
    /** The same for an order that was read already. One request. */
    end,
    /**
     * Marks a pending order expired when its deadline is over, and unlocks its cart. One request. Never
     * needed for safety: an expired hold can be bought without it.
     *
     * @throws OrderNotPayable when it was paid, ended or extended in the meantime; nothing was changed
     * @example await orders.expire(order, { id: "system:sweep" })
     */
    expire: (order, actor) => close(order, { to: "expired", actor }),
    /** See `createOrderClaims`. */
    ...createOrderClaims(options)
  };
}

// shared/promotions/price-service.ts
var rememberedMs2 = 1e4;
var mostRemembered2 = 1e3;
function createPriceService({ database, clock }) {
  let list;
  const seenCodes = /* @__PURE__ */ new Map();
  function isFresh(seen) {
    return seen !== void 0 && clock() < later(seen.atMs, rememberedMs2);
  }
  function remember({ codes = /* @__PURE__ */ new Map(), ...value }) {
    list = { value, atMs: clock() };
    for (const [code, promotion] of codes) {
      if (seenCodes.size >= mostRemembered2) seenCodes.clear();
      seenCodes.set(code, { value: promotion, atMs: clock() });
    }
  }
  return {
    remember,
    /**
     * The shop's automatic promotions and these codes, as they were at most 10 s ago; `anew` reads the codes as
     * they are now. No request for what is remembered, otherwise one for all of it. `reader` is for whom: a
     * cart or an order.
     *
     * @example const prices = await priceService.look(["SUMMER"], { reader: cartId });
     */
    async look(codes, { reader, anew = false }) {
      const known = codes.flatMap((code) => {
        const seen = seenCodes.get(code);
        return !anew && seen && isFresh(seen) ? [[code, seen.value]] : [];
      });
      const wanted = codes.filter((code) => !known.some(([each]) => each === code));
      if (wanted.length > 0 || !list || !isFresh(list)) {
        const places = [priceListPlace(reader), ...wanted.map((code) => promotionPlace(code))];
        const [listRow, ...rows] = await database.getTogether(places);
        const read2 = wanted.map((code, index) => [code, parsePromotion(rows[index])]);
        const prices = parsePriceList(listRow);
        remember({ ...prices, codes: new Map(read2) });
        return { ...prices, codes: new Map([...known, ...read2]) };
      }
      return { ...list.value, codes: new Map(known) };
    }
  };
}

// shared/promotions/promotion-service.ts
var import_node_util7 = require("node:util");
var mostRivals = 20;
function selectFacts(promotion) {
  const { code: _code, revision: _revision, usesId: _usesId, ...facts } = promotion;
  return facts;
}
function isSame3(one, other) {
  const told2 = (facts) => JSON.parse(JSON.stringify(facts));
  return (0, import_node_util7.isDeepStrictEqual)(told2(one), told2(other));
}
async function read(database, code) {
  const [row, listRow] = await database.getTogether([promotionPlace(code), priceListPlace(code)]);
  const present2 = parsePromotion(row);
  return {
    present: present2,
    revision: row ? parseStoredPromotion(row).revision : 0,
    list: parsePriceList(listRow),
    uses: present2 && await findStock(database, present2.usesId)
  };
}
function makeListWrites({ before, next, isGone, nowMs }) {
  const { automatic, revision } = before.list;
  const others = automatic.filter(({ code }) => code !== next.code);
  const isListed = next.automatic && next.active && !isGone;
  if (others.length === automatic.length && !isListed) return [];
  const current = others.filter(
    ({ endsAtMs }) => endsAtMs === void 0 || !isExpired(endsAtMs, nowMs)
  );
  const listed = isListed ? [...current, next] : current;
  if (isListed && listed.length > maxAutomaticPromotions) throw new TooManyAutomatic();
  return [...putPriceListWrites(listed, revision), ...stampWrites(revision + 1)];
}
function makeCountWrites({ before: { uses }, next, nowMs, note }) {
  const { usesId, name, maxUses } = next;
  if (maxUses === void 0 && !uses) return [];
  const most = maxUses ?? uses.received + uses.adjusted;
  const ofUses = { ...note, action: "uses.changed" };
  return makeUsesWrites({ usesId, name, most, mark: makeMark(next), nowMs, note: ofUses }, uses);
}
function makeWrites(step) {
  const { before, next, isGone, nowMs, note } = step;
  const isCode = !next.automatic || before.present?.automatic === false;
  return [
    putPromotionWrite(next, before.revision, note, isGone ? nowMs : void 0),
    ...isCode ? stampWrites(next.revision, next.code) : [],
    ...makeListWrites(step),
    ...makeCountWrites(step)
  ];
}
function untilDone(attempt) {
  return again(mostRivals, async () => {
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof TransactionRefused) || error.code !== "TRY_AGAIN") throw error;
      return new OnceMore();
    }
  });
}
function createPromotionService({ database, clock }) {
  async function change3(before, next, actor, isGone = false) {
    const nowMs = clock();
    const note = changeNote(isGone ? "promotion.deleted" : "promotion.set", actor, nowMs);
    await database.transact(makeWrites({ before, next, isGone, nowMs, note }));
  }
  return {
    /**
     * Puts a promotion in place of any of its code: it holds for every order from then on, and an order
     * that was priced before is priced again. Two requests, up to two more to read uses where they are limited.
     * Saying the same again changes nothing.
     *
     * @throws TooManyAutomatic when 20 others apply by themselves already; nothing was changed
     * @example await promotions.put("SUMMER", facts, { id: "root" })
     */
    put: (entered, facts, actor) => untilDone(async () => {
      const code = normalizeCode(entered);
      const before = await read(database, code);
      const { present: present2 } = before;
      if (present2 && isSame3(selectFacts(present2), facts)) {
        return { promotion: present2, uses: before.uses };
      }
      const revision = before.revision + 1;
      const usesId = present2?.usesId ?? makeUsesId(code, revision);
      const promotion = { ...facts, code, revision, usesId };
      await change3(before, promotion, actor);
      const isLimited = facts.maxUses !== void 0;
      return { promotion, uses: isLimited ? await findStock(database, usesId) : void 0 };
    }),
    /**
     * A promotion, and how far its uses are. Two requests.
     *
     * @throws PromotionNotFound
     * @example const { promotion, uses } = await promotions.get("SUMMER")
     */
    async get(entered) {
      const code = normalizeCode(entered);
      const { table: table2, key: key2 } = promotionPlace(code);
      const promotion = parsePromotion(await database.get(table2, key2));
      if (!promotion) throw new PromotionNotFound(code);
      const isLimited = promotion.maxUses !== void 0;
      return {
        promotion,
        uses: isLimited ? await findStock(database, promotion.usesId) : void 0
      };
    },
    /**
     * A page of promotions by code. Two requests.
     *
     * @example const { rows, cursor } = await promotions.list({ limit: 20 })
     */
    list: (page) => listPromotions(database, page),
    /**
     * Deletes a promotion: no order from then on has it. Orders that have it keep it, and may be paid. Three
     * requests at the most. A promotion that is made anew under its code counts its uses from the start.
     *
     * @throws PromotionNotFound; nothing was changed
     * @example await promotions.delete("SUMMER", { id: "root" })
     */
    delete: (entered, actor) => untilDone(async () => {
      const code = normalizeCode(entered);
      const before = await read(database, code);
      if (!before.present) throw new PromotionNotFound(code);
      const gone2 = { ...before.present, revision: before.revision + 1 };
      await change3(before, gone2, actor, true);
      return before.present;
    })
  };
}

// shared/payments/cashier.ts
var import_promises4 = require("node:timers/promises");

// shared/payments/outcome.ts
function captured(order, fact, nowMs) {
  const { provider, transactionId, paymentId, amountMinor } = fact;
  const money2 = { capturedMinor: amountMinor, capturedAtMs: nowMs, refundableMinor: amountMinor };
  return { refunds: {}, ...order.payment, provider, transactionId, paymentId, ...money2 };
}
var mostEvents = 50;
function hasHeardEnough({ events = {} }) {
  return Object.keys(events).length >= mostEvents;
}
function remembering(order, fact, nowMs) {
  const { type: kind, provider } = fact;
  const key2 = factKey(fact);
  if (hasHeardEnough(order) && !order.events?.[key2]) return order;
  const whose = provider === order.paymentMethod ? {} : { provider };
  const event = { kind, atMs: nowMs, by: tellingId(fact), ...whose };
  return { ...order, events: { ...order.events, [key2]: event } };
}
function hasHeard({ events }, fact) {
  const known = events?.[factKey(fact)];
  return known !== void 0 && (known.by === void 0 || known.by === tellingId(fact));
}
function withDeeds(before, next, did) {
  const { events } = next;
  if (!events || events === before.events) return next;
  const told2 = Object.entries(events).map(([key2, event]) => {
    return [key2, event === before.events?.[key2] ? event : { ...event, did }];
  });
  return { ...next, events: Object.fromEntries(told2) };
}
function withDue(order, atMs) {
  const dueShard = pickDueShard(order);
  if (listOpenRefunds(order).length > 0) return { ...order, dueShard, dueAtMs: atMs };
  if (order.status === "pending") return { ...order, dueShard, dueAtMs: pendingDueAt(order) };
  const { dueShard: _shard, dueAtMs: _atMs, ...settled } = order;
  return settled;
}

// shared/payments/refunds/refund-telling.ts
var mostFailures = 5;
function givenUp(order, refund, { refundId, lastError }) {
  const { providerRefundId: _failed, isOutside = false, ...ours } = refund;
  const failures = (refund.failures ?? 0) + 1;
  const failed = { ...ours, failures, gaveUp: [...refund.gaveUp ?? [], refundId], lastError };
  const isAll = refund.amountMinor >= (capturedBy(order, refund.paymentId) ?? 0);
  if (isOutside && !isAll && !isRefund(order)) {
    return { ...failed, isOutside: true, status: "failed" };
  }
  return { ...failed, status: failures > mostFailures ? "failed" : "due" };
}
function confirmed(refund, told2) {
  const { lastError: _error, ...rest } = refund;
  return {
    ...rest,
    status: told2.status === "done" ? "done" : "requested",
    providerRefundId: told2.refundId
  };
}
function findTold(order, paymentId, told2) {
  const { refundId, ourRefundId, amountMinor, isNameless = false } = told2;
  const refunds = listRefunds(order);
  const known = refunds.find(
    (each) => each.providerRefundId === refundId || each.gaveUp?.includes(refundId)
  );
  if (known) return known;
  if (isNameless) {
    const alike = refunds.filter(
      (each) => each.paymentId === paymentId && each.amountMinor === amountMinor && isOpen2(each)
    );
    return alike.find(({ providerRefundId }) => providerRefundId === void 0);
  }
  if (ourRefundId === void 0) return void 0;
  const own = findRefund(order, ourRefundId);
  return own?.providerRefundId === void 0 ? own : void 0;
}
function outsideRefund(order, payment, { refundId, amountMinor, status }, nowMs) {
  const { provider, transactionId, paymentId, currency } = payment;
  return {
    refundId: makeRefundId(order.orderId, "outside", refundId),
    status: status === "done" ? "done" : "requested",
    reason: refundReasons.atProvider,
    amountMinor,
    createdAtMs: nowMs,
    attempts: 0,
    providerRefundId: refundId,
    isOutside: true,
    provider,
    transactionId,
    paymentId,
    currency
  };
}
function advanced(order, refund, told2) {
  if (refund.gaveUp?.includes(told2.refundId)) return void 0;
  if (told2.status === "failed") {
    return givenUp(order, refund, { refundId: told2.refundId, lastError: "failed_later" });
  }
  const isNews = told2.status === "done" ? refund.status !== "done" : refund.status === "due";
  if (!isNews) return void 0;
  return { ...confirmed(refund, told2), amountMinor: told2.amountMinor };
}
function reduced(order, paymentId) {
  let next = order;
  for (const refund of listRefunds(order)) {
    if (refund.status !== "due" || refund.paymentId !== paymentId) continue;
    const restMinor = computeRest(next, paymentId, refund.refundId);
    if (restMinor < refund.amountMinor) next = withRefund(next, shrunk(refund, restMinor));
  }
  return next;
}
function shrunk(refund, restMinor) {
  if (restMinor <= 0) return { ...refund, status: "done", amountMinor: 0 };
  const failures = (refund.failures ?? 0) + 1;
  return { ...refund, status: "due", amountMinor: restMinor, failures };
}
function withTold(order, payment, { refunds, nowMs }) {
  let next = order;
  for (const told2 of refunds) {
    const known = findTold(next, payment.paymentId, told2) ?? outsideRefund(next, payment, told2, nowMs);
    const isNew = findRefund(next, known.refundId) === void 0;
    const refund = advanced(next, known, told2) ?? (isNew ? known : void 0);
    if (refund) next = withRefund(next, refund);
  }
  return next === order ? order : reduced(next, payment.paymentId);
}
function findWhole2(order, { refunds = [], amountMinor, paymentId }) {
  return refunds.find(
    (told2) => told2.amountMinor >= amountMinor && !findTold(order, paymentId, told2)
  );
}
var askedFor = (told2) => told2.status === "done" ? { ...told2, status: "requested" } : told2;
function whenCameAndWent(order, fact, nowMs) {
  const refunds = (fact.refunds ?? []).map(askedFor);
  const settled = {
    ...order,
    status: "refund_due",
    payment: captured(order, fact, nowMs)
  };
  const next = withTold(remembering(settled, fact, nowMs), fact, { refunds, nowMs });
  return {
    next: withDue(next, nowMs),
    stock: order.status === "pending" ? "release" : "leave",
    // As if the capture had been told first: it would have emptied the cart.
    cart: "complete",
    reason: refundReasons.atProvider
  };
}
function takingBack(order, outcome, refundId) {
  const lines = listReturnable(order);
  const units = restocked(order, lines);
  const refund = findRefund(outcome.next, refundId);
  if (!refund || units.length === 0) return outcome;
  const next = withRefund(outcome.next, { ...refund, lines });
  const back = { units, refundId };
  return { ...outcome, next, stock: "takeBack", back, corrected: outcome };
}
function whenRefundsTold(order, fact, { nowMs, whenUnknown }) {
  const whole = findWhole2(order, fact);
  if (capturedBy(order, fact.paymentId) === void 0) {
    const hasSettled = order.payment?.paymentId !== void 0;
    return whole && !hasSettled ? whenCameAndWent(order, fact, nowMs) : whenUnknown();
  }
  const refunds = fact.refunds ?? [];
  let next = withTold(order, fact, { refunds, nowMs });
  if (next === order) return void 0;
  if (order.status === "paid" && next.status === "refunded") {
    next = withTold(order, fact, { refunds: refunds.map(askedFor), nowMs });
  }
  const told2 = withDue(remembering(next, fact, nowMs), order.dueAtMs ?? nowMs);
  const outcome = {
    next: told2,
    stock: "leave",
    cart: "leave",
    action: "refund.told",
    reason: refundReasons.atProvider
  };
  const isSettling = order.payment?.paymentId === fact.paymentId;
  if (!whole || !isSettling || isRefund(order)) return outcome;
  return takingBack(order, outcome, makeRefundId(order.orderId, "outside", whole.refundId));
}
function countGivenUp(order) {
  return listRefunds(order).reduce((sum, { gaveUp = [] }) => sum + gaveUp.length, 0);
}
function hasNewRefunds(order) {
  return listRefunds(order).some((refund) => isOpen2(refund) && refund.attempts === 0);
}

// shared/payments/disputes/dispute-telling.ts
var cameHome = "A dispute was won after all";
function owingAgain(before, next, fact, nowMs) {
  const { paymentId, orderId, dispute } = fact;
  const homeMinor = sumLost(before, paymentId) - sumLost(next, paymentId);
  const amountMinor = Math.min(homeMinor, computeRest(next, paymentId));
  const isOwed = isRefund(before) || paymentId !== before.payment?.paymentId;
  if (!isOwed || amountMinor <= 0) return next;
  const refund = makeRefund({ ...fact, amountMinor }, cameHome, nowMs);
  const told2 = String(dispute?.toldAtMs);
  const refundId = makeRefundId(orderId, "dispute", dispute.disputeId, told2);
  return withRefund(next, { ...refund, refundId });
}
function whenDisputed(order, fact, { nowMs, whenUnknown }) {
  const { dispute, paymentId } = fact;
  if (capturedBy(order, paymentId) === void 0) return whenUnknown();
  if (!dispute) return void 0;
  const known = findDispute(order, dispute.disputeId);
  if (known ? !isNewer(dispute, known) : countDisputes(order) >= maxDisputes) return void 0;
  const told2 = withBalance(withDispute(order, paymentId, dispute));
  const owed = owingAgain(order, reduced(told2, paymentId), fact, nowMs);
  const dueMs = dispute.isOver ? nowMs : order.dueAtMs ?? nowMs;
  return {
    next: withDue(remembering(owed, fact, nowMs), dueMs),
    stock: "leave",
    cart: "leave",
    action: "payment.disputed",
    reason: dispute.status
  };
}

// shared/payments/late-money.ts
var NotForSale = class extends Error {
  why;
  constructor(why) {
    super(`The order cannot be sold any more: ${why}`);
    this.why = why;
  }
};
function isLate({ status, expiresAtMs: expiresAtMs2 }, nowMs) {
  return status !== "pending" || isExpired(expiresAtMs2, nowMs);
}
function isTooLate({ expiresAtMs: expiresAtMs2 }, lateMoneyMs, nowMs) {
  return isExpired(later(expiresAtMs2, lateMoneyMs), nowMs);
}
function listDiscounts({ adjustments = [] }) {
  return adjustments.filter(lowersPrice).flatMap(({ code, automatic = false, target, value }) => {
    return code === void 0 ? [] : [{ code, automatic, target, value }];
  });
}
function isDiscountOver({ status, discountsEndAtMs }, nowMs) {
  const hasEnded = status !== "pending";
  return hasEnded && discountsEndAtMs !== void 0 && nowMs >= discountsEndAtMs;
}
function findCeiling({ lines, currency }, wanted) {
  const line = lines.find(({ itemId }) => itemId === wanted);
  return line && { amountMinor: line.unitPriceMinor, currency };
}

// shared/payments/payment.ts
var OrderMoved = class extends HoldfastError {
  found;
  constructor(orderId, found) {
    super("TRY_AGAIN", "The order changed in the meantime", { orderId });
    this.found = found;
  }
};
function isWhatWasOrdered(order, fact) {
  const { amountMinor, orderedMinor = amountMinor, currency } = fact;
  return orderedMinor === order.totalMinor && currency === order.currency;
}
function knowsTransaction({ payment }, transactionId) {
  if (!payment) return false;
  return payment.transactionId === transactionId || transactionId in (payment.transactions ?? {});
}
function earlierTransaction({ payment }, method) {
  if (payment?.provider === method) return payment.transactionId;
  const earlier = Object.entries(payment?.transactions ?? {});
  return earlier.find(([, provider]) => provider === method)?.[0];
}
var unpaid = /* @__PURE__ */ new Set(["pending", "failed", "cancelled", "expired"]);
function withExtra(order, fact, nowMs) {
  const { paymentId, amountMinor } = fact;
  const extraMinor = { ...order.payment?.extraMinor, [paymentId]: amountMinor };
  const payment = { ...order.payment, extraMinor };
  const next = { ...order, payment };
  return withRefund(next, makeRefund(fact, refundReasons.paidTwice, nowMs));
}
function refundInstead(order, fact, reason, nowMs) {
  const payment = captured(order, fact, nowMs);
  const settled = { ...remembering(order, fact, nowMs), status: "refund_due", payment };
  const next = withRefund(settled, makeRefund(fact, reason, nowMs));
  const wasOpen = order.status === "pending";
  return {
    next: withDue(next, nowMs),
    reason,
    stock: wasOpen ? "release" : "leave",
    cart: wasOpen ? "reopen" : "leave"
  };
}
function whenCaptured(order, fact, { lateMoneyMs, nowMs }) {
  if (!unpaid.has(order.status)) {
    const next2 = remembering(withExtra(order, fact, nowMs), fact, nowMs);
    return {
      next: withDue(next2, nowMs),
      stock: "leave",
      cart: "leave",
      reason: refundReasons.paidTwice
    };
  }
  if (!isWhatWasOrdered(order, fact)) {
    return refundInstead(order, fact, refundReasons.mismatch, nowMs);
  }
  if (isTooLate(order, lateMoneyMs, nowMs)) {
    return refundInstead(order, fact, refundReasons.tooLate, nowMs);
  }
  if (isDiscountOver(order, nowMs)) {
    return refundInstead(order, fact, refundReasons.priceRose, nowMs);
  }
  const payment = captured(order, fact, nowMs);
  const next = { ...remembering(order, fact, nowMs), status: "paid", payment };
  return {
    next: withDue(next, nowMs),
    stock: "sell",
    cart: "complete",
    soldOut: refundInstead(order, fact, refundReasons.soldOut, nowMs),
    priceRose: refundInstead(order, fact, refundReasons.priceRose, nowMs)
  };
}
function whenFailed(order, fact, policy, nowMs) {
  const isCurrent = order.payment?.transactionId === fact.transactionId;
  if (order.status !== "pending" || !isCurrent || hasHeardEnough(order)) return void 0;
  const payment = { ...order.payment, state: "failed" };
  const next = remembering({ ...order, payment }, fact, nowMs);
  if (policy === "keep") return { next, stock: "leave", cart: "leave" };
  return { next: withDue({ ...next, status: "failed" }, nowMs), stock: "release", cart: "reopen" };
}
function decideOutcome(order, fact, rules) {
  const { policy, nowMs } = rules;
  if (fact.kind === "refunded" || fact.kind === "disputed") {
    const { refundId: _refund, refunds: _told, dispute: _dispute, ...payment } = fact;
    const capture = { ...payment, kind: "captured" };
    const whenUnknown = () => whenCaptured(order, capture, rules);
    const whenTold = fact.kind === "refunded" ? whenRefundsTold : whenDisputed;
    return whenTold(order, fact, { nowMs, whenUnknown });
  }
  if (order.events?.[factKey(fact)]) return void 0;
  if (fact.kind === "failed") return whenFailed(order, fact, policy, nowMs);
  return capturedBy(order, fact.paymentId) === void 0 ? whenCaptured(order, fact, rules) : void 0;
}

// shared/payments/cashier.ts
function createCashier({ database, keys, clock, sleep = import_promises4.setTimeout, deliver }) {
  async function getOrder(transactionId, caller) {
    const order = await findOrder(database, parseSandboxTransactionId(transactionId) ?? "");
    if (order && isOwnOrder(order, caller) && knowsTransaction(order, transactionId)) return order;
    throw new OrderNotFound(transactionId);
  }
  return {
    /**
     * Sends the webhook and waits for its answers. One request of its own, besides the webhook's.
     *
     * @throws OrderNotFound when the transaction is of none of the caller's orders; nothing was sent
     * @throws ProviderFailed when our own webhook route could not be reached
     * @example await cashier.pay({ transactionId, outcome: "success", caller })
     */
    async pay(wish) {
      const { transactionId, outcome, delayMs = 0, duplicates = 0, caller } = wish;
      const { orderId, totalMinor, currency } = await getOrder(transactionId, caller);
      const [current] = await keys();
      if (delayMs > 0) await sleep(delayMs);
      const type = outcome === "success" ? "payment.captured" : "payment.failed";
      const money2 = { amountMinor: totalMinor, currency };
      const data = { orderId, transactionId, paymentId: transactionId, ...money2 };
      const eventId = randomId("msg");
      const at40 = new Date(epochMs(clock()));
      const event = signSandboxEvent(current, { type, data }, { id: eventId, at: at40 });
      const copies = Array.from({ length: 1 + duplicates }, () => deliver(event));
      const statuses = await Promise.all(copies).catch(() => {
        throw new ProviderFailed("sandbox", "unreachable", true);
      });
      return { transactionId, eventId, deliveries: statuses.map((status) => ({ status })) };
    }
  };
}

// shared/payments/rechecking.ts
var CaptureUnsettled = class extends ProviderFailed {
};
function createRechecking({ providers, logger, alarm }, settle3) {
  async function settleUnheard(order, fact, actor, { isOver: isOver3 = false } = {}) {
    const isNews = fact.kind === "captured" && capturedBy(order, fact.paymentId) === void 0;
    const refunds = isNews ? await listRefunds3(fact, isOver3) : [];
    const known = await settle3(order, fact, actor);
    if (known === order || fact.kind !== "captured") return known;
    const { orderId, transactionId } = fact;
    logger.warn("A capture that no webhook told of", { orderId, transactionId });
    alarm("UntoldCapture");
    return refunds.length > 0 ? settle3(known, { ...fact, kind: "refunded", refunds }, actor) : known;
  }
  async function listRefunds3(fact, isOver3) {
    try {
      return await providers[fact.provider]?.listRefunds(fact) ?? [];
    } catch (error) {
      if (!(error instanceof ProviderFailed)) throw error;
      if (isOver3) return [];
      throw new CaptureUnsettled(fact.provider, error.reason, true);
    }
  }
  async function recheck2(order, actor, how = {}) {
    let current = order;
    for (const [transactionId, name] of Object.entries(order.payment?.transactions ?? {})) {
      const fact = await providers[name]?.findPayment(transactionId);
      if (fact?.orderId !== order.orderId) continue;
      current = await settleUnheard(current, fact, actor, how);
    }
    return current;
  }
  return { settleUnheard, recheck: recheck2 };
}

// shared/payments/cancel-service.ts
function createCancelling({ orders, payments, logger }) {
  async function lookFirst(order, actor) {
    try {
      return await payments.recheck(order, actor);
    } catch (error) {
      if (!(error instanceof ProviderFailed) || error instanceof CaptureUnsettled) throw error;
      const { orderId } = order;
      logger.warn("Cancelled without asking the provider", { orderId, reason: error.reason });
      return order;
    }
  }
  return {
    /**
     * Ends a pending order: its units can be bought and its cart edited from this instant, and where the
     * provider can, it takes no more money. Two requests, and what a payment that was found costs. Repeating
     * it answers with the cancelled order.
     *
     * @throws OrderNotPayable when the order is past pending, when a bank is at work on its payment (`reason:
     *   "payment_processing"`), or when it turned out to be paid: then it is settled
     * @throws CaptureUnsettled when it was paid, but the provider cannot say now whether that went back; nothing was changed
     * @example await cancelling.cancel({ orderId: "ord_x", caller, actor: { id: "alice" } })
     */
    async cancel({ orderId, caller, actor, reason }) {
      const order = await orders.get(orderId, caller);
      const known = order.status === "pending" ? await lookFirst(order, actor) : order;
      const ended = await orders.end(known, actor, reason);
      const left2 = await payments.abandon(ended, actor);
      if (left2.status === "cancelled") return left2;
      throw new OrderNotPayable(left2);
    }
  };
}

// shared/payments/events/noted-event.ts
var eventKinds = [
  "processing",
  "captured",
  "failed",
  "refunded",
  "disputed",
  // Nothing that moves an order, or that could be read.
  "noted"
];
function parseKey(name) {
  const key2 = name.replace(/#by_[\w-]{22}$/, "");
  const at40 = key2.indexOf(":");
  const kind = eventKinds.find((each) => each === key2.slice(0, Math.max(0, at40)));
  return kind ? { kind, id: key2.slice(at40 + 1) } : { kind: "noted", id: key2 };
}
function listRemembered({ events = {}, paymentMethod }) {
  return Object.entries(events).map(([key2, { kind: type, atMs, did = null, provider }]) => {
    return { provider: provider ?? paymentMethod, ...parseKey(key2), type, did, atMs };
  });
}
function parseKept(row) {
  const { provider, type, atMs, isUnreadable, did = "nothing" } = row;
  const key2 = String(row["eventKey"]).slice(provider.length + 1);
  const told2 = { provider, ...parseKey(key2), type, did, atMs };
  return isUnreadable === true ? { ...told2, isUnreadable } : told2;
}

// shared/payments/events/noted-event-store.ts
var longestText = 255;
var eventLifeMs = 90 * dayMs;
var at31 = pathsOf();
var EventKept = class extends HoldfastError {
  constructor() {
    super("EVENT_KEPT", "The event was kept before");
  }
};
function makeEventKey(event) {
  const id = event.kind === "noted" ? foreignKey(event.eventId) : tellingKey(event);
  return `${event.provider}/${id}`;
}
function pickFacts({ orderId, ...told2 }) {
  const kept = Object.entries(told2).filter(([name, value]) => !["certain", "eventId"].includes(name) && typeof value !== "object").map(([name, value]) => [
    name,
    typeof value === "string" ? value.slice(0, longestText) : value
  ]);
  const isNamed = orderId !== void 0 && /^[\w-]{1,128}$/.test(orderId);
  return { ...Object.fromEntries(kept), ...isNamed ? { orderId } : {} };
}
function keepWrite(event, { nowMs, did }) {
  const eventKey2 = makeEventKey(event);
  const ttlSeconds = ttlSecondsAt(later(nowMs, eventLifeMs));
  return put({
    table: "Events",
    key: { eventKey: eventKey2 },
    item: { eventKey: eventKey2, ...pickFacts(event), ...did && { did }, atMs: nowMs, ttlSeconds },
    condition: isMissing(at31("eventKey")),
    refused: () => new EventKept(),
    applied: () => true
  });
}
async function keepEvent(database, event, when) {
  try {
    await database.apply(keepWrite(event, when));
  } catch (error) {
    if (!(error instanceof EventKept)) throw error;
  }
}
async function listKept(database, orderId, page) {
  const where = condition`${at31("orderId")} = ${orderId}`;
  const list = { table: "Events", index: "byOrder", where, ascending: false, ...page };
  const { rows, cursor } = await database.query(list);
  return { rows: rows.map(parseKept), ...cursor === void 0 ? {} : { cursor } };
}

// shared/payments/events/noted-event-service.ts
function createNotedEvents({ database }) {
  return {
    /**
     * A page of the events about an order, newest first: the first one has all that did something, which are 50 at
     * the most, and every page up to `limit` of those that did nothing in the last 90 days. Two requests, for a
     * page that goes on one.
     *
     * @throws OrderNotFound when there is neither the order nor an event that names it
     * @example const { rows, cursor } = await notedEvents.list({ orderId: "ord_x", limit: 20 });
     */
    async list({ orderId, ...page }) {
      if (page.cursor !== void 0) return listKept(database, orderId, page);
      const [order, { rows, ...more }] = await Promise.all([
        findOrder(database, orderId),
        listKept(database, orderId, page)
      ]);
      if (!order && rows.length === 0) throw new OrderNotFound(orderId);
      const remembered = order ? listRemembered(order) : [];
      const all = [...remembered, ...rows].toSorted((one, other) => other.atMs - one.atMs);
      return { rows: all, ...more };
    }
  };
}

// shared/payments/receiving.ts
async function payBack({ refunds, logger }, order, actor) {
  try {
    return await refunds.carryOut(order, actor);
  } catch (error) {
    logger.error("Refund not asked for yet", { orderId: order.orderId, error });
    return order;
  }
}
function noteMismatch({ logger, alarm }, order, fact) {
  if (isWhatWasOrdered(order, fact)) return;
  const { orderId, totalMinor, currency } = order;
  const captured2 = { amountMinor: fact.amountMinor, currency: fact.currency };
  logger.error("Captured is not what was ordered", { orderId, totalMinor, currency, captured: captured2 });
  alarm("AmountMismatch");
}
function noteDispute({ logger, alarm }, order, settled, fact) {
  const { disputeId = "", status } = fact.dispute ?? {};
  const isBeyond = !findDispute(settled, disputeId) && countDisputes(settled) >= maxDisputes;
  if (countDisputes(settled) > countDisputes(order) || isBeyond) {
    const { orderId } = order;
    logger.warn("A payment is disputed", { orderId, provider: fact.provider, status, isBeyond });
    alarm("PaymentDisputed");
  }
  return settled;
}
async function lookTwice(providers, order, fact) {
  const isMoney = fact.kind !== "processing" && fact.kind !== "failed";
  const isNews = isMoney && capturedBy(order, fact.paymentId) === void 0;
  if (!isNews || isWhatWasOrdered(order, fact)) return fact;
  const fetched = await providers[fact.provider]?.fetch(fact);
  const isAnswer = fetched?.orderId === order.orderId && fetched.orderedMinor !== void 0;
  return isAnswer ? { ...fact, orderedMinor: fetched.orderedMinor } : fact;
}
async function trace({ database, providers }, fact) {
  const order = await findOrder(database, fact.orderId);
  if (fact.certain || order && knowsTransaction(order, fact.transactionId)) return order;
  const fetched = await providers[fact.provider]?.fetch(fact);
  return fetched && findOrder(database, fetched.orderId);
}
function createReceiving(options) {
  const { database, providers, settling: settling2, clock, logger, alarm } = options;
  async function settle3(order, told2, actor, tellDeed) {
    const fact = await lookTwice(providers, order, told2);
    const settled = await settling2.settle(order, fact, actor, tellDeed);
    if (fact.kind === "disputed") return noteDispute(options, order, settled, fact);
    if (settled === order) return order;
    if (fact.kind === "captured") noteMismatch(options, order, fact);
    const hasFailed = countGivenUp(settled) > countGivenUp(order);
    if (hasFailed) {
      const { orderId } = order;
      logger.error("A refund failed after all", { orderId, refundId: fact.refundId });
      alarm("RefundFailed");
    }
    return hasFailed || hasNewRefunds(settled) ? payBack(options, settled, actor) : settled;
  }
  async function settleAndKeep(order, event, actor) {
    let did;
    const settled = await settle3(order, event, actor, (action2) => did = action2);
    const isRemembered = hasHeard(settled, event);
    if (!isRemembered) {
      await keepEvent(database, { ...event, orderId: order.orderId }, { nowMs: clock(), did });
    }
    return settled;
  }
  async function receive(name, delivery, requestId) {
    const provider = providers[name];
    if (!provider) throw new BadSignature(name);
    const event = await provider.readWebhook(delivery);
    if (event.kind === "noted" && event.isUnreadable) {
      logger.error("An event about money cannot be read", { provider: name, type: event.type });
      alarm("UnreadablePaymentEvent");
    }
    const order = event.kind === "noted" ? void 0 : await trace(options, event);
    if (event.kind === "noted" || !order) {
      await keepEvent(database, event, { nowMs: clock() });
      return {};
    }
    const actor = { id: `provider:${name}`, ...requestId === void 0 ? {} : { requestId } };
    return { order: await settleAndKeep(order, event, actor) };
  }
  async function verify(order, claim) {
    const { orderId } = order;
    const provider = providers[claim.provider];
    if (!provider) throw new BadSignature(claim.provider);
    const transactionId = earlierTransaction(order, claim.provider);
    const fact = await provider.readReturn({ orderId, transactionId }, claim.returned);
    if (!fact) return order;
    if (fact.orderId !== orderId) throw new BadSignature(claim.provider);
    return settle3(order, fact, claim.actor);
  }
  return { receive, verify, settle: settle3 };
}

// shared/payments/payment-store.ts
var at32 = pathsOf();
var formerRefunds = new AttributePath(["extraRefunds"]);
function orderIsAsRead2({ status, expiresAtMs: expiresAtMs2, revision }) {
  return allOf(
    condition`${at32("status")} = ${status}`,
    condition`${at32("expiresAtMs")} = ${expiresAtMs2}`,
    revision === void 0 ? isMissing(at32("revision")) : condition`${at32("revision")} = ${revision}`
  );
}
function changeOrderWrite(read2, next, note) {
  const { orderId } = read2;
  const revision = (read2.revision ?? 0) + 1;
  const { status, isSold, expiresAtMs: expiresAtMs2, pieces, payment, events, dueShard, dueAtMs } = next;
  const changed = { status, isSold, expiresAtMs: expiresAtMs2, pieces, payment, events, dueShard, dueAtMs };
  const { set, remove } = assigned({ ...changed, revision, change: note });
  return update({
    ...orderRow(orderId),
    // What the next order does not have any more is removed from the item.
    change: { set, remove: [...remove, formerRefunds] },
    condition: orderIsAsRead2(read2),
    refused: (found) => new OrderMoved(orderId, found && parseOrder(found)),
    // Its own effect: the very note with the next revision.
    applied: (found) => found?.["revision"] === revision && isSameNote2(found, note)
  });
}
function isSameNote2(found, note) {
  const change3 = found["change"];
  return ["action", "actor", "atMs"].every((name) => change3?.[name] === note[name]);
}

// shared/payments/refunds/refund-asking.ts
async function explainRefusal4(provider, refund, lastError) {
  try {
    return { status: "refused", lastError, told: await provider.listRefunds(refund) };
  } catch (error) {
    if (!(error instanceof ProviderFailed)) throw error;
    return { status: "unanswered", lastError };
  }
}
var keyLifeMs2 = secondsToMs(12 * 3600);
async function findAsked(provider, refund, nowMs) {
  const isFirst = refund.attempts === 0 && nowMs < later(refund.createdAtMs, keyLifeMs2);
  if (isFirst || refund.providerRefundId !== void 0) return void 0;
  const told2 = await provider.listRefunds(refund);
  const { refundId, gaveUp = [] } = refund;
  return told2.find((each) => each.ourRefundId === refundId && !gaveUp.includes(each.refundId));
}
function isDisputed(order, { refundId, paymentId, amountMinor }) {
  if (sumWithheld(order, paymentId) === 0) return false;
  return computeRefundable(order, paymentId, refundId) < amountMinor;
}
async function askProvider({ providers, clock, logger }, order, refund) {
  const { orderId } = order;
  const { reason, refundId, providerRefundId, transactionId, paymentId } = refund;
  const { amountMinor, currency } = refund;
  const provider = providers[refund.provider];
  if (amountMinor === 0) return { status: "done", refundId };
  if (refund.isOutside && providerRefundId === void 0) return { status: "outside" };
  if (!provider) return { status: "unanswered", lastError: "not_configured" };
  const payment = { orderId, transactionId, paymentId };
  const wish = { amountMinor, currency, reason, ourRefundId: refundId };
  const idempotencyKey = refundKey(refund);
  try {
    const asked = await findAsked(provider, refund, clock());
    if (asked) return asked;
    if (providerRefundId === void 0 && isDisputed(order, refund)) return { status: "disputed" };
    return await provider.refund({
      ...payment,
      ...wish,
      idempotencyKey,
      refundId: providerRefundId
    });
  } catch (error) {
    if (!(error instanceof ProviderFailed)) throw error;
    const { reason: lastError, retriable } = error;
    logger.warn("Refund not done yet", { orderId, provider: provider.name, paymentId, lastError });
    if (retriable || providerRefundId !== void 0) return { status: "unanswered", lastError };
    return explainRefusal4(provider, refund, lastError);
  }
}

// shared/payments/refunds/refund-attempt.ts
var firstPauseMs = secondsToMs(15);
var longestPauseMs5 = secondsToMs(6 * 3600);
function pauseAfter(attempts) {
  return Math.min(longestPauseMs5, firstPauseMs * 2 ** Math.min(attempts, 20));
}
function refused2(order, refund, { lastError, told: told2, nowMs }) {
  const next = withTold(order, refund, { refunds: told2, nowMs });
  const own = findRefund(next, refund.refundId) ?? refund;
  if (!isOpen2(own) || own.failures !== refund.failures) return next;
  const restMinor = computeRest(next, refund.paymentId, refund.refundId);
  if (restMinor < refund.amountMinor) return withRefund(next, shrunk(own, restMinor));
  return withRefund(next, { ...own, status: "failed", lastError });
}
function withoutTwin(order, ourId, refundId) {
  const { refunds = {} } = order.payment ?? {};
  const isTwin = ([id, { isOutside, providerRefundId, gaveUp }]) => id !== ourId && isOutside === true && (providerRefundId === refundId || gaveUp?.includes(refundId) === true);
  const others = Object.entries(refunds).filter((entry) => !isTwin(entry));
  if (others.length === Object.keys(refunds).length) return order;
  return { ...order, payment: { ...order.payment, refunds: Object.fromEntries(others) } };
}
function afterAttempt(order, { refundId, failures }, { answer, nowMs }) {
  const refund = findRefund(order, refundId);
  if (!refund || !isOpen2(refund) || refund.failures !== failures) return order;
  if (answer.status === "outside") {
    const { lastError: _error, ...rest } = refund;
    return withDue(withRefund(order, { ...rest, status: "done" }), nowMs);
  }
  if (answer.status === "disputed") {
    const waiting = { ...refund, lastError: "disputed" };
    return withDue(withRefund(order, waiting), later(nowMs, longestPauseMs5));
  }
  const asked = { ...refund, attempts: refund.attempts + 1 };
  const dueMs = later(nowMs, pauseAfter(asked.attempts));
  if (answer.status === "refused") {
    return withDue(refused2(withRefund(order, asked), asked, { ...answer, nowMs }), dueMs);
  }
  if (answer.status === "unanswered") {
    return withDue(withRefund(order, { ...asked, lastError: answer.lastError }), dueMs);
  }
  const answered = answer.status === "failed" ? givenUp(order, asked, { refundId: answer.refundId, lastError: "gave_up" }) : { ...confirmed(asked, answer), amountMinor: answer.amountMinor ?? asked.amountMinor };
  return withDue(withRefund(withoutTwin(order, refundId, answer.refundId), answered), dueMs);
}

// shared/payments/refunds/refund-store.ts
var at33 = pathsOf();
var PartRefused = class extends HoldfastError {
  found;
  constructor(orderId, found) {
    super("TRY_AGAIN", "The order has to be looked at", { orderId });
    this.found = found && parseOrder(found);
  }
};
function refundPartWrite({ orderId, refundId, entry, ...more }) {
  const { nowMs, note, unsure } = more;
  const place3 = new AttributePath(["payment", "refunds", refundId]);
  const refunds = at33("payment", "refunds");
  const left2 = at33("payment", "refundableMinor");
  const [revision, dueShard] = [at33("revision"), at33("dueShard")];
  const isOurs = (found) => found !== void 0 && parseOrder(found).payment?.refunds?.[refundId]?.createdAtMs === entry.createdAtMs;
  return update({
    ...orderRow(orderId),
    change: {
      set: [
        action`${place3} = ${entry}`,
        action`${left2} = ${left2} - ${entry.amountMinor}`,
        action`${revision} = if_not_exists(${revision}, ${0}) + ${1}`,
        action`${dueShard} = if_not_exists(${dueShard}, ${pickDueShard({ orderId })})`,
        action`${at33("dueAtMs")} = ${nowMs}`,
        action`${at33("change")} = ${note}`
      ]
    },
    condition: allOf(
      condition`${at33("status")} = ${"paid"}`,
      condition`${left2} > ${entry.amountMinor}`,
      condition`size(${refunds}) < ${maxRefunds}`,
      isMissing(place3),
      ...unsure.map((currency) => condition`${at33("currency")} <> ${currency}`)
    ),
    refused: (found) => new PartRefused(orderId, found),
    applied: isOurs
  });
}

// shared/payments/refunds/refund-wish.ts
var RefundExceeded = class extends HoldfastError {
  constructor(refundableMinor, requestedMinor) {
    super("REFUND_EXCEEDED", `Only ${refundableMinor} can still be paid back`, {
      refundableMinor,
      requestedMinor
    });
  }
};
var AmountNotRepresentable = class extends HoldfastError {
  constructor(paymentMethod, currency, stepMinor) {
    const told2 = `amountMinor: ${paymentMethod} pays back multiples of ${stepMinor} only in ${currency}`;
    const reason = "amount_not_representable";
    super("PAYMENT_METHOD_UNAVAILABLE", told2, { paymentMethod, reason, stepMinor });
  }
};
var ReturnExceeded = class extends HoldfastError {
  constructor(lineId, returnable, requested) {
    super("RETURN_EXCEEDED", `Only ${returnable} of ${lineId} can still come back`, {
      lineId,
      returnable,
      requested
    });
  }
};
var isWhole = ({ amountMinor, lines }) => amountMinor === void 0 && lines === void 0;
function makeFingerprint({ reason, amountMinor, lines, outside }) {
  return fingerprint({ reason, amountMinor, lines, outside });
}
function wishedRefundId(wish) {
  const { orderId, reference } = wish;
  if (reference !== void 0) return makeRefundId(orderId, "reference", reference);
  return isWhole(wish) ? makeRefundId(orderId, "whole") : makeRefundId(orderId, "wish", makeFingerprint(wish));
}
function wishedEntry(wish, amountMinor, nowMs) {
  const { reason, outside = false } = wish;
  const begun = { status: "due", reason, amountMinor, attempts: 0, createdAtMs: nowMs };
  const how = outside ? { isOutside: true } : {};
  return { ...begun, ...how, fingerprint: makeFingerprint(wish) };
}
function checkLines(order, lines) {
  const returnable = sumReturnable(order);
  if (returnable.size === 0) throw new OrderNotPayable(order);
  for (const [index, { lineId }] of lines.entries()) {
    const path = `lines.${index}.lineId`;
    const message = "is no line of this order";
    if (!returnable.has(lineId)) throw new InvalidRequest([{ path, message }]);
  }
  for (const [lineId, quantity] of sumLines(lines)) {
    const left2 = returnable.get(lineId) ?? 0;
    if (quantity > left2) throw new ReturnExceeded(lineId, left2, quantity);
  }
}
function pickAmount(order, { amountMinor, lines, outside = false }, findStep) {
  const { currency, payment } = order;
  const { paymentId = "", provider } = payment;
  const stepMinor = outside ? 1 : findStep(provider, currency);
  const refundable = computeRefundable(order, paymentId);
  if (amountMinor === void 0) {
    const restMinor = computeRest(order, paymentId);
    const owedMinor = lines ? Math.min(restMinor, computeWorth(order, lines)) : restMinor;
    return owedMinor - owedMinor % stepMinor;
  }
  if (amountMinor > refundable) throw new RefundExceeded(refundable, amountMinor);
  if (amountMinor % stepMinor > 0) throw new AmountNotRepresentable(provider, currency, stepMinor);
  return amountMinor;
}
function beginRefund(order, wish, { nowMs, findStep }) {
  const { provider, transactionId, paymentId = "" } = order.payment;
  if (listRefunds(order).length >= maxRefunds) {
    throw new TooLarge(`An order has at most ${maxRefunds} refunds`, maxRefunds);
  }
  if (wish.lines) checkLines(order, wish.lines);
  const lines = wish.lines ?? (isWhole(wish) ? listReturnable(order) : []);
  const amountMinor = pickAmount(order, wish, findStep);
  const refundId = wishedRefundId(wish);
  const refund = {
    ...wishedEntry(wish, amountMinor, nowMs),
    ...lines.length > 0 ? { lines } : {},
    refundId,
    provider,
    transactionId,
    paymentId,
    currency: order.currency
  };
  const balanced = withRefund(order, refund);
  const owed = isWhole(wish) && balanced.status === "paid" ? { ...balanced, status: "refund_due", isSold: true } : balanced;
  const units = restocked(order, lines);
  const outcome = {
    next: withDue(owed, nowMs),
    stock: units.length > 0 ? "takeBack" : "leave",
    back: { units, refundId },
    cart: "leave",
    action: lines.length > 0 ? "order.returned" : "refund.due",
    reason: wish.reason
  };
  return { outcome, refundId };
}
function reopened(order, refunds, { outside = false, nowMs }) {
  let next = order;
  const how = outside ? { isOutside: true } : {};
  for (const refund of refunds) {
    if (refund.isOutside) continue;
    if (outside && refund.status === "due") next = withRefund(next, { ...refund, ...how });
    if (refund.status !== "failed") continue;
    const { failures = 0 } = refund;
    const restMinor = computeRest(next, refund.paymentId, refund.refundId);
    const amountMinor = Math.min(refund.amountMinor, restMinor);
    const due = { ...refund, status: "due", attempts: 0, failures: failures + 1 };
    next = withRefund(next, { ...due, ...how, amountMinor });
  }
  if (next === order) return {};
  const step = { stock: "leave", cart: "leave", action: "refund.due" };
  return { outcome: { next: withDue(next, nowMs), ...step } };
}
function decideRefund(order, wish, nowMs, findStep = () => 1) {
  const refundId = wishedRefundId(wish);
  const known = findRefund(order, refundId);
  if (known) {
    const isOther = known.fingerprint !== void 0 && known.fingerprint !== makeFingerprint(wish);
    if (isOther && wish.reference !== void 0) throw new IdempotencyKeyReused();
    return { ...reopened(order, [known], { ...wish, nowMs }), refundId };
  }
  if (isWhole(wish) && isRefund(order))
    return reopened(order, listRefunds(order), { ...wish, nowMs });
  if (order.status !== "paid" && !isRefund(order)) throw new OrderNotPayable(order);
  return beginRefund(order, wish, { nowMs, findStep });
}

// shared/payments/refunds/refund-beginning.ts
var mostMoves6 = 20;
function createBeginning({ database, settling: settling2, clock, providers }) {
  const findStep = (name, currency) => providers[name]?.steps[currency] ?? 1;
  function listUnsure({ outside = false }, amountMinor) {
    if (outside) return [];
    const steps2 = Object.values(providers).flatMap((each) => Object.entries(each.steps));
    const coarse = steps2.filter(([, stepMinor]) => amountMinor % stepMinor > 0);
    return [...new Set(coarse.map(([currency]) => currency))];
  }
  async function beginPart(wish, amountMinor) {
    const { orderId, actor, reason } = wish;
    const nowMs = clock();
    const refundId = wishedRefundId(wish);
    const entry = wishedEntry(wish, amountMinor, nowMs);
    const note = changeNote("refund.due", actor, nowMs, reason);
    try {
      const unsure = listUnsure(wish, amountMinor);
      const write = refundPartWrite({ orderId, refundId, entry, nowMs, note, unsure });
      return { order: parseOrder(await database.apply(write)), refundId };
    } catch (error) {
      if (error instanceof PartRefused) return error;
      throw error;
    }
  }
  function beginKnown(wish, first) {
    let found = first;
    return again(mostMoves6, async () => {
      const order = found ?? await findOrder(database, wish.orderId);
      if (!order) throw new OrderNotFound(wish.orderId);
      const { outcome, refundId } = decideRefund(order, wish, clock(), findStep);
      if (!outcome) return { order, refundId };
      try {
        return { order: await settling2.carryOut(order, outcome, wish.actor), refundId };
      } catch (error) {
        if (!(error instanceof OrderMoved)) throw error;
        found = error.found;
        return new OnceMore();
      }
    });
  }
  return async function begin(wish) {
    const { amountMinor, lines } = wish;
    const isPart2 = amountMinor !== void 0 && lines === void 0;
    const first = isPart2 ? await beginPart(wish, amountMinor) : void 0;
    return first && !(first instanceof PartRefused) ? first : beginKnown(wish, first?.found);
  };
}

// shared/payments/refunds/refund-service.ts
var mostMoves7 = 20;
function createRefunds(options) {
  const { database, clock, alarm } = options;
  const begin = createBeginning(options);
  function wake(before, after) {
    const failures = (each) => each.gaveUp?.length ?? 0;
    if (after && failures(after) > failures(before)) alarm("RefundFailed");
    if (after?.status === "failed") alarm("RefundRefused");
  }
  function record(first, refund, answer, actor) {
    let order = first;
    return again(mostMoves7, async () => {
      const nowMs = clock();
      const next = afterAttempt(order, refund, { answer, nowMs });
      if (next === order) return order;
      const action2 = next.status === order.status ? "refund.attempted" : "order.refunded";
      const note = changeNote(action2, actor, nowMs, refund.reason);
      try {
        await database.apply(changeOrderWrite(order, next, note));
      } catch (error) {
        if (!(error instanceof OrderMoved) || !error.found) throw error;
        order = error.found;
        return new OnceMore();
      }
      wake(refund, findRefund(next, refund.refundId));
      return { ...next, revision: (order.revision ?? 0) + 1 };
    });
  }
  async function carryOut(order, actor, only) {
    let current = order;
    const isMeant2 = ({ refundId }) => only === void 0 || refundId === only;
    const waiting = listOpenRefunds(order).filter(isMeant2);
    for (let refund = waiting.shift(); refund; refund = waiting.shift()) {
      current = await record(current, refund, await askProvider(options, current, refund), actor);
      const now = findRefund(current, refund.refundId);
      if (now && isOpen2(now) && now.amountMinor < refund.amountMinor) waiting.push(now);
    }
    return current;
  }
  async function request(wish) {
    const { order, refundId } = await begin(wish);
    return carryOut(order, wish.actor, refundId);
  }
  return { carryOut, request };
}

// shared/payments/deciding.ts
function processingUntil(order, longestMs2) {
  const latestMs = deadlineWithin(later(order.createdAtMs, longestMs2), longestMs2);
  return epochMs(Math.max(order.expiresAtMs, latestMs));
}
function whenProcessing(order, fact, { nowMs, processingMs }) {
  const { payment } = order;
  const isOurs = payment && knowsTransaction(order, fact.transactionId);
  if (order.status !== "pending" || !isOurs || isProcessing(order)) return void 0;
  const expiresAtMs2 = processingUntil(order, processingMs(fact.provider));
  const next = { ...order, expiresAtMs: expiresAtMs2, payment: { ...payment, state: "processing" } };
  const isLonger = expiresAtMs2 > order.expiresAtMs;
  return {
    next: withDue(remembering(next, fact, nowMs), nowMs),
    stock: isLonger ? "extend" : "leave",
    cart: "leave"
  };
}
function decide(order, fact, rules) {
  if (fact.kind !== "processing") return decideOutcome(order, fact, rules);
  return order.events?.[factKey(fact)] ? void 0 : whenProcessing(order, fact, rules);
}

// shared/payments/extending.ts
function extendOrder({ order, next, transactionId, note }) {
  const { orderId, cart } = order;
  const { expiresAtMs: expiresAtMs2 } = next;
  const pieces = extendPieces(order, expiresAtMs2);
  const moved = withDue(pieces ? { ...next, pieces } : next, expiresAtMs2);
  const ofCart = cart && { cartId: cart.cartId, orderId, transactionId, expiresAtMs: expiresAtMs2, note };
  const writes = [
    changeOrderWrite(order, moved, note),
    ...listHoldings(order, note).map((holding) => extendWrite(holding, expiresAtMs2)),
    ...extendCountWrites(order, expiresAtMs2),
    ...extendAllowanceWrites(order, expiresAtMs2),
    ...ofCart ? [extendCheckoutWrite(ofCart)] : []
  ];
  return { next: moved, writes };
}

// shared/payments/selling.ts
var mostRivals2 = 20;
function listParts2({ order, note }) {
  const isHeld = order.status === "pending";
  const { pieces: _where, ...anywhere } = order;
  const holdings = listHoldings(isHeld ? order : anywhere, note);
  const mayBeDearer = !isLate(order, note.atMs);
  return holdings.map((holding) => {
    const ceiling = mayBeDearer ? void 0 : findCeiling(order, holding.itemId);
    return { ...holding, ceiling, isHeld };
  });
}
var notForSale = (failed) => new NotForSale(failed.some(({ reason }) => reason === "price_changed") ? "priceRose" : "soldOut");
function takeWrite({ options, rooms }, part) {
  if (part.isHeld) return confirmWrite(part);
  const nowMs = options.clock();
  const stock = part.row === 0 ? rooms.get(part.itemId) : void 0;
  const { itemId, row, quantity, ceiling, orderId, note } = part;
  const room = stock && roomIn(stock, nowMs);
  return sellWrite({ itemId, row, quantity, ceiling, orderId, nowMs, room, note });
}
function retakePlain({ options, sale: { order } }, part, stock) {
  const { expiresAtMs: expiresAtMs2 } = part;
  const stillCounted = stock.reclaimedThroughMs < bucketEndMs(bucketKey(expiresAtMs2));
  if (stillCounted && order.status === "pending") return { ...part, isHeld: true };
  const counted = { ...stock, holdPolicy: "counted" };
  const failed = whyRefused(part, counted, options.clock());
  if (failed) throw notForSale([failed]);
  return { ...part, isHeld: false };
}
async function retakeSpread({ options }, lost, kept) {
  const [first] = lost;
  const quantity = lost.reduce((sum, part) => sum + part.quantity, 0);
  try {
    const { itemId, ceiling } = first;
    const found = await findUnits(options, { itemId, quantity, ceiling });
    const parts = found.map(({ row, quantity: own }) => ({
      ...first,
      row,
      quantity: own,
      isHeld: false
    }));
    const isTwice = [...kept, ...parts].filter(({ row }) => row === 0).length > 1;
    if (isTwice) throw new NotForSale("soldOut");
    return [...kept, ...parts];
  } catch (error) {
    if (error instanceof ItemsUnavailable) throw notForSale(error.failedItems);
    throw error;
  }
}
async function noteRoom({ options, rooms }, found) {
  const isMore = roomIn(found, options.clock()).over.length === maxTakenOver;
  const stock = isMore ? await reclaimExpired(options, found) : found;
  rooms.set(stock.itemId, stock);
  return stock;
}
async function retake(selling2, parts, findRefusal) {
  const refused3 = parts.filter((part) => findRefusal(part));
  if (refused3.length === 0) return parts;
  const own = refused3.find(({ row }) => row === 0);
  const found = own && findRefusal(own)?.found;
  if (own && !found) throw new NotForSale("soldOut");
  const stock = found && await noteRoom(selling2, parseStock(found));
  if (own && stock && parts.length === 1 && !isSpread(stock)) {
    return [retakePlain(selling2, own, stock)];
  }
  const kept = parts.filter((part) => part.isHeld && !refused3.includes(part));
  const lost = parts.filter((part) => !kept.includes(part));
  return retakeSpread(selling2, lost, kept);
}
function listCounted2({ allowances = [], status }) {
  return allowances.map((allowance) => ({ allowance, isCounted: status === "pending" }));
}
function countWrite2({ options, sale: { order } }, counted) {
  const { allowance, isCounted: isCounted2, seen } = counted;
  if (isCounted2) return keepAllowanceWrite(order, allowance);
  const paid = { ...order, status: "paid" };
  return takeAllowanceWrite({ order: paid, allowance, nowMs: options.clock(), seen });
}
function recounted({ options }, counted, refusal) {
  if (!refusal) return counted;
  const { allowance } = counted;
  const seen = parseTaken2(refusal.found);
  try {
    checkAllowance(allowance, seen, options.clock());
  } catch (error) {
    if (error instanceof LimitExceeded) throw new NotForSale("soldOut");
    throw error;
  }
  return { allowance, isCounted: false, seen };
}
function createSelling(options) {
  const { database } = options;
  return function sell(sale) {
    const { orderWrite, needed } = sale;
    const selling2 = { options, sale, rooms: /* @__PURE__ */ new Map() };
    let parts = listParts2(sale);
    let counted = listCounted2(sale.order);
    let { cartWrites: cartWrites2 } = sale;
    return again(mostRivals2, async () => {
      const writes = new Map(parts.map((part) => [part, takeWrite(selling2, part)]));
      const counts = new Map(counted.map((each) => [each, countWrite2(selling2, each)]));
      try {
        const own = [...writes.values(), ...counts.values()];
        const all = [.../* @__PURE__ */ new Set([orderWrite, ...own, ...needed, ...cartWrites2])];
        if (all.length > maxTransactionWrites) throw new NotForSale("soldOut");
        return await transactOpening(database, all);
      } catch (error) {
        if (!(error instanceof TransactionRefused) || error.of(orderWrite)) throw error;
        const refused3 = error;
        if (needed.some((write) => refused3.of(write))) throw new NotForSale("priceRose");
        cartWrites2 = cartWrites2.filter((write) => !refused3.of(write));
        counted = counted.map((each) => recounted(selling2, each, refused3.of(counts.get(each))));
        const byItem = [...groupBy(parts, ({ itemId }) => itemId).values()];
        const findRefusal = (part) => refused3.of(writes.get(part));
        const next = byItem.map((own) => retake(selling2, own, findRefusal));
        parts = (await Promise.all(next)).flat();
        return new OnceMore();
      }
    });
  };
}

// shared/payments/settle-service.ts
var mostSteps = 20;
function cartWrites(order, outcome, told2) {
  const { orderId, lines, cart: ordered } = order;
  if (!ordered || outcome.cart === "leave") return [];
  const note = { ...told2, action: pickAction("cart", order, outcome) };
  const { cartId, version, instances, conditions = [], codes = [] } = ordered;
  if (outcome.cart === "reopen") return [reopenWrite({ cartId, orderId, note })];
  const bought = listBought(lines);
  const purchase = { cartId, orderId, version, bought, instances, conditions, codes, note };
  return [completeWrite(purchase)];
}
var isOver2 = (order, { next }) => order.status === "pending" && next.status !== "pending";
function countWrites2(order, outcome, nowMs) {
  const { next } = outcome;
  if (!isOver2(order, outcome)) return [];
  return leaveCountWrites(order, next.status === "failed" ? "unpaid" : "paid", nowMs);
}
function besideWrites(order, outcome, note) {
  return [...cartWrites(order, outcome, note), ...countWrites2(order, outcome, note.atMs)];
}
function pickAction(topic, order, { next, next: { status } }) {
  if (isProcessing(next) && !isProcessing(order)) return "payment.processing";
  return status === order.status || status === "pending" ? "payment.noted" : `${topic}.${status}`;
}
function makeNote2(order, outcome, actor, nowMs) {
  const { action: action2, reason } = outcome;
  const isMoved = outcome.next.status !== order.status;
  const told2 = (isMoved ? void 0 : action2) ?? pickAction("order", order, outcome);
  const note = changeNote(told2, actor, nowMs, reason);
  return { ...note, orderId: order.orderId };
}
function takeBackWrites({ back }, note) {
  if (!back) return [];
  const { units, refundId } = back;
  const told2 = { ...note, action: "item.returned", refundId };
  return units.map((demand) => takeBackWrite({ ...demand, note: told2 }));
}
function orderMovedIn(error) {
  if (!(error instanceof TransactionRefused)) return error;
  const errors = error.refusals.map((refusal) => refusal.error);
  return errors.find((each) => each instanceof OrderMoved) ?? error;
}
async function change2(database, order, outcome, note) {
  const given = isOver2(order, outcome) ? leaveAllowanceWrites(order) : [];
  const carted = [...besideWrites(order, outcome, note), ...given];
  const changed = changeOrderWrite(order, outcome.next, note);
  const required = [changed, ...takeBackWrites(outcome, note)];
  const held = outcome.stock === "release" ? listHoldings(order, note) : [];
  const back = listReleases(held, required.length + carted.length);
  const gone2 = await transactTolerating(database, required, [...back, ...carted]);
  const left2 = held.filter((_, index) => gone2.includes(back[index]));
  await releaseMoved(database, left2);
}
async function extend(database, order, { next }, note) {
  const transactionId = next.payment?.transactionId ?? temporaryTransactionId(order.orderId);
  const longer = extendOrder({ order, next, transactionId, note });
  try {
    await transactOpening(database, longer.writes);
    return longer.next;
  } catch (error) {
    if (!(error instanceof TransactionRefused)) throw error;
    if (orderMovedIn(error) !== error) throw error;
    const noted = withDue({ ...next, expiresAtMs: order.expiresAtMs }, note.atMs);
    await database.apply(changeOrderWrite(order, noted, note));
    return noted;
  }
}
function createSettling(options) {
  const { database, clock, onPaymentFailure: policy, processingMs, lateMoneyMs } = options;
  const sell = createSelling(options);
  async function carryOut(order, decided, actor, tellDeed) {
    const { stock, corrected: corrected2 } = decided;
    const note = makeNote2(order, decided, actor, clock());
    const next = withDeeds(order, decided.next, note.action);
    const outcome = { ...decided, next };
    try {
      let done = next;
      if (stock === "extend") done = await extend(database, order, outcome, note);
      else if (stock === "sell") {
        const orderWrite = changeOrderWrite(order, next, note);
        const beside = besideWrites(order, outcome, note);
        const isGiven = isLate(order, note.atMs) && (order.cart?.conditions ?? []).length > 0;
        const gift = isGiven ? beside.slice(0, 1) : [];
        const discounts = order.status === "pending" ? [] : listDiscounts(order);
        const needed = [...gift, ...discountChecks(discounts, order.orderId, note.atMs)];
        await sell({ order, orderWrite, cartWrites: beside, needed, note });
      } else await change2(database, order, outcome, note);
      tellDeed?.(note.action);
      return { ...done, revision: (order.revision ?? 0) + 1 };
    } catch (error) {
      const instead = error instanceof NotForSale ? outcome[error.why] : void 0;
      if (instead) return carryOut(order, instead, actor, tellDeed);
      const refused3 = orderMovedIn(error);
      if (corrected2 && refused3 instanceof TransactionRefused) {
        return carryOut(order, corrected2, actor, tellDeed);
      }
      throw refused3;
    }
  }
  function settle3(first, fact, actor, tellDeed) {
    let order = first;
    return again(mostSteps, async () => {
      const rules = { policy, processingMs, lateMoneyMs, nowMs: clock() };
      const outcome = decide(order, fact, rules);
      if (!outcome) return order;
      try {
        order = await carryOut(order, outcome, actor, tellDeed);
      } catch (error) {
        if (!(error instanceof OrderMoved)) throw error;
        order = error.found ?? order;
      }
      return new OnceMore();
    });
  }
  return { settle: settle3, carryOut };
}

// shared/payments/start-service.ts
var mostPaymentSteps = 10;
function createStarting(options) {
  const { database, clock } = options;
  function assertPayable(order) {
    if (order.status !== "pending" || isProcessing(order)) throw new OrderNotPayable(order);
    if (!isExpired(order.expiresAtMs, clock())) return;
    throw new OrderNotPayable({ ...order, status: "expired" });
  }
  function computeDeadline(order, method) {
    const paymentMs = options.paymentMs(method);
    const latestMs = deadlineWithin(later(order.createdAtMs, options.maxHoldMs), paymentMs);
    const wishedMs = deadlineAfter(clock(), paymentMs);
    return epochMs(Math.max(order.expiresAtMs, Math.min(wishedMs, latestMs)));
  }
  async function attach(order, started, actor) {
    const { provider, transactionId, expiresAtMs: expiresAtMs2 } = started;
    const transactions = { ...order.payment?.transactions, [transactionId]: provider };
    const begun = { ...order.payment, provider, transactionId, transactions };
    const { state: _former, ...payment } = begun;
    const note = changeNote("payment.started", actor, clock());
    const next = { ...order, payment, expiresAtMs: expiresAtMs2 };
    const { writes } = extendOrder({ order, next, transactionId, note });
    await transactOpening(database, writes);
  }
  async function attempt(order, request) {
    assertPayable(order);
    const method = request.method ?? order.payment?.provider ?? order.paymentMethod;
    const expiresAtMs2 = computeDeadline(order, method);
    const { orderId, totalMinor: amountMinor, currency } = order;
    const transactionId = earlierTransaction(order, method);
    const wish = { orderId, amountMinor, currency, expiresAtMs: expiresAtMs2, transactionId };
    const transaction = await request.getProvider(method).create(wish);
    const started = { ...transaction, provider: method, expiresAtMs: expiresAtMs2 };
    await attach(order, started, request.actor);
    return started;
  }
  return {
    /** See `initiate` of the payment service. */
    start(request) {
      return again(mostPaymentSteps, async () => {
        const order = await request.read();
        try {
          return await attempt(order, request);
        } catch (error) {
          if (!(error instanceof TransactionRefused)) throw error;
          const moved = error.refusals.some((refusal) => refusal.error instanceof OrderMoved);
          if (!moved) throw new OrderNotPayable({ ...order, status: "expired" });
          return new OnceMore();
        }
      });
    }
  };
}

// shared/payments/payment-service.ts
function createPaymentService(options) {
  const { database, providers, logger } = options;
  const settling2 = createSettling(options);
  const starting = createStarting(options);
  const refunds = createRefunds({ ...options, settling: settling2 });
  const receiving = createReceiving({ ...options, settling: settling2, refunds });
  const { recheck: recheck2, settleUnheard } = createRechecking(options, receiving.settle);
  function getProvider(method) {
    const provider = providers[method];
    if (provider) return provider;
    throw new PaymentMethodUnavailable(method, "not_configured");
  }
  return {
    /**
     * Refuses what this way of paying cannot take, from its tables and keys alone: no request. What costs
     * nothing is asked of no provider; only the name has to be one that this stage has.
     *
     * @throws PaymentMethodUnavailable with the reason
     * @example await payments.assertPayable("stripe", { amountMinor: 4_900, currency: "EUR" })
     */
    async assertPayable(method, amount) {
      const provider = getProvider(method);
      if (amount.amountMinor === 0) return;
      const reason = await provider.whyNot(amount);
      if (reason) throw new PaymentMethodUnavailable(method, reason);
    },
    /**
     * Starts the payment of a pending order: the provider's transaction, then order, holds and cart
     * lock extended to the payment's deadline in one transaction. Two requests. Repeating it answers
     * with the same transaction.
     *
     * @throws OrderNotPayable when the order is past pending or its time is over; nothing was changed
     * @throws PaymentMethodUnavailable for what the provider cannot take; nobody was asked
     * @throws ProviderFailed when the provider failed; order and holds stand as they were
     * @example await payments.initiate({ orderId: "ord_x", caller, actor: { id: "alice" } })
     */
    initiate({
      orderId,
      caller,
      ...wish
    }) {
      return starting.start({
        read: () => getOwnOrder(database, orderId, caller),
        getProvider,
        ...wish
      });
    },
    /**
     * Takes a webhook in. When this resolves, what it says is done and durable, or was done before: 2
     * requests when it moves the order, 1 when it does not, 0 when it is not genuine.
     *
     * @throws BadSignature when the provider has not signed it; nothing was read or written
     * @example await payments.receive("stripe", { body, headers })
     */
    receive: receiving.receive,
    /**
     * Takes what the provider gave the shopper's browser: the same facts, the same result as the
     * webhook. Whichever comes first does the work, the other finds it done.
     *
     * @throws BadSignature when it is not genuine or about another payment; nothing was changed
     * @example await payments.verify({ orderId, provider: "stripe", returned, caller, actor })
     */
    async verify(claim) {
      getProvider(claim.provider);
      return receiving.verify(await getOwnOrder(database, claim.orderId, claim.caller), claim);
    },
    /** Pays back what an order has cost; see `createRefunds`. */
    refund: refunds.request,
    /** What providers sent about an order; see `createNotedEvents`. */
    listEvents: createNotedEvents(options).list,
    /** Asks the provider for every refund of the order that is still open; for the sweep. */
    retryRefunds: refunds.carryOut,
    /** Does to an order what a provider says of a payment, told before or not; for who walks its books. */
    settleUnheard,
    /**
     * Asks the providers what came of the order's transactions, and settles what was captured: webhooks
     * can be lost for good. No request where nothing was, and none of ours to wait for.
     *
     * @throws ProviderFailed when one could not be asked; what was found before that is settled
     * @throws CaptureUnsettled when money has come, but what of it went back could not be asked for
     */
    recheck: recheck2,
    /**
     * Keeps money for an order that has ended from coming late, where providers can. Where one says that it is
     * too late, what came is settled. Hands back the order as it is then. Never fails.
     */
    async abandon(order, actor) {
      const { orderId, payment } = order;
      let current = order;
      for (const [transactionId, name] of Object.entries(payment?.transactions ?? {})) {
        try {
          const came = await providers[name]?.cancel(transactionId);
          if (came === "too_late") current = await recheck2(current, actor, { isOver: true });
        } catch (error) {
          const reason = error instanceof HoldfastError ? error.fields["reason"] ?? error.code : "unexpected";
          logger.warn("Transaction not cancelled", { orderId, transactionId, reason });
        }
      }
      return current;
    }
  };
}

// shared/base/payment-providers.ts
var paymentProviders = {
  stripe: {
    keys: ["secretKey", "publishableKey"],
    returned: {
      required: {},
      optional: {
        paymentIntentId: 512,
        payment_intent: 512,
        payment_intent_client_secret: 512,
        redirect_status: 512
      }
    }
  },
  razorpay: {
    keys: ["keyId", "keySecret"],
    returned: {
      required: { razorpay_order_id: 128, razorpay_payment_id: 128, razorpay_signature: 512 },
      optional: {}
    }
  },
  wompi: {
    keys: ["publicKey", "privateKey", "integritySecret"],
    returned: { required: {}, optional: { transactionId: 512, id: 512, env: 512 } }
  },
  mercadopago: {
    keys: ["publicKey", "accessToken"],
    returned: {
      required: {},
      optional: {
        payment_id: 128,
        collection_id: 128,
        preference_id: 128,
        external_reference: 128,
        merchant_order_id: 128,
        status: 128
      }
    }
  },
  sandbox: {
    keys: [],
    returned: { required: {}, optional: { transactionId: 512 } },
    outsideProduction: true
  }
};
var providerNames = Object.keys(paymentProviders);
var realProviderNames = providerNames.filter(
  (name) => !("outsideProduction" in paymentProviders[name])
);

// shared/payments/reconciling/checking.ts
var import_cockatiel = require("cockatiel");

// shared/payments/reconciling/difference.ts
var ledgerLagMs = secondsToMs(900);
function isInLedger({ payment, expiresAtMs: expiresAtMs2 }, nowMs) {
  const paidAtMs = payment?.capturedAtMs ?? nowMs;
  return paidAtMs <= expiresAtMs2 && later(paidAtMs, ledgerLagMs) <= nowMs;
}
function recordedMinor(order, paymentId) {
  const { payment } = order;
  if (payment?.paymentId === paymentId) return payment.capturedMinor;
  return payment?.extraMinor?.[paymentId];
}
function makeDifference(kind, fact, order) {
  const { provider, paymentId, amountMinor, currency } = fact;
  const orderId = order?.orderId ?? fact.orderId;
  const ours = {
    orderStatus: order?.status ?? null,
    recordedMinor: (order && recordedMinor(order, paymentId)) ?? null
  };
  return { kind, provider, orderId, paymentId, amountMinor, currency, ...ours };
}
function isBackHere(order, { refunds = [], paymentId }) {
  const ours = listRefunds(order).filter((each) => each.paymentId === paymentId);
  return refunds.filter(({ status }) => status === "done").every((told2) => ours.some((each) => isTold(each, told2)));
}
var isTold = ({ providerRefundId, status, amountMinor }, told2) => providerRefundId === told2.refundId && status === "done" && amountMinor === told2.amountMinor;
function isToldNewer(order, fact) {
  const known = fact.dispute && findDispute(order, fact.dispute.disputeId);
  return !isSameDispute(order, fact) && !(known && known.toldAtMs >= fact.dispute.toldAtMs);
}
function findDifference(order, fact) {
  const known = recordedMinor(order, fact.paymentId);
  if (fact.kind === "failed") return known !== void 0 ? "not_captured" : void 0;
  if (fact.kind === "disputed") return isToldNewer(order, fact) ? "dispute_differs" : void 0;
  if (fact.kind === "refunded") return isBackHere(order, fact) ? void 0 : "refund_differs";
  if (fact.kind !== "captured") return void 0;
  if (known === void 0) return "unsettled";
  return known === fact.amountMinor ? void 0 : "amount_differs";
}
function listLedgerItems({ status, lines, pieces = {} }) {
  if (status !== "paid") return [];
  const itemIds = new Set(lines.map(({ itemId }) => itemId));
  return [...itemIds].filter((itemId) => pieces[itemId] === void 0);
}

// shared/payments/reconciling/reconcile-store.ts
var eventKey = "reconciler/mark";
var at34 = pathsOf();
var MarkMoved = class extends HoldfastError {
  constructor() {
    super("TRY_AGAIN", "Another reconciler is at work");
  }
};
async function readMark(database) {
  const row = await database.get("Events", { eventKey });
  return row ?? { eventKey, step: 0 };
}
async function moveMark(database, from, { cursor, nowMs }) {
  const ttlSeconds = ttlSecondsAt(later(nowMs, 7 * dayMs));
  const next = { eventKey, step: from.step + 1, atMs: nowMs, ttlSeconds };
  const write = put({
    table: "Events",
    key: { eventKey },
    item: cursor === void 0 ? next : { ...next, cursor },
    condition: from.step === 0 ? isMissing(at34("eventKey")) : condition`${at34("step")} = ${from.step}`,
    refused: () => new MarkMoved()
  });
  await database.apply(write).catch((error) => {
    if (!(error instanceof MarkMoved)) throw error;
  });
}
async function findOrders(database, orderIds) {
  const isName = (orderId) => /^[\w-]{1,128}$/.test(orderId);
  const keys = [...new Set(orderIds)].filter(isName).map((orderId) => ({ orderId }));
  const rows = keys.length > 0 ? await database.getMany("Orders", keys) : [];
  return new Map(rows.map((row) => [parseOrder(row).orderId, parseOrder(row)]));
}
async function findMissingSales(database, sales) {
  const makeSaleKey = ([{ orderId }, itemId]) => {
    return { itemId, movementId: orderMovementId(orderId, "sold") };
  };
  const rows = sales.length > 0 ? await database.lookAtMany("Movements", sales.map(makeSaleKey)) : [];
  const known = new Set(rows.map((row) => JSON.stringify([row["itemId"], row["movementId"]])));
  const missing = sales.filter(
    (sale) => !known.has(JSON.stringify(Object.values(makeSaleKey(sale))))
  );
  return new Set(missing.map(([order]) => order));
}

// shared/payments/reconciling/checking.ts
var askedAtOnce = 8;
function withNews(answer, { kind, refunds, dispute }) {
  if (!answer || !refunds && !dispute) return answer;
  const { refunds: _all, ...payment } = answer;
  return { ...payment, kind, ...refunds && { refunds }, ...dispute && { dispute } };
}
function createChecking({ database, settle: settle3, clock, logger }) {
  async function findTheirs(provider, facts) {
    const known = await findOrders(
      database,
      facts.map(({ orderId }) => orderId)
    );
    const lane = (0, import_cockatiel.bulkhead)(askedAtOnce, Number.POSITIVE_INFINITY);
    const asked = facts.map((fact) => {
      const order = known.get(fact.orderId);
      if (fact.certain || order && knowsTransaction(order, fact.transactionId)) return fact;
      if (fact.kind === "failed") return void 0;
      return lane.execute(async () => withNews(await provider.fetch(fact), fact));
    });
    const certain = (await Promise.all(asked)).filter((fact) => fact !== void 0);
    const orders = await findOrders(
      database,
      certain.map(({ orderId }) => orderId)
    );
    return certain.map((fact) => ({ fact, order: orders.get(fact.orderId) }));
  }
  async function check3(fact, order, actor) {
    if (!order) return { isSettled: false, differs: makeDifference("order_missing", fact, order) };
    const isKnown2 = fact.kind === "failed" || isSameDispute(order, fact);
    const now = isKnown2 ? order : await settle3(order, fact, actor);
    const isSettled = now !== order && fact.kind !== "processing";
    if (isSettled && fact.kind !== "captured") {
      const { orderId, paymentId } = fact;
      logger.warn("Something that no webhook told of", { orderId, paymentId, kind: fact.kind });
    }
    const kind = findDifference(now, fact);
    return { order: now, isSettled, ...kind ? { differs: makeDifference(kind, fact, now) } : {} };
  }
  return async function checkPage(provider, facts, actor) {
    const differences = [];
    const latest = /* @__PURE__ */ new Map();
    let settled = 0;
    for (const { fact, order } of await findTheirs(provider, facts)) {
      const read2 = order && (latest.get(order.orderId)?.order ?? order);
      const { order: now, isSettled, differs } = await check3(fact, read2, actor);
      settled += isSettled ? 1 : 0;
      if (differs) differences.push(differs);
      if (now) latest.set(now.orderId, { order: now, fact });
    }
    const sales = [...latest.values()].flatMap(
      ({ order }) => listLedgerItems(order).map((itemId) => [order, itemId])
    );
    const missing = await findMissingSales(database, sales);
    for (const order of [...missing].filter((each) => isInLedger(each, clock()))) {
      differences.push(makeDifference("sale_missing", latest.get(order.orderId).fact, order));
    }
    return { differences, settled };
  };
}

// shared/payments/reconciling/position.ts
var youngestMs = secondsToMs(600);
var longestMs = secondsToMs(72 * 3600);
function between(sinceMs, untilMs, nowMs) {
  const until = Math.min(untilMs, nowMs);
  return { sinceMs: Math.min(sinceMs, until), untilMs: until };
}
function parsePosition3(wish, nowMs, names) {
  if (wish.cursor === void 0) {
    const { provider: provider2, sinceMs: sinceMs2 = nowMs - longestMs, untilMs: untilMs2 = nowMs - youngestMs } = wish;
    if (provider2 && !names.includes(provider2)) {
      throw new PaymentMethodUnavailable(provider2, "not_configured");
    }
    const first = provider2 ?? names[0];
    const isOnly2 = provider2 !== void 0;
    return first && { provider: first, isOnly: isOnly2, ...between(sinceMs2, untilMs2, nowMs) };
  }
  const { provider, isOnly, sinceMs, untilMs, after } = decodeCursor(wish.cursor);
  const name = names.find((each) => each === provider);
  if (!name || typeof sinceMs !== "number" || typeof untilMs !== "number" || sinceMs < 0) {
    throw notACursor();
  }
  const range = between(sinceMs, untilMs, nowMs);
  const where = after === void 0 ? {} : { after: String(after) };
  return { provider: name, isOnly: isOnly === 1, ...range, ...where };
}
function makeCursor({ provider, isOnly, sinceMs, untilMs, after }) {
  const where = after === void 0 ? {} : { after };
  return encodeCursor({ provider, isOnly: isOnly ? 1 : 0, sinceMs, untilMs, ...where });
}

// shared/payments/reconciling/reconcile-service.ts
var reserveMs3 = secondsToMs(8);
function createReconciling(options) {
  const { database, providers, clock, logger, alarm } = options;
  const checkPage = createChecking(options);
  const names = providerNames.filter((name) => providers[name]);
  function behind({ isOnly, provider, sinceMs, untilMs }) {
    const next = isOnly ? void 0 : names[names.indexOf(provider) + 1];
    return next && { provider: next, isOnly, sinceMs, untilMs };
  }
  async function reconcile(wish, actor) {
    const found = { checked: 0, settled: 0 };
    const differences = [];
    const unreachable = [];
    const endMs = (currentOperation()?.deadlineMs ?? Number.POSITIVE_INFINITY) - reserveMs3;
    let position = parsePosition3(wish, clock(), names);
    for (let pages = 0; position && (pages === 0 || clock() < endMs); pages += 1) {
      const here = position;
      const provider = providers[here.provider];
      try {
        const page = await provider.listRecent({ ...here, cursor: here.after });
        const checked = await checkPage(provider, page.facts, actor);
        found.checked += page.facts.length;
        found.settled += checked.settled;
        differences.push(...checked.differences);
        position = page.cursor === void 0 ? behind(here) : { ...here, after: page.cursor };
      } catch (error) {
        if (!(error instanceof ProviderFailed)) throw error;
        const { reason } = error;
        if (reason !== "not_configured") unreachable.push({ provider: here.provider, reason });
        position = behind(here);
      }
    }
    for (const difference of differences) {
      logger.error("The books differ", { ...difference });
      alarm("ReconcilerDifferences");
    }
    const rest = position ? { cursor: makeCursor(position) } : {};
    return { ...found, differences, unreachable, ...rest };
  }
  return {
    reconcile,
    /** The same for the schedule: goes on where the run before it ended, and begins anew behind the last page. */
    async reconcileOn(actor) {
      const mark2 = await readMark(database);
      const result = await reconcile({ cursor: mark2.cursor }, actor).catch((error) => {
        if (!(error instanceof InvalidRequest) || mark2.cursor === void 0) throw error;
        return reconcile({}, actor);
      });
      await moveMark(database, mark2, { cursor: result.cursor, nowMs: epochMs(clock()) });
      const { differences, ...counts } = result;
      logger.info("Reconciled", { ...counts, differences: differences.length });
      return result;
    }
  };
}

// shared/payments/sweep.ts
var import_cockatiel2 = require("cockatiel");
var patienceMs = secondsToMs(3600);
var pageSize2 = 25;
var sideBySide3 = 16;
var shardsAtOnce = 16;
var everywhereMs = secondsToMs(600);
var countAttempts = (order) => Math.max(0, ...listOpenRefunds(order).map(({ attempts }) => attempts));
async function recheck({ payments, clock }, order, actor) {
  try {
    return await payments.recheck(order, actor);
  } catch (error) {
    const isPatient = clock() < later(order.expiresAtMs, patienceMs);
    const hasPaid = error instanceof CaptureUnsettled;
    if (!(error instanceof ProviderFailed) || isPatient || hasPaid) throw error;
    return order;
  }
}
var isOverdue = ({ status, expiresAtMs: expiresAtMs2 }, nowMs) => status === "pending" && isExpired(expiresAtMs2, nowMs);
var whenIsDue = ({ status, expiresAtMs: expiresAtMs2, dueAtMs }, nowMs) => status === "pending" ? expiresAtMs2 : dueAtMs ?? nowMs;
function newTally() {
  const done = {
    expiredOrders: 0,
    settledOrders: 0,
    releasedLocks: 0,
    refundsTried: 0,
    refundAttempts: 0,
    failures: 0,
    lagMs: 0
  };
  return {
    done,
    add(did) {
      done.expiredOrders += did.expiredOrders ?? 0;
      done.settledOrders += did.settledOrders ?? 0;
      done.releasedLocks += did.releasedLocks ?? 0;
      done.refundsTried += did.refundsTried ?? 0;
      done.failures += did.failures ?? 0;
      done.refundAttempts = Math.max(done.refundAttempts, did.refundAttempts ?? 0);
    },
    isLate(lagMs) {
      done.lagMs = Math.max(done.lagMs, lagMs);
    }
  };
}
function createRounds(inUse) {
  let wholeAgainAtMs = 0;
  return function nextRound(nowMs) {
    const isWhole2 = nowMs >= wholeAgainAtMs;
    if (isWhole2) wholeAgainAtMs = later(nowMs, everywhereMs);
    const round = isWhole2 ? dueShards : dueShards.slice(0, Math.max(inUse, usualDueShards));
    const first = Math.floor(nowMs / secondsToMs(60)) % round.length;
    return [...round.slice(first), ...round.slice(0, first)];
  };
}
async function reclaimFrom({ inventory, logger }, expired2) {
  if (expired2.length === 0) return;
  const itemIds = expired2.flatMap(
    ({ lines, uses = [] }) => [...lines, ...uses].map(({ itemId }) => itemId)
  );
  try {
    await inventory.reclaim([...new Set(itemIds)]);
  } catch (error) {
    logger.warn("Expired units not given back yet", { error });
  }
}
async function reclaimSpread2({ inventory, logger }, goesOn) {
  try {
    await inventory.reclaimSpread(goesOn);
  } catch (error) {
    logger.warn("Rows of crowded items not tidied up yet", { error });
  }
}
function createSweep(options) {
  const { database, orders, payments, clock, logger } = options;
  const nextRound = createRounds(options.settings.dueShards);
  async function expire(order, actor) {
    const known = await recheck(options, order, actor);
    if (known.status !== "pending") return { settledOrders: 1 };
    if (!isExpired(known.expiresAtMs, clock())) return {};
    const { released } = await orders.expire(known, actor);
    await payments.abandon(known, actor);
    return { expiredOrders: 1, releasedLocks: released };
  }
  async function step(order, actor) {
    try {
      if (order.status === "pending") return await expire(order, actor);
      await payments.retryRefunds(order, actor);
      return { refundsTried: 1, refundAttempts: countAttempts(order) };
    } catch (error) {
      const { orderId } = order;
      if (!(error instanceof HoldfastError)) {
        logger.error("Sweep of an order failed", { orderId, error });
        return { failures: 1 };
      }
      logger.info("Left alone", { orderId, code: error.code });
      return {};
    }
  }
  return async function sweep2(actor) {
    const deadlineMs = currentOperation()?.deadlineMs ?? Number.POSITIVE_INFINITY;
    const isOver3 = () => clock() >= deadlineMs;
    const throughMs = clock();
    const tally = newTally();
    const lane = (0, import_cockatiel2.bulkhead)(sideBySide3, Number.POSITIVE_INFINITY);
    const walks = (0, import_cockatiel2.bulkhead)(shardsAtOnce, Number.POSITIVE_INFINITY);
    async function sweepShard(dueShard) {
      let cursor;
      do {
        const query = { dueShard, throughMs, limit: pageSize2, cursor };
        const page = await listDueOrders(database, query);
        for (const order of page.rows) tally.isLate(throughMs - whenIsDue(order, throughMs));
        const overdue = page.rows.filter((order) => isOverdue(order, throughMs));
        await reclaimFrom(options, overdue);
        const steps2 = page.rows.map(
          (order) => lane.execute(async () => isOver3() ? void 0 : tally.add(await step(order, actor)))
        );
        await Promise.all(steps2);
        cursor = page.cursor;
      } while (cursor !== void 0 && !isOver3());
    }
    const round = nextRound(throughMs);
    await Promise.all(
      round.map(
        (dueShard) => walks.execute(async () => isOver3() ? void 0 : sweepShard(dueShard))
      )
    );
    await reclaimSpread2(options, () => !isOver3());
    const { expiredOrders, releasedLocks } = tally.done;
    const summary = `Cleaned up ${expiredOrders} expired orders and released ${releasedLocks} locks`;
    logger.info(`Periodic cleanup: ${summary}`, { ...tally.done });
    return tally.done;
  };
}

// shared/shop.ts
// @__NO_SIDE_EFFECTS__
function recipe(make) {
  const made = /* @__PURE__ */ new WeakMap();
  return (parts) => {
    if (!made.has(parts)) made.set(parts, { service: make(parts) });
    return made.get(parts).service;
  };
}
var lockService = /* @__PURE__ */ recipe((parts) => createLockService(parts));
var documentService = /* @__PURE__ */ recipe(
  (parts) => createDocumentService({ ...parts, locks: lockService(parts) })
);
var levelMemory = /* @__PURE__ */ recipe((_parts) => createLevelMemory());
var inventoryService = /* @__PURE__ */ recipe(
  (parts) => createInventoryService({ ...parts, lastSeen: levelMemory(parts) })
);
var ledgerService = /* @__PURE__ */ recipe(
  (parts) => createLedgerService({ ...parts, lastSeen: levelMemory(parts) })
);
var itemLineService = /* @__PURE__ */ recipe((parts) => createItemLineService(parts));
var stockCheckService = /* @__PURE__ */ recipe((parts) => createStockCheckService(parts));
var promotionService = /* @__PURE__ */ recipe((parts) => createPromotionService(parts));
var priceService = /* @__PURE__ */ recipe((parts) => createPriceService(parts));
var cartService = /* @__PURE__ */ recipe((parts) => {
  const { cartStorage: storage, lockTimeoutMs } = parts.settings;
  const guard = { locks: lockService(parts), storage, lockTimeoutMs };
  return createCartService({ ...parts, ...guard, rememberPrices: priceService(parts).remember });
});
var itemMemory = /* @__PURE__ */ recipe(
  ({ clock, settings }) => createItemMemory(clock, settings.soldOutMemoryMs)
);
function makeTakingParts(parts) {
  const { sleep = (durationMs) => (0, import_promises5.setTimeout)(durationMs), random = Math.random } = parts;
  return { sleep, random, memory: itemMemory(parts) };
}
function makePlacingParts(parts) {
  const { holdMs, dueShards: dueShards2, autoShards, limits } = parts.settings;
  const prices = priceService(parts);
  return { ...parts, ...makeTakingParts(parts), prices, holdMs, dueShards: dueShards2, autoShards, limits };
}
var orderService = /* @__PURE__ */ recipe(
  (parts) => createOrderService(makePlacingParts(parts))
);
var fulfilmentService = /* @__PURE__ */ recipe((parts) => createFulfilmentService(parts));
var auditService = /* @__PURE__ */ recipe((parts) => createAuditService(parts));
var orderMovementService = /* @__PURE__ */ recipe((parts) => createOrderMovementService(parts));
var eventService = /* @__PURE__ */ recipe(
  (parts) => createEventService({ ...parts, ...parts.settings, inventory: inventoryService(parts) })
);
var publishingService = /* @__PURE__ */ recipe(createPublishingService);
var overviewService = /* @__PURE__ */ recipe(
  (parts) => createOverviewService({ ...parts, locks: lockService(parts) })
);
var paymentService = /* @__PURE__ */ recipe(
  (parts) => createPaymentService({ ...parts, ...parts.settings, ...makeTakingParts(parts) })
);
var cancelling = /* @__PURE__ */ recipe(
  (parts) => createCancelling({ ...parts, orders: orderService(parts), payments: paymentService(parts) })
);
var payableOrderService = /* @__PURE__ */ recipe(
  (parts) => createOrderService({
    ...makePlacingParts(parts),
    assertPayable: paymentService(parts).assertPayable
  })
);
var cashier = /* @__PURE__ */ recipe(({ sandbox, ...parts }) => {
  if (!sandbox) throw new Error("There is no sandbox here");
  return createCashier({ ...parts, ...sandbox });
});
var clearingService = /* @__PURE__ */ recipe(
  (parts) => createClearingService({ ...parts, locks: lockService(parts), cancelling: cancelling(parts) })
);
var reconciling = /* @__PURE__ */ recipe(
  (parts) => createReconciling({ ...parts, settle: paymentService(parts).settleUnheard })
);
var sweep = /* @__PURE__ */ recipe(
  (parts) => createSweep({
    ...parts,
    orders: orderService(parts),
    payments: paymentService(parts),
    inventory: inventoryService(parts)
  })
);
function createShop(parts) {
  return servedBy(
    {
      locks: lockService,
      documents: documentService,
      inventory: inventoryService,
      itemLine: itemLineService,
      ledger: ledgerService,
      stockCheck: stockCheckService,
      promotions: promotionService,
      carts: cartService,
      orders: payableOrderService,
      fulfilments: fulfilmentService,
      payments: paymentService,
      cancelling,
      reconciling,
      cashier,
      sweep,
      audit: auditService,
      orderMovements: orderMovementService,
      events: eventService,
      overview: overviewService,
      clearing: clearingService
    },
    parts
  );
}

// shared/table/database.ts
var import_promises6 = require("node:timers/promises");
var import_lib_dynamodb4 = require("@aws-sdk/lib-dynamodb");

// shared/table/batch-write.ts
var import_lib_dynamodb2 = require("@aws-sdk/lib-dynamodb");
var maxBatchWrites = 25;
async function writeBatches({ client, read: read2, tableName }, table2, { put: put3 = [], remove = [] }) {
  const requests = [
    ...put3.map((Item) => ({ PutRequest: { Item } })),
    ...remove.map((Key) => ({ DeleteRequest: { Key } }))
  ];
  for (let start = 0; start < requests.length; start += maxBatchWrites) {
    let left2 = {
      [tableName(table2)]: requests.slice(start, start + maxBatchWrites)
    };
    while (left2 && Object.keys(left2).length > 0) {
      const command = new import_lib_dynamodb2.BatchWriteCommand({ RequestItems: left2 });
      left2 = (await read2(() => client.send(command))).UnprocessedItems;
    }
  }
}

// shared/table/writing.ts
var import_node_crypto5 = require("node:crypto");
var import_lib_dynamodb3 = require("@aws-sdk/lib-dynamodb");
function singleCommand(write, tableName) {
  const request = makeRequest(write, tableName);
  if (write.kind === "put") return new import_lib_dynamodb3.PutCommand({ ...request, Item: write.item });
  if (write.kind === "update") {
    const ReturnValues = write.isBlind ? "NONE" : "ALL_NEW";
    return new import_lib_dynamodb3.UpdateCommand({ ...request, Key: write.key, ReturnValues });
  }
  throw new Error("A check alone writes nothing: read the item instead");
}
function transactionPart(write, tableName) {
  const names = {
    put: "Put",
    update: "Update",
    check: "ConditionCheck"
  };
  return { [names[write.kind]]: makeRequest(write, tableName) };
}
function createWriting({ client, tableName, patience, read: read2 }) {
  async function transact(writes, { token = (0, import_node_crypto5.randomUUID)(), isAside, ...bearing } = {}) {
    const together2 = listTogether(writes);
    const command = new import_lib_dynamodb3.TransactWriteCommand({
      TransactItems: together2.map((write) => transactionPart(write, tableName)),
      ClientRequestToken: token
    });
    await persist(
      patience,
      () => client.send(command),
      ({ found }, afterLoss) => {
        throw makeRefusal(together2, found, afterLoss);
      },
      { hasEffect: true, ...bearing }
    );
    if (!isAside) noteCommit();
  }
  async function applyWithCompanion(write, writing) {
    try {
      await transact([write], writing);
    } catch (error) {
      throw error instanceof TransactionRefused ? error.refusals[0].error : error;
    }
    if (write.kind === "put") return write.item;
    return write.isBlind ? {} : await read2(write.table, write.key) ?? {};
  }
  async function apply(write, writing = {}) {
    if (write.companion) return applyWithCompanion(write, writing);
    const { isAside, ...bearing } = writing;
    const command = singleCommand(write, tableName);
    const row = await persist(
      patience,
      async (afterLoss) => {
        const next = afterLoss ? singleCommand(makeRepeatable(write), tableName) : command;
        const output = await client.send(next);
        return output.Attributes ?? (write.kind === "put" ? write.item : {});
      },
      ({ found }, afterLoss) => refusedAs(write, found.get(0), afterLoss),
      { hasEffect: true, ...bearing }
    );
    if (!isAside) noteCommit();
    return row;
  }
  return { apply, transact };
}

// shared/table/database.ts
function listInput(request, tableName) {
  const placeholders = new Placeholders();
  const { where, filter, index, cursor } = request;
  return {
    TableName: tableName(request.table),
    ...index ? { IndexName: index } : {},
    ...where ? { KeyConditionExpression: placeholders.text(where) } : {},
    ...filter ? { FilterExpression: placeholders.text(filter) } : {},
    ...placeholders.attributes(),
    Limit: request.limit,
    ...cursor === void 0 ? {} : { ExclusiveStartKey: decodeCursor(cursor) }
  };
}
function parsePage(output) {
  const { Items = [], LastEvaluatedKey } = output;
  return { rows: Items, ...LastEvaluatedKey ? { cursor: encodeCursor(LastEvaluatedKey) } : {} };
}
async function continued({ cursor }, reading) {
  try {
    return await reading;
  } catch (error) {
    if (cursor !== void 0 && isInvalidInput(error)) throw notACursor();
    throw error;
  }
}
function unexpected() {
  throw new Error("A read was refused by a condition");
}
function createDatabase(options) {
  const { client, tableName, clock = systemClock, random = Math.random } = options;
  const sleep = options.sleep ?? ((durationMs) => (0, import_promises6.setTimeout)(durationMs));
  const patience = { clock, sleep, random };
  const read2 = (attempt) => persist(patience, attempt, unexpected, { hasEffect: false });
  const reader = { client, read: read2, tableName };
  async function getItem(table2, Key, ConsistentRead) {
    const command = new import_lib_dynamodb4.GetCommand({ TableName: tableName(table2), Key, ConsistentRead });
    return (await read2(() => client.send(command))).Item;
  }
  return {
    get: (table2, key2) => getItem(table2, key2, true),
    look: (table2, key2) => getItem(table2, key2, false),
    async getMany(table2, keys) {
      const places = keys.map((key2) => ({ table: table2, key: key2 }));
      return (await readBatches(reader, places)).filter((row) => row !== void 0);
    },
    async lookAtMany(table2, keys) {
      const places = keys.map((key2) => ({ table: table2, key: key2 }));
      const rows = await readBatches({ ...reader, isConsistent: false }, places);
      return rows.filter((row) => row !== void 0);
    },
    getTogether: (places) => readBatches(reader, places),
    async query(request) {
      const ScanIndexForward = request.ascending ?? true;
      const command = new import_lib_dynamodb4.QueryCommand({
        ...listInput(request, tableName),
        ScanIndexForward,
        ...request.isConsistent && { ConsistentRead: true }
      });
      const answer = read2(() => client.send(command));
      return parsePage(await continued(request, answer));
    },
    async scan(request) {
      const command = new import_lib_dynamodb4.ScanCommand(listInput(request, tableName));
      const answer = read2(() => client.send(command));
      return parsePage(await continued(request, answer));
    },
    ...createWriting({
      client,
      tableName,
      patience,
      read: (table2, key2) => getItem(table2, key2, true)
    }),
    strew: (table2, rows) => writeBatches(reader, table2, rows)
  };
}

// shared/webhooks/webhook.ts
var mostWebhooks = 200;
var WebhookNotFound = class extends HoldfastError {
  constructor(endpointId) {
    super("WEBHOOK_NOT_FOUND", `There is no webhook ${endpointId}`);
  }
};
var TooManyWebhooks = class extends HoldfastError {
  constructor(value) {
    super("LIMIT_EXCEEDED", `There are at most ${value} webhooks`, {
      limit: { name: "maxWebhooks", value }
    });
  }
};
var DeliveryNotFound = class extends HoldfastError {
  constructor(deliveryId) {
    super("DELIVERY_NOT_FOUND", `There is no delivery ${deliveryId}`);
  }
};
var WebhookMoved = class extends HoldfastError {
  constructor() {
    super("TRY_AGAIN", "Somebody else was first");
  }
};
var NoAudience = class extends WebhookMoved {
};
var [secondMs, minuteMs, hourMs] = [1e3, 6e4, 36e5];
var pausesMs = [
  ...[1, 5, 30].map((seconds) => seconds * secondMs),
  ...[5, 30].map((minutes) => minutes * minuteMs),
  ...[2, 5, 10, 14].map((hours) => hours * hourMs)
];
var keptAnswerBytes = 1024;
var gone = 410;
function isTaken({ answered = 0 }) {
  return answered >= 200 && answered < 300;
}
function isHopeless({ answered }, attempts) {
  return answered === gone || attempts > pausesMs.length;
}
function nextTryAtMs(attempts, nowMs) {
  return later(nowMs, pausesMs[attempts - 1] ?? 0);
}
function explain({ answered, problem = "No answer" }) {
  return answered === void 0 ? problem : `Answered ${answered}`;
}
function isListening({
  active,
  pausedAtMs
}) {
  return active && pausedAtMs === void 0;
}
function signingSecrets({ secrets }, nowMs) {
  return secrets.filter(({ untilMs }) => untilMs === void 0 || untilMs > nowMs).map(({ secret }) => secret);
}
function rotate({ secrets }, secret, untilMs) {
  return [{ secret }, ...secrets.slice(0, 1).map((old) => ({ ...old, untilMs }))];
}

// shared/webhooks/audience-store.ts
var at35 = pathsOf();
var key = { about: "audience", part: "all" };
var parseMembers = (row) => row?.members ?? {};
async function openAudience(database) {
  const write = put({
    table: "Webhooks",
    key,
    item: { ...key, members: {} },
    isBlind: true,
    condition: isMissing(at35("about")),
    refused: () => new WebhookMoved(),
    applied: () => true
  });
  try {
    await database.apply(write);
  } catch (error) {
    if (!(error instanceof WebhookMoved)) throw error;
  }
}
async function readAudience(database) {
  const members = parseMembers(await database.get("Webhooks", key));
  return Object.entries(members).map(([endpointId, member]) => ({
    endpointId,
    ...member
  }));
}
function setMember({ endpointId, uid, types, active, pausedAtMs }) {
  const member = { uid, types, isListening: isListening({ active, pausedAtMs }) };
  return { set: [action`${at35("members", endpointId)} = ${member}`] };
}
function joinWrite2(webhook, most) {
  const isKnown2 = exists(at35("members", webhook.endpointId));
  return update({
    table: "Webhooks",
    key,
    isBlind: true,
    change: setMember(webhook),
    condition: anyOf(isKnown2, condition`size(${at35("members")}) < ${most}`),
    refused: (found) => found ? new TooManyWebhooks(most) : new NoAudience(),
    applied: (found) => parseMembers(found)[webhook.endpointId]?.uid === webhook.uid
  });
}
function adjustWrite(webhook) {
  return update({
    table: "Webhooks",
    key,
    isBlind: true,
    change: setMember(webhook),
    condition: exists(at35("members", webhook.endpointId)),
    refused: () => new WebhookMoved()
  });
}
function leaveWrite2({ endpointId }) {
  return update({
    table: "Webhooks",
    key,
    isBlind: true,
    change: { remove: [at35("members", endpointId)] },
    condition: exists(at35("members", endpointId)),
    refused: () => new WebhookMoved(),
    applied: (found) => !(endpointId in parseMembers(found))
  });
}

// shared/webhooks/line-store.ts
var rememberedDays = 100;
var leaseMs = 2e4;
var at36 = pathsOf();
var keyFor = ({ about, part }) => ({ about, part });
var lineKey = (uid, resource) => ({
  about: uid,
  part: derivedId("line", resource)
});
function feedWrite(uid, resource, { first, upTo, nowMs }) {
  const orElse = (path, value) => action`${path} = if_not_exists(${path}, ${value})`;
  return update({
    table: "Webhooks",
    key: lineKey(uid, resource),
    isBlind: true,
    change: {
      set: [
        action`${at36("resource")} = ${resource}`,
        orElse(at36("first"), first),
        action`${at36("upTo")} = ${upTo}`,
        action`${at36("dueOf")} = ${uid}`,
        orElse(at36("dueAtMs"), nowMs),
        action`${at36("ttlSeconds")} = ${ttlSecondsAt(later(nowMs, rememberedDays * dayMs))}`
      ]
    },
    condition: anyOf(isMissing(at36("upTo")), condition`${at36("upTo")} < ${upTo}`),
    refused: () => new WebhookMoved(),
    applied: (found) => Number(found?.["upTo"]) >= upTo
  });
}
async function listDueLines(database, uid, byMs, limit) {
  const where = condition`${at36("dueOf")} = ${uid} AND ${at36("dueAtMs")} <= ${byMs}`;
  const { rows } = await database.query({ table: "Webhooks", index: "due", where, limit });
  return rows;
}
async function findDueLine(database, uid, resource) {
  const row = await database.get("Webhooks", lineKey(uid, resource));
  return row?.["dueAtMs"] === void 0 ? void 0 : row;
}
function leaseWrite(due, lease, nowMs) {
  const untilMs = later(nowMs, leaseMs);
  const isFree = anyOf(
    isMissing(at36("leasedUntilMs")),
    condition`${at36("leasedUntilMs")} <= ${nowMs}`
  );
  return update({
    table: "Webhooks",
    key: keyFor(due),
    change: {
      set: [
        action`${at36("lease")} = ${lease}`,
        action`${at36("leasedUntilMs")} = ${untilMs}`,
        action`${at36("dueAtMs")} = ${untilMs}`,
        action`${at36("startedAtMs")} = if_not_exists(${at36("startedAtMs")}, ${nowMs})`
      ]
    },
    condition: allOf(condition`${at36("dueAtMs")} = ${due.dueAtMs}`, isFree),
    refused: () => new WebhookMoved(),
    applied: (found) => found?.["lease"] === lease
  });
}
function parseLine(row) {
  return row;
}
var leaseOver = [at36("lease"), at36("leasedUntilMs")];
function passWrite(line, lease, { through, nowMs }) {
  const rests = through >= line.upTo;
  const isOwn = condition`${at36("lease")} = ${lease}`;
  const done = [...leaseOver, at36("attempts"), at36("startedAtMs")];
  return update({
    table: "Webhooks",
    key: keyFor(line),
    isBlind: true,
    change: {
      set: [
        action`${at36("through")} = ${through}`,
        ...rests ? [] : [action`${at36("dueAtMs")} = ${nowMs}`]
      ],
      remove: rests ? [...done, at36("dueOf"), at36("dueAtMs")] : done
    },
    // What came meanwhile must not be left without being due.
    condition: rests ? allOf(isOwn, condition`${at36("upTo")} = ${line.upTo}`) : isOwn,
    refused: (found) => new LineRefused(found?.["lease"] === lease ? Number(found["upTo"]) : void 0),
    applied: (found) => found?.["lease"] === void 0 && Number(found?.["through"]) === through
  });
}
var LineRefused = class extends WebhookMoved {
  /** Up to where there are events, while the line is still one's own. */
  upTo;
  constructor(upTo) {
    super();
    this.upTo = upTo;
  }
};
function postponeWrite(line, lease, { through, attempts, dueAtMs }) {
  return update({
    table: "Webhooks",
    key: keyFor(line),
    isBlind: true,
    change: {
      set: [
        action`${at36("through")} = ${through}`,
        action`${at36("attempts")} = ${attempts}`,
        action`${at36("dueAtMs")} = ${dueAtMs}`
      ],
      remove: leaseOver
    },
    condition: condition`${at36("lease")} = ${lease}`,
    refused: () => new LineRefused(void 0),
    applied: (found) => found?.["lease"] === void 0 && Number(found?.["attempts"]) === attempts
  });
}

// shared/webhooks/feeding-service.ts
var sideBySide4 = 25;
function listFeeds(audience, events) {
  const byResource = [...groupBy(events, ({ resource }) => resource)];
  return audience.flatMap(
    (listener) => byResource.flatMap(([resource, all]) => {
      const numbers = all.filter(({ type }) => listener.types.includes(type)).map(({ sequence }) => sequence);
      if (numbers.length === 0) return [];
      return [{ listener, resource, first: Math.min(...numbers), upTo: Math.max(...numbers) }];
    })
  );
}
function createFeedingService({ database, clock }) {
  async function feedLine({ listener, resource, first, upTo }) {
    const write = feedWrite(listener.uid, resource, { first, upTo, nowMs: clock() });
    try {
      await database.apply(write);
    } catch (error) {
      if (!(error instanceof WebhookMoved)) throw error;
    }
  }
  return {
    /**
     * Writes down that these events are to be told to every endpoint that wants their types, once however often they
     * are fed. One request for all endpoints, and one for each endpoint and resource. An endpoint that is off or
     * paused finds them when it listens again.
     *
     * @example const { endpointIds } = await feeding.feed(events);
     */
    async feed(events) {
      const feeds = listFeeds(await readAudience(database), events);
      const failed = /* @__PURE__ */ new Map();
      const left2 = feeds.values();
      const worker = async () => {
        for (const each of left2) {
          await feedLine(each).catch((error) => failed.set(each.resource, error));
        }
      };
      await Promise.all(Array.from({ length: sideBySide4 }, worker));
      const told2 = feeds.filter(({ listener }) => listener.isListening);
      return {
        endpointIds: [...new Set(told2.map(({ listener }) => listener.endpointId))],
        failed: [...failed].map(([resource, error]) => ({ resource, error }))
      };
    },
    /**
     * The endpoints that have something to be told by now: what a lost hint, a dead process or a pause between tries
     * has left. One request for all, and one for each that listens.
     */
    async listDue() {
      const audience = await readAudience(database);
      const listening = audience.filter(({ isListening: isListening2 }) => isListening2);
      const due = [];
      const left2 = listening.values();
      const worker = async () => {
        for (const { uid, endpointId } of left2) {
          const lines = await listDueLines(database, uid, clock(), 1);
          if (lines.length > 0) due.push(endpointId);
        }
      };
      await Promise.all(Array.from({ length: sideBySide4 }, worker));
      return due;
    }
  };
}

// shared/webhooks/signing.ts
var import_node_crypto6 = require("node:crypto");
var import_standardwebhooks2 = require("standardwebhooks");
function makeSecret() {
  return `whsec_${(0, import_node_crypto6.randomBytes)(32).toString("base64")}`;
}
function makeCall(webhook, event, nowMs) {
  const body = JSON.stringify(event);
  const signatures = signingSecrets(webhook, nowMs).map(
    (secret) => new import_standardwebhooks2.Webhook(secret).sign(event.id, new Date(nowMs), body)
  );
  const headers = {
    "content-type": "application/json; charset=utf-8",
    "user-agent": "Holdfast-Webhooks",
    "webhook-id": event.id,
    "webhook-timestamp": String(Math.floor(nowMs / 1e3)),
    "webhook-signature": signatures.join(" ")
  };
  return { url: webhook.url, headers, body };
}

// shared/webhooks/calling.ts
var orderPrefix = "order/";
async function findIncluded(database, { include = [] }, { type, resource }) {
  if (include.length === 0 || !type.startsWith("order.")) return void 0;
  const order = await findOrder(database, resource.slice(orderPrefix.length));
  const customer = include.includes("customer") ? order?.customer : void 0;
  const shipTo = include.includes("shipTo") ? order?.shipTo : void 0;
  if (customer === void 0 && shipTo === void 0) return void 0;
  return {
    ...customer === void 0 ? {} : { customer },
    ...shipTo === void 0 ? {} : { shipTo: JSON.parse(shipTo) }
  };
}
async function callWith({ database, clock, call }, webhook, event) {
  const included = await findIncluded(database, webhook, event);
  if (!included) return call(makeCall(webhook, event, clock()));
  const told2 = { ...event, data: { ...event.data, ...included } };
  const { answer: _answer, ...outcome } = await call(makeCall(webhook, told2, clock()));
  return outcome;
}

// shared/webhooks/delivery-store.ts
var keptDays = 14;
var at37 = pathsOf();
var partition = (uid) => `deliveries/${uid}`;
function nameDelivery(eventId, startedAtMs) {
  return derivedId(`whd_${String(startedAtMs).padStart(14, "0")}`, eventId);
}
function noteTry({ id, type, resource, sequence }, outcome, tried) {
  const { status, attempts, startedAtMs, nowMs, nextTryAtMs: nextTryAtMs2 } = tried;
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
    ...answered === void 0 ? {} : { answered, answeredAtMs: nowMs },
    ...answer ? { answer: answer.slice(0, keptAnswerBytes) } : {},
    ...problem === void 0 ? {} : { problem },
    ...nextTryAtMs2 === void 0 ? {} : { nextTryAtMs: nextTryAtMs2 }
  };
}
function deliveryWrite(uid, delivery) {
  const key2 = { about: partition(uid), part: delivery.deliveryId };
  const ttlSeconds = ttlSecondsAt(later(delivery.triedAtMs, keptDays * dayMs));
  const isEarlier = condition`${at37("attempts")} < ${delivery.attempts}`;
  return put({
    table: "Webhooks",
    key: key2,
    item: { ...key2, ...delivery, ttlSeconds },
    isBlind: true,
    condition: anyOf(isMissing(at37("about")), isEarlier),
    refused: () => new WebhookMoved(),
    applied: (found) => Number(found?.["attempts"]) >= delivery.attempts
  });
}
async function findDelivery(database, uid, deliveryId) {
  const row = await database.get("Webhooks", { about: partition(uid), part: deliveryId });
  return row;
}
async function listDeliveries(database, uid, page) {
  const where = condition`${at37("about")} = ${partition(uid)}`;
  const request = { table: "Webhooks", where, ascending: false, ...page };
  const { rows, ...more } = await database.query(request);
  return { rows, ...more };
}

// shared/webhooks/next-event-store.ts
var pageSize3 = 25;
async function findStart(database, { resource, first }, { createdAtMs }) {
  let lowest = first;
  let cursor;
  do {
    if (lowest <= 1) return 0;
    const paging = { limit: pageSize3, cursor };
    const page = await listEventsBefore(database, resource, first, paging);
    const old = page.rows.find(({ occurredAtMs }) => occurredAtMs < createdAtMs);
    if (old) return old.sequence;
    lowest = page.rows.at(-1)?.sequence ?? lowest;
    ({ cursor } = page);
  } while (cursor !== void 0);
  return lowest - 1;
}
async function findNextEvent(database, line, webhook) {
  const through = line.through ?? await findStart(database, line, webhook);
  let cursor;
  do {
    const page = await listEvents2(database, line.resource, { limit: pageSize3, cursor }, through);
    for (const event of page.rows) {
      if (event.sequence > line.upTo) return void 0;
      if (webhook.types.includes(event.type)) return event;
    }
    ({ cursor } = page);
  } while (cursor !== void 0);
  return void 0;
}

// shared/webhooks/webhook-store.ts
var endpoints = "endpoints";
var rememberedDays2 = 30;
var tookEveryMs = 6e4;
var at38 = pathsOf();
var keyFor2 = (endpointId) => ({ about: endpoints, part: endpointId });
function parseWebhook(row) {
  if (!row || row["deletedAtMs"] !== void 0) return void 0;
  const { about: _about, part: _part, ...webhook } = row;
  return webhook;
}
async function findWebhook(database, endpointId) {
  return parseWebhook(await database.get("Webhooks", keyFor2(endpointId)));
}
async function getWebhook(database, endpointId) {
  const webhook = await findWebhook(database, endpointId);
  if (!webhook) throw new WebhookNotFound(endpointId);
  return webhook;
}
async function listWebhooks(database, page) {
  const where = condition`${at38("about")} = ${endpoints}`;
  const request = { table: "Webhooks", where, isConsistent: true, ...page };
  const { rows, ...more } = await database.query(request);
  return { rows: rows.flatMap((row) => parseWebhook(row) ?? []), ...more };
}
function createWebhookWrite(webhook, most) {
  const key2 = keyFor2(webhook.endpointId);
  return put({
    table: "Webhooks",
    key: key2,
    item: { ...key2, ...webhook },
    condition: anyOf(isMissing(at38("about")), exists(at38("deletedAtMs"))),
    refused: () => new WebhookMoved(),
    applied: (found) => found?.["stamp"] === webhook.stamp,
    companion: joinWrite2(webhook, most)
  });
}
function movedWrite({ endpointId, stamp: seen }, stamp, changes, companion) {
  return update({
    table: "Webhooks",
    key: keyFor2(endpointId),
    isBlind: true,
    change: assigned({ ...changes, stamp }),
    condition: condition`${at38("stamp")} = ${seen}`,
    refused: () => new WebhookMoved(),
    applied: (found) => found?.["stamp"] === stamp,
    ...companion && { companion }
  });
}
function changeWebhookWrite(webhook, stamp, changes) {
  const isHeard = "types" in changes || "active" in changes || "pausedAtMs" in changes;
  return movedWrite(
    webhook,
    stamp,
    changes,
    isHeard ? adjustWrite({ ...webhook, ...changes }) : void 0
  );
}
function removeWebhookWrite(webhook, stamp, nowMs) {
  const ttlSeconds = ttlSecondsAt(later(nowMs, rememberedDays2 * dayMs));
  return movedWrite(webhook, stamp, { deletedAtMs: nowMs, ttlSeconds }, leaveWrite2(webhook));
}
function tookWrite({ endpointId, uid, tookAtMs = 0 }, nowMs) {
  if (nowMs - tookAtMs < tookEveryMs) return void 0;
  return update({
    table: "Webhooks",
    key: keyFor2(endpointId),
    isBlind: true,
    change: { set: [action`${at38("tookAtMs")} = ${nowMs}`] },
    condition: allOf(
      condition`${at38("uid")} = ${uid}`,
      anyOf(isMissing(at38("tookAtMs")), condition`${at38("tookAtMs")} < ${nowMs}`)
    ),
    refused: () => new WebhookMoved(),
    applied: (found) => Number(found?.["tookAtMs"]) >= nowMs
  });
}

// shared/webhooks/telling-service.ts
var callingMs = 8e3;
async function applied(database, write) {
  try {
    return await database.apply(write);
  } catch (error) {
    if (error instanceof WebhookMoved) return void 0;
    throw error;
  }
}
async function keep(database, write, log) {
  try {
    await database.transact([write, log]);
  } catch (error) {
    if (!(error instanceof TransactionRefused)) throw error;
    const own = error.of(write);
    if (own) throw own.error;
    await database.apply(write);
  }
}
async function pass({ database, clock }, passing) {
  const { line, lease, through, log } = passing;
  const nowMs = clock();
  const write = passWrite(line, lease, { through, nowMs });
  try {
    if (log) await keep(database, write, log);
    else await database.apply(write);
    const isMore = through < line.upTo;
    return { kind: log ? "delivered" : "empty", ...isMore && { dueAtMs: nowMs } };
  } catch (error) {
    if (!(error instanceof LineRefused)) throw error;
    if (error.upTo === void 0) return { kind: "busy" };
    return pass({ database, clock }, { ...passing, line: { ...line, upTo: error.upTo } });
  }
}
function makeLog({ webhook, event, attempts, startedAtMs, clock }, outcome, status, dueAtMs) {
  const next = dueAtMs === void 0 ? {} : { nextTryAtMs: dueAtMs };
  const note = { attempts, startedAtMs, status, nowMs: clock(), ...next };
  return deliveryWrite(webhook.uid, noteTry(event, outcome, note));
}
async function postpone(attempt, dueAtMs, log) {
  const { database, line, lease, event, attempts } = attempt;
  const through = event.sequence - 1;
  try {
    await keep(database, postponeWrite(line, lease, { through, attempts, dueAtMs }), log);
    return true;
  } catch (error) {
    if (error instanceof LineRefused) return false;
    throw error;
  }
}
async function giveUp(attempt, outcome) {
  const { database, clock, webhook, line, lease, event, startedAtMs } = attempt;
  const present2 = await findWebhook(database, webhook.endpointId);
  if (present2?.uid === webhook.uid && (present2.tookAtMs ?? 0) > startedAtMs) {
    const log = makeLog(attempt, outcome, "failed");
    const passed = await pass(attempt, { line, lease, through: event.sequence, log });
    return passed.kind === "busy" ? passed : { ...passed, kind: "failed" };
  }
  if (present2?.uid === webhook.uid && isListening(present2)) {
    const pause = { pausedAtMs: clock(), pausedBecause: explain(outcome) };
    await applied(database, changeWebhookWrite(present2, randomId("stamp"), pause));
  }
  await postpone(attempt, clock(), makeLog(attempt, outcome, "failing"));
  return { kind: "paused" };
}
var toldOfTaking = /* @__PURE__ */ new WeakSet();
async function settle2(attempt, outcome) {
  const { database, clock, webhook, line, lease, event, attempts } = attempt;
  if (isTaken(outcome)) {
    const log = makeLog(attempt, outcome, "delivered");
    const passed = await pass(attempt, { line, lease, through: event.sequence, log });
    const took = toldOfTaking.has(webhook) ? void 0 : tookWrite(webhook, clock());
    toldOfTaking.add(webhook);
    if (took) await applied(database, took);
    return passed;
  }
  if (isHopeless(outcome, attempts)) return giveUp(attempt, outcome);
  const dueAtMs = nextTryAtMs(attempts, clock());
  const isKept = await postpone(attempt, dueAtMs, makeLog(attempt, outcome, "failing", dueAtMs));
  return { kind: isKept ? "failing" : "busy" };
}
function createTellingService(options) {
  const { database, clock } = options;
  return {
    /**
     * Tells the next event of a line that its endpoint wants: a lease, a read of the events, the call, and one
     * transaction of two writes. Whoever dies in between leaves the lease, and after it the same event is told again,
     * under the same id. What a process writes that has lost its lease meanwhile is refused.
     *
     * @example const { kind } = await telling.tellNext(webhook, due);
     */
    async tellNext(webhook, due) {
      const lease = randomId("lease");
      const row = await applied(database, leaseWrite(due, lease, clock()));
      if (!row) return { kind: "busy" };
      const line = parseLine(row);
      const event = await findNextEvent(database, line, webhook);
      if (!event) return pass(options, { line, lease, through: line.upTo });
      if (later(clock(), callingMs) > line.leasedUntilMs) return { kind: "busy" };
      const outcome = await callWith(options, webhook, event);
      const attempts = (line.attempts ?? 0) + 1;
      const startedAtMs = line.startedAtMs ?? epochMs(event.occurredAtMs);
      return settle2({ ...options, webhook, line, lease, event, attempts, startedAtMs }, outcome);
    }
  };
}

// shared/webhooks/turn-store.ts
var at39 = pathsOf();
var hourMs2 = 36e5;
var keyFor3 = (uid) => ({ about: "turns", part: uid });
async function tryWrite(database, write) {
  try {
    await database.apply(write);
    return true;
  } catch (error) {
    if (error instanceof WebhookMoved) return false;
    throw error;
  }
}
function takeTurn(database, uid, { lease, untilMs, nowMs }) {
  return tryWrite(
    database,
    update({
      table: "Webhooks",
      key: keyFor3(uid),
      isBlind: true,
      change: {
        set: [
          action`${at39("lease")} = ${lease}`,
          action`${at39("untilMs")} = ${untilMs}`,
          action`${at39("ttlSeconds")} = ${ttlSecondsAt(later(untilMs, hourMs2))}`
        ]
      },
      condition: anyOf(isMissing(at39("untilMs")), condition`${at39("untilMs")} <= ${nowMs}`),
      refused: () => new WebhookMoved(),
      applied: (found) => found?.["lease"] === lease
    })
  );
}
async function giveTurn(database, uid, lease) {
  await tryWrite(
    database,
    update({
      table: "Webhooks",
      key: keyFor3(uid),
      isBlind: true,
      change: { remove: [at39("lease"), at39("untilMs")] },
      condition: condition`${at39("lease")} = ${lease}`,
      refused: () => new WebhookMoved(),
      applied: (found) => found?.["lease"] !== lease
    })
  );
}

// shared/webhooks/sending-service.ts
var sideBySide5 = 25;
var waitedForMs = 1e4;
var endingMs = 1e4;
function createTellingAll(options) {
  const { database, clock, sleep } = options;
  const { tellNext } = createTellingService(options);
  async function tellLine(webhook, first, untilMs, count) {
    let due = first;
    while (due && clock() < untilMs) {
      const { kind, dueAtMs } = await tellNext(webhook, due);
      count(kind);
      due = dueAtMs === void 0 ? void 0 : { ...due, dueAtMs };
    }
  }
  async function tellLines(webhook, lines, untilMs, count) {
    let hasMoved = false;
    const left2 = lines.values();
    const worker = async () => {
      for (const line of left2) {
        await tellLine(webhook, line, untilMs, (kind) => {
          hasMoved ||= kind !== "busy";
          count(kind);
        });
      }
    };
    await Promise.all(Array.from({ length: sideBySide5 }, worker));
    return hasMoved;
  }
  async function tellAll(found, untilMs, count) {
    let webhook = found;
    while (webhook && isListening(webhook) && clock() < untilMs) {
      const soonMs2 = later(clock(), waitedForMs);
      const soon = await listDueLines(database, webhook.uid, soonMs2, 4 * sideBySide5);
      const due = soon.filter(({ dueAtMs }) => dueAtMs <= clock());
      const [next] = soon;
      if (!next || due.length === 0 && next.dueAtMs >= untilMs) return;
      if (due.length === 0) await sleep(Math.max(1, next.dueAtMs - clock()));
      else if (!await tellLines(webhook, due, untilMs, count)) return;
      webhook = await findWebhook(database, webhook.endpointId);
    }
  }
  return tellAll;
}
function createSendingService(options) {
  const { database, clock } = options;
  const tellAll = createTellingAll(options);
  return {
    /**
     * Tells an endpoint what is due for it, lines side by side, until nothing is due or the time is over. Nothing,
     * while another process is at it, or the endpoint is off, paused or gone. Safe to repeat and to stop anywhere.
     *
     * @example await sending.send("crm", untilMs);
     */
    async send(endpointId, untilMs) {
      const sent = { busy: 0, empty: 0, delivered: 0, failing: 0, failed: 0, paused: 0 };
      const lease = randomId("turn");
      for (let isDue = true; isDue && clock() < untilMs; ) {
        const webhook = await findWebhook(database, endpointId);
        if (!webhook || !isListening(webhook)) break;
        const { uid } = webhook;
        const turn = { lease, untilMs: later(untilMs, endingMs), nowMs: clock() };
        if (!await takeTurn(database, uid, turn)) break;
        let moved = 0;
        await tellAll(webhook, untilMs, (kind) => {
          if (kind !== "busy") moved += 1;
          sent[kind] += 1;
        });
        await giveTurn(database, uid, lease);
        isDue = moved > 0 && (await listDueLines(database, uid, clock(), 1)).length > 0;
      }
      return sent;
    }
  };
}

// shared/webhooks/trying-service.ts
function createTryingService(options) {
  const { database, clock, call } = options;
  const { tellNext } = createTellingService(options);
  async function getDelivery(uid, deliveryId) {
    const delivery = await findDelivery(database, uid, deliveryId);
    if (!delivery) throw new DeliveryNotFound(deliveryId);
    return delivery;
  }
  async function tellAgain(webhook, delivery, event) {
    const outcome = await callWith(options, webhook, event);
    const status = isTaken(outcome) ? "delivered" : delivery.status;
    const attempts = delivery.attempts + 1;
    const nowMs = clock();
    const note = noteTry(event, outcome, { status, attempts, startedAtMs: nowMs, nowMs });
    const { deliveryId } = delivery;
    try {
      await database.apply(deliveryWrite(webhook.uid, { ...note, deliveryId }));
    } catch (error) {
      if (!(error instanceof WebhookMoved)) throw error;
    }
  }
  return {
    /**
     * Sends an endpoint a signed `webhook.test`, also while it is off or paused, and says what it answered. One request.
     *
     * @throws WebhookNotFound
     */
    async test(endpointId) {
      const webhook = await getWebhook(database, endpointId);
      const resource = `webhook/${endpointId}`;
      const facts = { id: randomId("evt"), type: "webhook.test", resource };
      const event = { ...facts, resourceVersion: "0", sequence: 0, occurredAtMs: clock() };
      const test = { ...event, actor: "system:webhooks", data: {} };
      const outcome = await call(makeCall(webhook, test, clock()));
      return { ...outcome, taken: isTaken(outcome) };
    },
    /**
     * Tries a delivery now, also while its endpoint is off or paused: one that waits for its next try, or one that
     * was made or given up, under the same id and past the order. While somebody is at it nothing more is sent.
     *
     * @returns the delivery as it is then
     * @throws WebhookNotFound, DeliveryNotFound also when the event itself is not kept any more
     */
    async retry(endpointId, deliveryId) {
      const webhook = await getWebhook(database, endpointId);
      const delivery = await getDelivery(webhook.uid, deliveryId);
      if (delivery.status === "failing") {
        const due = await findDueLine(database, webhook.uid, delivery.resource);
        if (due && due.through === delivery.sequence - 1) await tellNext(webhook, due);
      } else {
        const { resource, sequence } = delivery;
        const { rows } = await listEvents2(database, resource, { limit: 1 }, sequence - 1);
        const [event] = rows;
        if (event?.id !== delivery.eventId) throw new DeliveryNotFound(deliveryId);
        await tellAgain(webhook, delivery, event);
      }
      return getDelivery(webhook.uid, deliveryId);
    }
  };
}

// shared/webhooks/address.ts
var import_ipaddr = __toESM(require("ipaddr.js"), 1);
var innerNames = /(?:^|\.)(?:localhost|local|internal|intranet|lan|home|corp|private|arpa|onion)$/;
var globalIpv6 = import_ipaddr.default.parseCIDR("2000::/3");
function isPublicAddress(address) {
  if (!import_ipaddr.default.isValid(address)) return false;
  const parsed = import_ipaddr.default.parse(address);
  if (parsed.range() !== "unicast") return false;
  return parsed instanceof import_ipaddr.default.IPv6 ? parsed.match(globalIpv6) : true;
}
function isLoopback(address) {
  return import_ipaddr.default.isValid(address) && import_ipaddr.default.parse(address).range() === "loopback";
}
function isAllowedAddress(address, { production }) {
  return isPublicAddress(address) || !production && isLoopback(address);
}
function parseHost({ hostname }) {
  return hostname.replace(/^\[|\]$/g, "");
}
function findObjection(url, rules) {
  const schemes = rules.production ? ["https:"] : ["https:", "http:"];
  if (!schemes.includes(url.protocol)) return "must be an https address";
  if (url.username || url.password) return "must not hold a user or password";
  const host = parseHost(url);
  if (import_ipaddr.default.isValid(host)) {
    return isAllowedAddress(host, rules) ? void 0 : "must not be an inner address";
  }
  const name = host.replace(/\.$/, "");
  if (!rules.production && name === "localhost") return void 0;
  return name.includes(".") && !innerNames.test(name) ? void 0 : "must not be an inner name";
}
function readAddress(text, rules) {
  const url = URL.parse(text);
  if (!url) return { objection: "must be an address" };
  url.hash = "";
  const objection = findObjection(url, rules);
  return objection === void 0 ? { url } : { objection };
}
function checkAddress(text, rules) {
  const read2 = readAddress(text, rules);
  if ("objection" in read2) throw new InvalidRequest([{ path: "url", message: read2.objection }]);
  return read2.url.href;
}

// shared/webhooks/webhook-service.ts
var mostRivals3 = 5;
function persisting(attempt) {
  return again(
    mostRivals3,
    () => attempt().catch((error) => {
      if (error instanceof WebhookMoved) return new OnceMore(error);
      throw error;
    })
  );
}
function createWebhookService(options) {
  const { database, clock, rules, overlapMs, most = mostWebhooks } = options;
  const get = (endpointId) => getWebhook(database, endpointId);
  async function create(endpointId, facts) {
    const secret = makeSecret();
    const webhook = {
      endpointId,
      uid: randomId("whk"),
      stamp: randomId("stamp"),
      createdAtMs: clock(),
      secrets: [{ secret }],
      ...facts
    };
    try {
      await database.apply(createWebhookWrite(webhook, most));
    } catch (error) {
      if (error instanceof NoAudience) await openAudience(database);
      throw error;
    }
    return { webhook, secret };
  }
  return {
    /**
     * Makes an endpoint, or changes it: it keeps its secret then, and listens again if it was paused. Two requests, and
     * two more for the very first. Who is to be told is changed in the same transaction.
     *
     * @throws InvalidRequest when the address leads inside; nothing was read or written
     * @throws TooManyWebhooks when it would be one too many; nothing was changed
     */
    async put(endpointId, given) {
      const facts = { ...given, url: checkAddress(given.url, rules) };
      return persisting(async () => {
        const known = await findWebhook(database, endpointId);
        if (!known) return create(endpointId, facts);
        const over = { pausedAtMs: void 0, pausedBecause: void 0 };
        const stamp = randomId("stamp");
        await database.apply(changeWebhookWrite(known, stamp, { ...facts, ...over }));
        const { pausedAtMs: _at, pausedBecause: _because, ...webhook } = known;
        return { webhook: { ...webhook, ...facts, stamp } };
      });
    },
    /**
     * The endpoint as of now. One request.
     *
     * @throws WebhookNotFound
     */
    get,
    /** A page of the endpoints by name; it can be short and still have a cursor. One request. */
    list: (page) => listWebhooks(database, page),
    /**
     * Makes an endpoint go, with everything that it was not told yet. Two requests.
     *
     * @throws WebhookNotFound
     */
    async remove(endpointId) {
      return persisting(async () => {
        const webhook = await get(endpointId);
        await database.apply(removeWebhookWrite(webhook, randomId("stamp"), clock()));
        return webhook;
      });
    },
    /**
     * Gives an endpoint a new secret; the one before signs along for a while. Two requests.
     *
     * @throws WebhookNotFound
     */
    async rotate(endpointId) {
      return persisting(async () => {
        const known = await get(endpointId);
        const secret = makeSecret();
        const secrets = rotate(known, secret, later(clock(), overlapMs));
        const stamp = randomId("stamp");
        await database.apply(changeWebhookWrite(known, stamp, { secrets }));
        return { webhook: { ...known, secrets, stamp }, secret };
      });
    },
    /**
     * A page of what an endpoint was told in the last 14 days, the latest first. Two requests.
     *
     * @throws WebhookNotFound
     */
    async listDeliveries(endpointId, page) {
      const { uid } = await get(endpointId);
      return listDeliveries(database, uid, page);
    }
  };
}

// test/sim/workloads/system.ts
function createWebhooks(parts) {
  const rules = { production: true };
  const overlapMs = 6e4;
  return {
    endpoints: createWebhookService({ ...parts, rules, overlapMs }),
    feeding: createFeedingService(parts),
    sending: (call) => createSendingService({ ...parts, call }),
    trying: (call) => createTryingService({ ...parts, call })
  };
}
function withoutMoney(clock) {
  const keys = { webhookSecret: Buffer.from("simulated secret").toString("base64") };
  return { sandbox: createSandbox({ clock, keys: async () => [keys] }) };
}
function createSystem(world, settings, providersOf = withoutMoney) {
  const process = world.process();
  const { clock, sleep, random } = process;
  const client = process.client;
  const database = createDatabase({ client, clock, sleep, random, tableName: (table2) => table2 });
  const parts = {
    database,
    clock,
    sleep,
    random,
    settings,
    logger: silentLogger,
    providers: providersOf(clock),
    alarm: () => {
    }
  };
  const publishing = (send) => publishingService({ ...parts, send });
  const webhooks = createWebhooks(parts);
  return Object.assign(createShop(parts), { process, clock, database, publishing, webhooks });
}
// Annotate the CommonJS export names for ESM import in node:
0 && (module.exports = {
  HoldfastError,
  ItemsUnavailable,
  LimitExceeded,
  LockHeld,
  ProviderFailed,
  createSystem,
  runOperation
});

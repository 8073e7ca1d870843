/**
 * Faults to be planted into the product's sources, one at a time: each is a mistake that somebody could
 * make, and each has to be caught. A fault that no longer fits its file says so and has to be renewed.
 */

import { campaignFaults } from "./campaign-faults.ts";
import { disputeFaults } from "./dispute-faults.ts";
import { eventFaults } from "./event-faults.ts";
import { keyFaults } from "./key-faults.ts";
import { holdFaults } from "./hold-faults.ts";
import { itemLineFaults } from "./item-line-faults.ts";
import { lockLineFaults } from "./lock-line-faults.ts";
import { lockLimitFaults } from "./lock-limit-faults.ts";
import { moneyFaults } from "./money-faults.ts";
import { oldRowFaults } from "./old-row-faults.ts";
import { pairFaults } from "./pair-faults.ts";
import { peopleFaults } from "./people-faults.ts";
import { reconcilerFaults } from "./reconciler-faults.ts";
import { releaseFaults } from "./release-faults.ts";
import { restFaults } from "./rest-faults.ts";
import { shopperFaults } from "./shopper-faults.ts";
import { webhookFaults } from "./webhook-faults.ts";

/** One mistake, as a replacement in one file. */
export interface PlantedFault {
  /** What went wrong, in a few words. */
  readonly name: string;
  readonly file: string;
  /** Stands in the file exactly once. */
  readonly find: string;
  readonly replace: string;
  /** What else changes in the file, where one place is not enough: each stands there once as well. */
  readonly also?: readonly Pick<PlantedFault, "find" | "replace">[];
  /** The only workload that can meet it, where others would only cost time. */
  readonly workload?: string;
}

const locks = "shared/locks/lock-conditions.ts";
const lockStore = "shared/locks/lock-store.ts";
const endings = "shared/locks/lock-ending-store.ts";
const trees = "shared/locks/tree-lock-store.ts";
const documents = "shared/documents/document-store.ts";
const saving = "shared/documents/document-service.ts";
const holds = "shared/inventory/hold-store.ts";
const holdConditions = "shared/inventory/hold-conditions.ts";
const stock = "shared/inventory/stock.ts";
const ledger = "shared/inventory/movement-store.ts";
const closing = "shared/inventory/hot/closing.ts";
const settlements = "shared/inventory/hot/settlement-store.ts";
const openings = "shared/inventory/hot/openings-store.ts";
const spans = "shared/inventory/hot/reckoning.ts";
const taking = "shared/inventory/hot/taking.ts";
const finding = "shared/inventory/hot/finding.ts";
const spreading = "shared/inventory/hot/spread-store.ts";
const turning = "shared/inventory/hot/turning.ts";
const holdings = "shared/orders/holdings.ts";
const orders = "shared/orders/order-store.ts";
const placing = "shared/orders/order-placing.ts";
const ending = "shared/orders/order-service.ts";
const requests = "shared/orders/order-request.ts";
const shoppers = "shared/orders/shopper-store.ts";
const shopperRules = "shared/orders/shopper.ts";
const money = "shared/payments/payment.ts";
const paymentStore = "shared/payments/payment-store.ts";
const settling = "shared/payments/settle-service.ts";
const selling = "shared/payments/selling.ts";
const starting = "shared/payments/start-service.ts";
const extending = "shared/payments/extending.ts";
const refunds = "shared/payments/refunds/refund-service.ts";
const refundRules = "shared/payments/refunds/refund.ts";
const refundTelling = "shared/payments/refunds/refund-telling.ts";
const refundStore = "shared/payments/refunds/refund-store.ts";
const refundWish = "shared/payments/refunds/refund-wish.ts";
const refundAsking = "shared/payments/refunds/refund-asking.ts";
const returns = "shared/orders/order-returns.ts";
const fulfilling = "shared/orders/fulfilments/fulfilment-service.ts";
const fulfilmentStore = "shared/orders/fulfilments/fulfilment-store.ts";
const outcomes = "shared/payments/outcome.ts";
const receiving = "shared/payments/receiving.ts";
const guards = "shared/carts/storage/cart-edits.ts";
const versions = "shared/table/versions.ts";
const edits = "shared/carts/storage/cart-edits.ts";
const replacing = "shared/carts/editing/cart-replacement.ts";
const merging = "shared/carts/model/merging.ts";
const emptying = "shared/carts/editing/cart-property-service.ts";
const reckoning = "shared/carts/model/reckoning.ts";
const priceRules = "shared/carts/model/price-rules.ts";
const checkout = "shared/carts/checkout/cart-checkout-store.ts";
const writing = "shared/table/writing.ts";
const retrying = "shared/table/retry.ts";
const repeating = "shared/table/repeating.ts";
const failures = "shared/table/failures.ts";
const transactions = "shared/table/tolerating.ts";
const sandbox = "shared/providers/sandbox.ts";
const audit = "shared/audit/audit.ts";

function fault(
  name: string,
  file: string,
  find: string,
  replace: string,
  workload?: string,
): PlantedFault {
  return { name, file, find, replace, ...(workload === undefined ? {} : { workload }) };
}

export const plantedFaults: readonly PlantedFault[] = [
  ...campaignFaults,
  ...holdFaults,
  ...disputeFaults,
  ...keyFaults,
  ...eventFaults,
  ...webhookFaults,
  ...lockLimitFaults,
  ...lockLineFaults,
  ...itemLineFaults,
  ...moneyFaults,
  ...oldRowFaults,
  ...pairFaults,
  ...peopleFaults,
  ...reconcilerFaults,
  ...releaseFaults,
  ...restFaults,
  ...shopperFaults,
  fault(
    "a lock is not free at the instant its lease ends",
    locks,
    'condition`${at("expiresAtMs")} <= ${nowMs}`',
    'condition`${at("expiresAtMs")} < ${nowMs}`',
  ),
  fault(
    "a lock is free whoever has it",
    locks,
    "anyOf(nobodyOwns, leaseIsOver(nowMs))",
    'anyOf(nobodyOwns, condition`${at("fence")} > ${0}`)',
  ),
  fault(
    "a hold is valid at the instant its lease ends",
    locks,
    'condition`${at("expiresAtMs")} > ${nowMs}`',
    'condition`${at("expiresAtMs")} >= ${nowMs}`',
  ),
  fault(
    "a hold is valid however long its lease is over",
    locks,
    '    condition`${at("expiresAtMs")} > ${nowMs}`,\n',
    '    condition`${at("expiresAtMs")} > ${nowMs * 0}`,\n',
  ),
  fault(
    "the fence plays no part in who holds a lock",
    locks,
    '...(fence === undefined ? [] : [condition`${at("fence")} = ${fence}`]),',
    "...(fence === undefined ? [] : []),",
  ),
  fault(
    "anybody may renew or release a lock",
    locks,
    '    condition`${at("owner")} = ${owner.userId}`,\n',
    '    condition`${at("owner")} <> ${`nobody ${owner.userId}`}`,\n',
  ),
  fault(
    "two sessions of a user are one owner",
    locks,
    "    sameSession,\n",
    '    anyOf(sameSession, condition`${at("owner")} = ${owner.userId}`),\n',
  ),
  fault(
    "a fence chosen by the caller may be an old one",
    locks,
    'anyOf(isMissing(at("fence")), condition`${at("fence")} < ${fence}`)',
    'anyOf(isMissing(at("fence")), condition`${at("fence")} <> ${-fence}`)',
  ),
  fault(
    "a new lock's fence starts from zero instead of the clock",
    lockStore,
    'if_not_exists(${at("fence")}, ${nowMs})',
    'if_not_exists(${at("fence")}, ${nowMs * 0})',
  ),
  fault(
    "a fence is reset at every acquisition",
    lockStore,
    "[...set, counted ? nextFence(nowMs) :",
    '[...set, counted ? action`${at("fence")} = ${1}` :',
  ),
  fault(
    "TTL may take a lock's row as soon as its lease is over",
    lockStore,
    "ttlSecondsAt(later(expiresAtMs, dayMs))",
    "ttlSecondsAt(expiresAtMs)",
  ),
  fault(
    "after a lost answer any owner's lock counts as the caller's",
    lockStore,
    "        lock !== undefined &&\n        isSameOwner(lock.owner, taken.owner) &&\n        lock.acquiredAtMs === nowMs &&\n        lock.expiresAtMs === expiresAtMs\n",
    "        lock !== undefined && expiresAtMs > 0 && isSameOwner(lock.owner, lock.owner)\n",
  ),
  fault(
    "a renewal moves the fence",
    lockStore,
    '        action`${at("change")} = ${changeNote("lock.renewed"',
    '        action`${at("fence")} = ${at("fence")} + ${1}`,\n        action`${at("change")} = ${changeNote("lock.renewed"',
  ),
  fault(
    "a release forgets the fence",
    endings,
    'remove: [at("owner"), name, at("kindShard")],',
    'remove: [at("owner"), name, at("kindShard"), at("fence")],',
  ),
  fault(
    "a release asks nobody whose lock it is",
    endings,
    "condition: allOf(callerHolds(proof, nowMs), nobodyWaits),",
    'condition: exists(at("owner")),',
  ),
  fault(
    "a force release leaves no reason",
    endings,
    'changeNote("lock.forced", actor, nowMs, reason)',
    'changeNote("lock.forced", actor, nowMs)',
  ),
  fault(
    "a force release that is repeated ends the next hold too",
    endings,
    "      isNotEndedBy(forcedId),\n",
    "",
    "editors",
  ),
  fault(
    "an owner's release wipes out the mark of a forced one",
    endings,
    "actor, nowMs), { releaseId }),",
    "actor, nowMs), { forcedId: releaseId }),",
  ),
  fault(
    "the sweep of locks drops live ones",
    endings,
    'allOf(exists(at("owner")), leaseIsOver(nowMs))',
    'allOf(exists(at("owner")), exists(at("fence")))',
  ),
  fault(
    "a tree lock does not look below",
    trees,
    "if (!first) return isMissing(below);",
    "if (!first) return lockIsFree(nowMs);",
  ),
  fault(
    "a tree lock does not look above",
    trees,
    "const isFree = lockIsFree(nowMs);",
    'const isFree = condition`${at("fence")} <> ${-1}`;',
  ),
  fault(
    "a tree lock's entry above is not checked when it is renewed",
    trees,
    '    : condition`${at(entryAttribute(resource), "fence")} = ${fence}`;',
    '    : condition`${at(entryAttribute(resource), "fence")} <> ${-fence}`;',
  ),
  fault(
    "leases below are taken for over",
    trees,
    '    ({ resource }) => condition`${at(entryAttribute(resource), "expiresAtMs")} <= ${nowMs}`,',
    '    ({ resource }) => condition`${at(entryAttribute(resource), "expiresAtMs")} <> ${-nowMs}`,',
  ),
  fault(
    "a document takes older fences",
    documents,
    'anyOf(isMissing(at("lastFence")), condition`${at("lastFence")} <= ${fence}`)',
    'anyOf(isMissing(at("lastFence")), condition`${at("lastFence")} <> ${-fence}`)',
  ),
  fault(
    "a document's version may stay or fall",
    documents,
    'anyOf(isMissing(at("version")), condition`${at("version")} < ${version}`)',
    'anyOf(isMissing(at("version")), condition`${at("version")} <> ${-version}`)',
  ),
  fault(
    "a document is saved without a look at its lock",
    saving,
    "await database.transact([lockWrite, saveWrite(save)]);",
    "await database.transact([saveWrite(save)]);",
  ),
  fault(
    "a save looks at the lock first and writes afterwards",
    saving,
    "await database.transact([lockWrite, saveWrite(save)]);",
    "await database.transact([lockWrite]);\n        await database.transact([saveWrite(save)]);",
  ),
  fault(
    "holding does not ask whether units are left",
    holdConditions,
    'condition`${at("available")} >= ${quantity - freed}`',
    'condition`${at("available")} >= ${0 * (quantity - freed)}`',
  ),
  fault(
    "the last unit is never sold",
    holdConditions,
    'condition`${at("available")} >= ${quantity - freed}`',
    'condition`${at("available")} > ${quantity - freed}`',
  ),
  fault(
    "units that were freed are counted twice",
    holds,
    'action`${at("available")} = ${at("available")} + ${freed - quantity}`',
    'action`${at("available")} = ${at("available")} + ${2 * freed - quantity}`',
  ),
  fault(
    "the price is not looked at again",
    holdConditions,
    '    condition`${at("amountMinor")} = ${price.amountMinor}`,\n',
    '    condition`${at("amountMinor")} >= ${price.amountMinor * 0}`,\n',
  ),
  fault(
    "what was refunded does not come back into stock",
    holds,
    'action`${at("available")} = ${at("available")} + ${quantity}`,\n        action`${at("sold")}',
    'action`${at("available")} = ${at("available")} + ${0 * quantity}`,\n        action`${at("sold")}',
  ),
  fault(
    "a hold still counts at the instant it ends",
    "shared/base/time.ts",
    "return expiresAtMs <= nowMs;",
    "return expiresAtMs < nowMs;",
  ),
  fault(
    "an exclusive item takes several holds",
    holdConditions,
    'anyOf(condition`${at("holdPolicy")} <> ${"exclusive"}`, nothingElseIsHeld)',
    'anyOf(condition`${at("holdPolicy")} <> ${"exclusively"}`, nothingElseIsHeld)',
  ),
  fault(
    "a bucket that shrank meanwhile is taken over as it was",
    holdConditions,
    'condition`${at("due", key)} = ${quantity}`',
    'condition`${at("due", key)} >= ${0 * quantity}`',
  ),
  fault(
    "a bucket is taken over twice",
    holdConditions,
    '    ...room.over.map(({ key, quantity }) => condition`${at("due", key)} = ${quantity}`),\n',
    "",
  ),
  fault(
    "the watermark is not looked at when buckets are taken over",
    holdConditions,
    '    condition`${at("reclaimedThroughMs")} = ${room.reclaimedThroughMs}`,\n    ...room',
    "    ...room",
  ),
  fault(
    "the watermark goes back",
    "shared/inventory/buckets.ts",
    "return epochMs(Math.max(reclaimedThroughMs, last));",
    "return epochMs(last);",
  ),
  fault(
    "buckets are taken over and the watermark stays",
    holdConditions,
    'set: [action`${at("reclaimedThroughMs")} = ${watermarkAfter(room)}`],',
    "set: [],",
  ),
  fault(
    "a hold may begin at or below the watermark",
    holds,
    "    isAboveWatermark(expiresAtMs),\n    policyAllowsHold(freed),",
    "    policyAllowsHold(freed),",
  ),
  fault(
    "units that were taken over are sold out of the next hold's bucket",
    holdConditions,
    "    isAboveWatermark(expiresAtMs),\n    condition",
    "    condition",
  ),
  fault(
    "units that were taken over are sold all the same",
    holds,
    "        telling(`hold.${step}`, holding),\n      ],\n    },\n    condition: callerStillHolds(holding),",
    '        telling(`hold.${step}`, holding),\n      ],\n    },\n    condition: condition`${at("held")} >= ${0}`,',
  ),
  fault(
    "a release gives back one unit too many",
    holds,
    "action`${level} = ${level} + ${quantity}`,",
    'action`${level} = ${level} + ${step === "released" ? quantity + 1 : quantity}`,',
  ),
  fault(
    "a sale is not counted",
    holds,
    "action`${level} = ${level} + ${quantity}`,",
    'action`${level} = ${level} + ${step === "sold" ? 0 : quantity}`,',
  ),
  fault(
    "what ends leaves its bucket as it is",
    holds,
    '        action`${due} = ${due} - ${quantity}`,\n        action`${at("held")}',
    '        action`${due} = ${due} - ${0 * quantity}`,\n        action`${at("held")}',
  ),
  fault(
    "an extended hold is counted until both instants",
    holds,
    "    action`${due} = ${due} - ${quantity}`,\n    action`${later}",
    "    action`${due} = ${due} - ${0 * quantity}`,\n    action`${later}",
  ),
  fault(
    "an expired hold blocks buyers until a sweep",
    stock,
    "const available = stock.available + expiredUnits(stock, nowMs);",
    "const available = stock.available + 0 * expiredUnits(stock, nowMs);",
  ),
  fault(
    "live holds are taken over too",
    "shared/inventory/buckets.ts",
    "return isExpired(endsAtMs, nowMs) || endsAtMs <= reclaimedThroughMs;",
    "return endsAtMs > 0 || isExpired(endsAtMs, nowMs) || endsAtMs <= reclaimedThroughMs;",
  ),
  fault(
    "an order is closed under another deadline than it has",
    orders,
    '    condition`${at("expiresAtMs")} = ${order.expiresAtMs}`,',
    "    isPending,",
    "edges",
  ),
  fault(
    "an order is ended by who had it before",
    orders,
    '    condition`${at("userId")} = ${order.userId}`,',
    "    isPending,",
    "edges",
  ),
  fault(
    "a sweep expires orders whose deadline was moved",
    orders,
    "condition: allOf(isPending, orderIsAsRead(closing), mayEnd(closing)),",
    'condition: to === "expired" ? isPending : allOf(isPending, orderIsAsRead(closing), mayEnd(closing)),',
    "edges",
  ),
  fault(
    "a caller behind everybody's time cannot buy any more",
    placing,
    "const fromMs = epochMs(Math.max(parts.clock(), ...reached));",
    "const fromMs = epochMs(Math.max(parts.clock(), ...reached.slice(99)));",
  ),
  fault(
    "late money sells without taking stock again",
    holds,
    "return selling(request, []);",
    'const sold = [action`${at("sold")} = ${at("sold")} + ${request.quantity}`, telling("item.paid", request)];\n  return taking({ ...request, quantity: 0 }, { effects: sold, held: 0 }, []);',
  ),
  fault(
    "late money takes what others hold",
    selling,
    "const failed = whyRefused(part, counted, options.clock());",
    "const failed = whyRefused({ ...part, quantity: 0 }, counted, options.clock());",
  ),
  fault(
    "a payment that starts does not extend the holds",
    extending,
    "...listHoldings(order, note).map((holding) => extendWrite(holding, expiresAtMs)),",
    "...listHoldings(order, note).slice(99).map((holding) => extendWrite(holding, expiresAtMs)),",
  ),
  fault(
    "a closed order keeps its holds",
    ending,
    'const held = to === "expired" ? [] : listHoldings(order, note);',
    'const held = to === "expired" ? [] : listHoldings(order, note).slice(99);',
  ),
  fault(
    "the ledger sells what is not there",
    ledger,
    "condition: allOf(rowIsReadable, ...stockCoversMove(move), ...levelsAreAsSeen(seen)),",
    "condition: allOf(rowIsReadable, ...levelsAreAsSeen(seen)),",
  ),
  fault(
    "the levels that are told are not looked at",
    ledger,
    "...stockCoversMove(move), ...levelsAreAsSeen(seen)),",
    "...stockCoversMove(move)),",
  ),
  fault(
    "a reference may move stock again",
    ledger,
    '    condition: isMissing(entryAt("movementId")),',
    '    condition: allOf(condition`${entryAt("quantity")} <> ${1e9}`),',
  ),
  fault(
    "an order may be placed over another one",
    orders,
    '    condition: isMissing(at("orderId")),',
    '    condition: condition`${at("orderId")} <> ${"-"}`,',
  ),
  fault(
    "an order may be closed in whatever state it is",
    orders,
    "condition: allOf(isPending, orderIsAsRead(closing), mayEnd(closing)),",
    'condition: allOf(condition`${at("orderId")} = ${orderId}`, mayEnd(closing)),',
  ),
  fault(
    "an order is expired before its time",
    orders,
    '  return condition`${at("expiresAtMs")} <= ${nowMs}`;',
    '  return condition`${at("expiresAtMs")} >= ${Math.min(0, nowMs)}`;',
    "edges",
  ),
  fault(
    "an order never becomes due",
    orders,
    "item: { ...order, change: note },",
    "item: (({ dueShard: _, dueAtMs: __, ...rest }) => ({ ...rest, change: note }))(order),",
  ),
  fault(
    "an order is put first and holds its lines afterwards",
    placing,
    "await transactOpening(parts.database, attempt.writes, { conflicts: 1, throttles: 1 });",
    "await parts.database.transact(attempt.writes.slice(1));\n    await parts.database.transact([attempt.order]);",
  ),
  fault(
    "lines are held one by one",
    placing,
    "await transactOpening(parts.database, attempt.writes, { conflicts: 1, throttles: 1 });",
    "for (const hold of attempt.holds.keys()) await parts.database.transact([hold]);\n    await parts.database.transact(attempt.writes.filter((write) => !attempt.holds.has(write)));",
  ),
  fault(
    "an order does not lock its cart",
    placing,
    "await transactOpening(parts.database, attempt.writes, { conflicts: 1, throttles: 1 });",
    "await parts.database.transact(attempt.writes.filter((write) => write !== attempt.cart));",
  ),
  fault(
    "a closed order keeps its cart locked",
    ending,
    "const ofCarts = cart ? [reopenWrite({ cartId: cart.cartId, orderId, note: ofCart })] : [];",
    'const ofCarts = cart && !cart ? [reopenWrite({ cartId: "", orderId, note: ofCart })] : [];',
  ),
  fault(
    "one order too many may be open",
    shoppers,
    'condition`${at("open")} < ${maxOpenOrders + leaving}`',
    'condition`${at("open")} <= ${maxOpenOrders + leaving}`',
    "shop",
  ),
  fault(
    "a started payment does not prolong the count of its order",
    shoppers,
    "const until = [action`${path} = ${untilMs}`,",
    "const until = [",
    "shop",
  ),
  fault(
    "an order whose time is over counts until a sweep has seen it",
    shopperRules,
    "withoutOverdue(shopper, nowMs);\n  const { maxOpenOrders",
    "shopper;\n  const { maxOpenOrders",
    "shop",
  ),
  fault(
    "a cancelled order goes on being counted",
    ending,
    "[...returning, ...count]",
    "returning",
    "shop",
  ),
  fault(
    "orders that are over stay among those that are named",
    shoppers,
    "remove: overdue.map(([orderId]) => at(orderAttribute(orderId))),",
    "remove: [],",
    "shop",
  ),
  fault(
    "an idempotency key is everybody's",
    requests,
    'derivedId("ord", userId, idempotencyKey)',
    'derivedId("ord", userId.slice(99), idempotencyKey)',
  ),
  fault(
    "every request makes an order of its own",
    requests,
    'derivedId("ord", userId, idempotencyKey)',
    'derivedId("ord", userId, idempotencyKey, Math.random())',
  ),
  fault(
    "another body under the same key counts as the same request",
    requests,
    "  if (isOwn && order.fingerprint === fingerprintOrder(request)) return order;",
    "  if (isOwn && order.fingerprint !== `${fingerprintOrder(request)}-`) return order;",
  ),
  fault(
    "any amount pays an order",
    money,
    "return orderedMinor === order.totalMinor && currency === order.currency;",
    "return currency === order.currency && orderedMinor >= 0;",
  ),
  fault(
    "a second payment is kept",
    money,
    "return withRefund(next, makeRefund(fact, refundReasons.paidTwice, nowMs));",
    "return makeRefund(fact, refundReasons.paidTwice, nowMs) ? next : order;",
  ),
  fault(
    "a failure ends an order that is paid",
    money,
    'if (order.status !== "pending" || !isCurrent || hasHeardEnough(order)) return undefined;',
    "if (!isCurrent || hasHeardEnough(order)) return undefined;",
  ),
  fault(
    "the same money is settled again",
    money,
    "  if (order.events?.[factKey(fact)]) return undefined;\n",
    "  if (order.events?.[`${factKey(fact)}-`]) return undefined;\n",
  ),
  fault(
    "a capture that is told after its refund counts once more",
    money,
    "  return capturedBy(order, fact.paymentId) === undefined\n",
    '  return capturedBy(order, fact.paymentId) === undefined || fact.kind === "captured"\n',
  ),
  fault(
    "an order may be changed by who has read an older one",
    paymentStore,
    '    revision === undefined ? isMissing(at("revision")) : condition`${at("revision")} = ${revision}`,',
    '    revision === undefined ? condition`${at("orderId")} <> ${"-"}` : condition`${at("revision")} >= ${0}`,',
    "shop",
  ),
  fault(
    "what is paid is not checked to be as it was read",
    paymentStore,
    "    condition: orderIsAsRead(read),",
    '    condition: allOf(orderIsAsRead(read), condition`${at("orderId")} = ${orderId}`) && condition`${at("orderId")} = ${orderId}`,',
  ),
  fault(
    "a webhook is acknowledged before its transaction",
    receiving,
    "const settled = await settle(order, event, actor, (action) => (did = action));",
    "const settled = order;\n    void settle(order, event, actor).catch(() => {});",
  ),
  fault(
    "an order that moved is taken for settled",
    settling,
    "        order = error.found ?? order;",
    "        return error.found ?? order;",
  ),
  fault(
    "a failed payment keeps the holds",
    settling,
    'const held = outcome.stock === "release" ? listHoldings(order, note) : [];',
    "const held = listHoldings(order, note).slice(99);",
  ),
  fault(
    "money for units that are gone is kept",
    settling,
    "if (instead) return carryOut(order, instead, actor, tellDeed);",
    "if (instead) return order;",
  ),
  fault(
    "an order may be paid after its time",
    starting,
    "    if (!isExpired(order.expiresAtMs, clock())) return;\n",
    "    if (isExpired(order.createdAtMs, clock())) return;\n",
  ),
  fault(
    "starting payments holds units without bound",
    starting,
    "Math.min(wishedMs, latestMs)",
    "Math.max(wishedMs, latestMs * 0)",
  ),
  fault(
    "every attempt at a refund is a new one",
    refundRules,
    "return failures > 0 ? `${refundId}-again-${failures}` : refundId;",
    "return failures >= 0 ? `${refundId}-again-${Math.random()}` : refundId;",
  ),
  fault(
    "a refund is noted as done before the bank has heard of it",
    refunds,
    "await record(current, refund, await askProvider(options, current, refund), actor);",
    'await record(current, refund, { status: "done", refundId: refund.paymentId }, actor);\n      void askProvider;',
  ),
  fault(
    "a refund that failed is not tried again",
    refundRules,
    'return status === "due" || status === "requested";',
    "return false;",
  ),
  fault(
    "a part of the money may be more than is left",
    refundStore,
    "condition`${left} > ${entry.amountMinor}`",
    "condition`${left} > ${0 * entry.amountMinor}`",
    "refunds",
  ),
  fault(
    "the same part of the money is due twice",
    refundStore,
    "      isMissing(place),\n",
    "      condition`${left} > ${-1}`,\n",
    "refunds",
  ),
  fault(
    "a refund that is repeated brings its lines back again",
    refundWish,
    "  if (known) {\n",
    "  if (known && !wish.lines) {\n",
    "refunds",
  ),
  fault(
    "more of a line comes back than was sold",
    refundWish,
    "if (quantity > left) throw new ReturnExceeded",
    "if (quantity > left + 1) throw new ReturnExceeded",
    "refunds",
  ),
  fault(
    "what came back before comes back with all the rest",
    returns,
    "[lineId, quantity - (returned.get(lineId) ?? 0)]",
    "[lineId, quantity - 0 * (returned.get(lineId) ?? 0)]",
    "refunds",
  ),
  fault(
    "what is not to go back into stock does",
    returns,
    "const back = lines.filter(({ restock }) => restock);",
    "const back = lines.filter(({ quantity }) => quantity > 0);",
    "refunds",
  ),
  fault(
    "of several items that come back one is forgotten",
    settling,
    "return units.map((demand) => takeBackWrite({ ...demand, note: told }));",
    "return units.slice(1).map((demand) => takeBackWrite({ ...demand, note: told }));",
    "refunds",
  ),
  fault(
    "a refund that failed after it was done stays done",
    refundTelling,
    'if (told.status === "failed") {',
    'if (told.status === "failed" && refund.status !== "done") {',
    "refunds",
  ),
  fault(
    "money given back at the bank does not count",
    refundTelling,
    "const isNew = findRefund(next, known.refundId) === undefined;",
    "const isNew = findRefund(next, known.refundId) !== undefined;",
    "refunds",
  ),
  fault(
    "a refund of ours whose answer was lost is taken for another's",
    refundTelling,
    "if (ourRefundId === undefined) return undefined;",
    'if (ourRefundId !== "") return undefined;',
    "refunds",
  ),
  fault(
    "a refusal is for good though money went back elsewhere",
    refundAsking,
    "told: await provider.listRefunds(refund) };",
    "told: (await provider.listRefunds(refund)).slice(99) };",
    "refunds",
  ),
  fault(
    "a refund that was given up is asked for under the same key",
    refundRules,
    "return failures > 0 ? `${refundId}-again-${failures}` : refundId;",
    "return failures > 99 ? `${refundId}-again-${failures}` : refundId;",
    "refunds",
  ),
  fault(
    "a refund that is open is never due",
    outcomes,
    "if (listOpenRefunds(order).length > 0)",
    "if (listOpenRefunds(order).length > 99)",
    "refunds",
  ),
  fault(
    "an order is refunded while the bank is still at it",
    refundRules,
    "return back >= capturedMinor && !own.some(isOpen);",
    "return back >= 0 * capturedMinor;",
    "refunds",
  ),
  fault(
    "more of a line is sent than was ordered",
    fulfilling,
    "if (quantity > left) throw",
    "if (quantity > left + 1) throw",
    "refunds",
  ),
  fault(
    "what was sent is said twice",
    fulfilling,
    "if (known) return { order, replayed: true };",
    'if (known && reference === "-") return { order, replayed: true };',
    "refunds",
  ),
  fault(
    "what came back is sent all the same",
    returns,
    "const gone = (returned.get(lineId) ?? 0) + (sent.get(lineId) ?? 0);",
    "const gone = 0 * (returned.get(lineId) ?? 0) + (sent.get(lineId) ?? 0);",
    "refunds",
  ),
  fault(
    "two that are sent at once forget one",
    fulfilmentStore,
    ': condition`${at("revision")} = ${revision}`,',
    ': condition`${at("revision")} >= ${0 * revision}`,',
    "refunds",
  ),
  fault(
    "a cart may be edited while it is paid for",
    guards,
    'anyOf(isMissing(at("lock")), condition`${at("lock", "expiresAtMs")} <= ${nowMs}`)',
    'anyOf(isMissing(at("lock")), condition`${at("lock", "expiresAtMs")} > ${nowMs * 0}`)',
  ),
  fault(
    "a cart stays locked at the instant its lock ends",
    guards,
    'condition`${at("lock", "expiresAtMs")} <= ${nowMs}`',
    'condition`${at("lock", "expiresAtMs")} < ${nowMs}`',
  ),
  fault(
    "the version of a cart is not looked at",
    versions,
    'condition`${at("version")} = ${version}`',
    'condition`${at("version")} >= ${version * 0}`',
  ),
  fault(
    "an edit may be done again when its answer was lost",
    guards,
    "return condition`NOT ${editId} IN (${at(a)}, ${at(b)}, ${at(c)}, ${at(d)})`;",
    "return condition`NOT ${`${editId}-`} IN (${at(a)}, ${at(b)}, ${at(c)}, ${at(d)})`;",
    "carts",
  ),
  fault(
    "an edit leaves the version as it is",
    edits,
    "        nextVersion(nowMs),\n        keepAlive",
    "        keepAlive",
  ),
  fault(
    "replacing a cart's lines asks for no version",
    replacing,
    "condition: allOf(cartIsUnlocked(nowMs), versionIs(cart.version), checkoutsAre(cart.checkouts)),",
    "condition: allOf(cartIsUnlocked(nowMs), checkoutsAre(cart.checkouts)),",
  ),
  fault(
    "an order unlocks the cart of another one",
    checkout,
    "    condition: lockIsForOrder(orderId),\n",
    "    condition: anyOf(lockIsForOrder(orderId), lockIsForOrder(`${orderId}-`), cartIsUnlocked(0 as EpochMs), versionIs(0), checkoutsAre(1), checkoutsAre(2)),\n",
  ),
  fault(
    "a cart is locked although another order has it",
    checkout,
    "condition: allOf(cartIsUnlocked(nowMs), versionIs(cart.version), checkoutsAre(cart.checkouts)),",
    "condition: allOf(versionIs(cart.version)),",
  ),
  fault(
    "paying leaves the cart locked",
    checkout,
    'remove: [at("lock"), ...boughtAttributes(purchase)],',
    "remove: [...boughtAttributes(purchase)],",
  ),
  fault(
    "a transaction is repeated under a new token",
    writing,
    "attempt: () => client.send(command),",
    "attempt: () => {\n          (command.input as { ClientRequestToken?: string }).ClientRequestToken = randomUUID();\n          return client.send(command);\n        },",
  ),
  fault(
    "a lost answer is taken for a refusal without effect",
    repeating,
    "if (afterLoss && write.applied?.(found)) return found ?? {};",
    "if (afterLoss && write.applied?.(found) && !found) return {};",
  ),
  fault(
    "an edit is repeated although the cart has forgotten it",
    "shared/table/write.ts",
    "? { ...write, condition: allOf(write.condition, write.recall.condition) }",
    "? { ...write, condition: allOf(write.condition) }",
    "carts",
  ),
  fault(
    "a lost answer counts as nothing done",
    repeating,
    "if (afterLoss) throw new",
    "if (afterLoss && !afterLoss) throw new",
  ),
  fault(
    "out of time behind a write of its own, nothing was changed",
    retrying,
    "return hasCommitted()\n    ? new",
    "return hasCommitted() && !cause\n    ? new",
  ),
  fault(
    "an acquisition that was ended before its repetition takes effect again",
    lockStore,
    'condition`${at("acquiredAtMs")} < ${nowMs}`',
    'condition`${at("acquiredAtMs")} >= ${0}`',
  ),
  fault(
    "a busy answer is taken for a refusal",
    failures,
    "if (codes.some((code) => busyReasons.has(code))) return busyBecause(codes);",
    "if (codes.length > 99) return busyBecause(codes);",
  ),
  fault(
    "what is tolerated takes the required along",
    transactions,
    "      if (required.some((write) => error.of(write))) throw error;\n",
    "      if (required.some((write) => error.of(write))) return refusals;\n",
  ),
  fault(
    "any signature will do",
    sandbox,
    "return given.map((signature) => matchesAny(signature, expected)).includes(true);",
    "return given.map((signature) => !matchesAny(signature, expected) || true).includes(true);",
  ),
  fault(
    "webhooks of any age are taken",
    sandbox,
    "if (Math.abs(nowMs / 1000 - sentSeconds) > toleranceSeconds) return false;",
    "if (Math.abs(nowMs / 1000 - sentSeconds) > toleranceSeconds * 1e6) return false;",
  ),
  fault(
    "the audit trail forgets what a TTL deletion did",
    audit,
    ".filter((step) => isMine(step) || (isLast && !isOthers(step)))",
    ".filter((step) => isMine(step) && (isLast || !isOthers(step)))",
  ),
  fault(
    "the audit trail gives two changes one place",
    audit,
    '#${change.sequence.padStart(40, "0")}`',
    '#${"".padStart(40, "0")}`',
  ),
  fault(
    "emptying a cart takes the shop's conditions along",
    emptying,
    "            return { ...emptyInstance(instance), conditions };",
    "            return { ...emptyInstance(instance), conditions: conditions.slice(1) };",
    "cheats",
  ),
  fault(
    "a merge forgets the conditions of the other cart",
    merging,
    "    conditions: mergedConditions(target.conditions, source.conditions),",
    "    conditions: mergedConditions(target.conditions, source.conditions.slice(1)),",
    "cheats",
  ),
  fault(
    "a merge lets the target's condition stand for another of its name",
    merging,
    "if (target.some((known) => isDeepStrictEqual(known, condition))) continue;",
    "if (target.some((known) => known.name === condition.name)) continue;",
    "cheats",
  ),
  fault(
    "an order leaves out conditions on its total",
    reckoning,
    "for (const target of conditionTargets) {",
    "for (const target of conditionTargets.slice(0, 2)) {",
    "cheats",
  ),
  fault(
    "a promotion applies once to each named cart",
    priceRules,
    "  const rules = [...scopedConditions(together), ...applied.map(makeRule)].toSorted(compareRules);",
    "  const rules = [...scopedConditions(together), ...applied.flatMap((each): ScopedRule[] => together.map(({ instance }) => ({ ...makeRule(each), instance })))].toSorted(compareRules);",
    "cheats",
  ),
  fault(
    "a code is entered beside another that it does not go together with",
    priceRules,
    '  return areCombinable([...others, promotion]) ? undefined : "not_combinable";',
    '  return others.length < 9 || areCombinable([...others, promotion]) ? undefined : "not_combinable";',
    "cheats",
  ),
  fault(
    "what the shop adds leaves the cart with what was bought",
    "shared/carts/model/pricing.ts",
    "      conditions.filter(lowersPrice).map(({ name }) => ({ instance, name })),",
    "      conditions.filter((each) => lowersPrice(each) || true).map(({ name }) => ({ instance, name })),",
    "cheats",
  ),
  // Items that are sold from many rows.
  fault(
    "a hot row's watermark goes back",
    closing,
    "const throughMs = Math.max(row.reclaimedThroughMs, closed.throughMs);",
    "const throughMs = row.reclaimedThroughMs - 1;",
    "hot",
  ),
  fault(
    "a bucket of a hot row is taken twice",
    closing,
    '      remove: buckets.map(({ key }) => at("due", key)),',
    "      remove: [],",
    "hot",
  ),
  fault(
    "what became of a hot row's bucket is forgotten",
    spans,
    "left += counts.get(key)! - sold;",
    "left += counts.get(key)!;",
    "hot",
  ),
  fault(
    "holds that were extended are lost when their first bucket is over",
    closing,
    "...[...arriving].map(",
    "...[...arriving].slice(1).map(",
    "hot",
  ),
  fault(
    "a bucket goes back to its row although a hold has slipped in behind it",
    closing,
    '      condition`size(${at("due")}) = ${Object.keys(row.due).length}`,\n',
    "",
    "hot",
  ),
  fault(
    "a settlement row is never closed",
    settlements,
    'const closed = found.filter((each) => each["isClosed"] === true);',
    "const closed = found;",
    "hot",
  ),
  fault(
    "a closed settlement row takes sales",
    settlements,
    'condition: allOf(exists(at("item")), isOpen, ...under),',
    'condition: allOf(anyOf(isOpen, condition`${at("isClosed")} = ${true}`), ...under),',
    "hot",
  ),
  fault(
    "a settlement row that has ended is opened again",
    openings,
    "condition: anyOf(isMissing(closed), condition`${closed} < ${bucketEndMs(bucket)}`),",
    'condition: anyOf(isMissing(closed), exists(at("row"))),',
    "hot",
  ),
  fault(
    "a settlement row is opened that nobody knows of who closes its bucket",
    openings,
    "if_not_exists(${opened}, ${0}) + ${2 ** part}`,",
    "if_not_exists(${opened}, ${0}) + ${0}`,",
    "hot",
  ),
  fault(
    "a bucket is closed while its settlement rows can still be opened",
    openings,
    "action`${closed} = ${throughMs}`,",
    "action`${closed} = ${0}`,",
    "hot",
  ),
  fault(
    "what was opened first of two at the same time is noted twice",
    settlements,
    'condition: isMissing(at("item")),',
    "condition: isOpen,",
    "hot",
  ),
  fault(
    "what moved on to a bucket that is over, too, is forgotten",
    spans,
    "add(bucketEndMs(to) <= throughMs ? counts : arriving, to, quantity);",
    "if (bucketEndMs(to) > throughMs) add(arriving, to, quantity);",
    "hot",
  ),
  fault(
    "what has moved on is forgotten by who remembers that it is sold out",
    finding,
    "const nextMs = Math.min(arrivingMs, ...live.map",
    "const nextMs = Math.min(...live.map",
    "hot",
  ),
  fault(
    "rows in which something is left are taken for sold",
    closing,
    "return { row, left: Math.max(0, left), parts: parts.length, nextMs };",
    "return { row, left: 0, parts: parts.length, nextMs };",
    "hot",
  ),
  fault(
    "a settlement row ends before its row has what it says",
    settlements,
    'action`${at("isClosed")} = ${true}`,',
    'action`${at("isClosed")} = ${true}`,\n        action`${at("ttlSeconds")} = ${1}`,',
    "hot",
  ),
  fault(
    "a sale in a missing settlement row opens it by itself",
    settlements,
    'condition: allOf(exists(at("item")), isOpen, ...under),',
    "condition: allOf(isOpen, ...under),",
    "hot",
  ),
  fault(
    "a hot item's sale is settled twice over",
    settlements,
    'const sold = action`${at("sold")} = if_not_exists(${at("sold")}, ${0}) + ${holding.quantity}`;',
    'const sold = action`${at("sold")} = if_not_exists(${at("sold")}, ${0}) + ${2 * holding.quantity}`;',
    "hot",
  ),
  fault(
    "a reservation is given back twice",
    taking,
    "      await database.transact([write], { isAside: true });",
    "      await database.transact([write], { isAside: true });\n      await database.transact([write], { isAside: true });",
    "hot",
  ),
  fault(
    "an order does not say which rows its units are in",
    orders,
    "item: { ...order, change: note },",
    "item: { ...(({ pieces: _lost, ...rest }) => rest)(order), change: note },",
    "hot",
  ),
  fault(
    "a cancelled payment lets go of units twice",
    holdings,
    "  return [settleBackWrite({ ...before, untilMs: held.expiresAtMs }), releaseHoldWrite(before)];",
    "  return [releaseHoldWrite(before)];",
    "hot",
  ),
  fault(
    "a crowd spreads an item over its own number of rows, whatever was wanted meanwhile",
    turning,
    "    const said = shardsByHand(main);\n",
    "    const said = shardsByHand(first);\n",
  ),
  fault(
    "whoever spreads an item does not look at what was changed meanwhile",
    spreading,
    "      factsAreAsSeen(main),\n",
    "",
  ),
  fault(
    "the end of a crowd ends what was wanted, too",
    spreading,
    '        : condition`${at("coolsAfterMs")} = ${coolsAfterMs}`,\n    ),\n    refused,\n    applied: (found) => found !== undefined',
    '        : exists(at("itemId")),\n    ),\n    refused,\n    applied: (found) => found !== undefined',
  ),
  fault(
    "units that are let go of are lost on the way out of an order",
    holdings,
    "if (writes.length > room) return [];",
    "if (writes.length > 0) return [];",
    "hot",
  ),
  fault(
    "rows that are merged lose their units",
    spreading,
    'action`${at("available")} = ${at("available")} + ${available}`,',
    'action`${at("available")} = ${at("available")} + ${0}`,',
    "hot",
  ),
  fault(
    "spreading an item makes units",
    spreading,
    'action`${at("available")} = ${orZero("available")} + ${units}`,',
    'action`${at("available")} = ${orZero("available")} + ${units + 1}`,',
    "hot",
  ),
  fault(
    "expired holds of a hot row stay held",
    finding,
    "const over = found.rows.filter((row) => expiredUnits(row, nowMs) > 0);",
    "const over = found.rows.filter((row) => expiredUnits(row, nowMs) > 99);",
    "hot",
  ),
  fault(
    "the sweep passes by what nobody orders any more",
    "shared/inventory/reclaiming.ts",
    "if (isSpread(stock)) await reclaimItem(options, stock, goesOn);",
    "if (!isSpread(stock)) await reclaimItem(options, stock, goesOn);",
    "hot",
  ),
  fault(
    "an item is taken from the sweep's list whose units are in several rows",
    "shared/inventory/hot/spread-list-store.ts",
    "check({ ...stockRow(itemId), condition: isTogether, refused }),",
    'check({ ...stockRow(itemId), condition: anyOf(isTogether, exists(at("itemId"))), refused }),',
    "hot",
  ),
  fault(
    "one reading of the rows says sold out for all of them",
    finding,
    "if (refused && short && after === before) {",
    "if (refused && (short || over.length === 0)) {",
    "movers",
  ),
  fault(
    "what may still be ordered is given back",
    "shared/orders/order-taking.ts",
    "if (this.#isSure) await giveBack",
    "await giveBack",
    "movers",
  ),
  fault(
    "a sold-out notice counts however long it stands",
    "shared/inventory/hot/sold-out-notice.ts",
    "const stands = untilMs > nowMs && untilMs <= nowMs + memoryMs;",
    "const stands = untilMs > 0;",
    "hot",
  ),
  fault(
    "sold out is remembered for too long",
    "shared/inventory/hot/item-memory.ts",
    "const untilMs = epochMs(Math.min(clock() + Math.max(0, soldOutMs), nextDeadlineMs));",
    "const untilMs = epochMs(clock() + soldOutMs + 60_000);",
    "hot",
  ),
];

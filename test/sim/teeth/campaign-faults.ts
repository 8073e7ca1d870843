/** Mistakes in what codes, limits of items, sales and claims promise; only a campaign meets them. */
import type { PlantedFault } from "./faults.ts";

const counting = "shared/orders/allowance-store.ts";
const conditions = "shared/inventory/hold-conditions.ts";
const selling = "shared/payments/selling.ts";
const claims = "shared/carts/storage/claim-store.ts";
const orderClaims = "shared/orders/claims/order-claim-store.ts";
const claiming = "shared/carts/editing/cart-claim-service.ts";
const usesOfOrders = "shared/orders/order-uses.ts";

const faults: readonly [name: string, file: string, find: string, replace: string][] = [
  [
    "a shopper gets one unit more than the shop gives to one",
    counting,
    'const fits = condition`${at("taken")} <= ${perShopper - quantity + freed}`;',
    'const fits = condition`${at("taken")} <= ${perShopper - quantity + freed + 1}`;',
  ],
  [
    "a cancelled order keeps counting against its shopper",
    counting,
    'return { set: [action`${at("taken")} = ${at("taken")} - ${quantity}`], isGone: true };',
    'return { set: [action`${at("taken")} = ${at("taken")} - ${0 * quantity}`], isGone: true };',
  ],
  [
    "what was paid for counts no more after its deadline",
    counting,
    "() => ({ isGone: true }));",
    '() => ({ set: [action`${at("taken")} = ${at("taken")} - ${1}`], isGone: true }));',
  ],
  [
    "late money is not counted by an item's limit",
    selling,
    'return allowances.map((allowance) => ({ allowance, isCounted: status === "pending" }));',
    'return allowances.flatMap((allowance) => (status === "pending" ? [{ allowance, isCounted: true }] : []));',
  ],
  [
    "a payment that starts does not extend what is counted",
    "shared/payments/extending.ts",
    "    ...extendAllowanceWrites(order, expiresAtMs),\n",
    "    ...extendAllowanceWrites({ ...order, allowances: [] }, expiresAtMs),\n",
  ],
  [
    "a cart counts by the limit that it has seen",
    conditions,
    'return [anyOf(isMissing(at("perOrder")), orderMayHave), countedAsItIs];',
    'return countedAsItIs ? [anyOf(isMissing(at("perOrder")), orderMayHave)] : [];',
  ],
  [
    "an order may have more than one may",
    conditions,
    'return [anyOf(isMissing(at("perOrder")), orderMayHave), countedAsItIs];',
    "return orderMayHave ? [countedAsItIs] : [];",
  ],
  ["a withdrawn item is sold", conditions, '    isMissing(at("archivedAtMs")),\n', ""],
  [
    "an item is sold after its sale",
    conditions,
    "anyOf(isMissing(ends), condition`${ends} > ${nowMs}`),",
    "anyOf(isMissing(ends), condition`${ends} > ${nowMs - 120_000}`),",
  ],
  ["a claim is used twice", claims, '      isMissing(at("usedBy")),\n', ""],
  [
    "a claim to an order is good although another took its place",
    orderClaims,
    '      condition`${at("claim", "digest")} = ${digest}`,\n',
    "",
  ],
  [
    "a claim to an order is good as long as nobody makes another",
    orderClaims,
    '      remove: [at("claim")],\n',
    "",
  ],
  [
    "an order that is handed over counts for nobody",
    orderClaims,
    "        action`${placer} = if_not_exists(${placer}, ${owner})`,\n",
    "",
  ],
  [
    "a claimed cart keeps what it had",
    claiming,
    "replaceWrite({ address: parseCartId(sourceCartId), nowMs, note }, source, []),",
    "replaceWrite({ address: parseCartId(sourceCartId), nowMs, note }, source, [...source.instances.values()]),",
  ],
  [
    "a code's uses are not counted",
    usesOfOrders,
    "uses: applied.flatMap((promotion) => listUses(promotion, userId)),",
    "uses: applied.flatMap((promotion) => listUses(promotion, userId)).slice(99),",
  ],
  [
    "paid uses are not sold",
    "shared/orders/holdings.ts",
    "return [...sumDemand(lines), ...uses].flatMap(",
    "return [...sumDemand(lines), ...uses.slice(99)].flatMap(",
  ],
  [
    "a code that does not apply is dropped without a word",
    "shared/carts/model/pricing.ts",
    "if (first) throw new CodeNotAccepted(first.code, first.reason, { instance: first.instance });",
    'if (first && !first) throw new CodeNotAccepted("", first, { instance: "" });',
  ],
  [
    "a shopper's own choice is a discount",
    "shared/orders/order-draft.ts",
    "priceLines(wanted, rules, currency)",
    'priceLines(wanted, source.items.some(({ attributes }) => attributes?.["price"]) ? [] : rules, currency)',
  ],
  [
    "a condition in a shopper's metadata changes the price",
    "shared/carts/model/price-rules.ts",
    "  const rules = [...scopedConditions(together), ...applied.map(makeRule)].toSorted(compareRules);\n",
    '  const own = together.some((each) => (each as CartInstance).metadata?.has("conditions")) ? [{ name: "mine", type: "gift", target: "total" as const, value: "-99.99%", order: 0 }] : [];\n  const rules = [...scopedConditions(together), ...own, ...applied.map(makeRule)].toSorted(compareRules);\n',
  ],
];

/** See `faults.ts`. */
export const campaignFaults: readonly PlantedFault[] = faults.map(
  ([name, file, find, replace]) => ({ name, file, find, replace, workload: "campaign" }),
);

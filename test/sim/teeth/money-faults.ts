/** Mistakes with money: what late money buys, when it goes back, and what is asked of providers. */
import type { PlantedFault } from "./faults.ts";

const late = "shared/payments/late-money.ts";
const selling = "shared/payments/selling.ts";
const holdConditions = "shared/inventory/hold-conditions.ts";
const settling = "shared/payments/settle-service.ts";

type Mistake = readonly [
  name: string,
  file: string,
  find: string,
  replace: string,
  workload?: string,
];

const lateMoney: readonly Mistake[] = [
  [
    "money buys long after the order's time",
    late,
    "later(expiresAtMs, lateMoneyMs)",
    "later(expiresAtMs, lateMoneyMs + 600_000)",
  ],
  [
    "money that is a little late goes back",
    late,
    "later(expiresAtMs, lateMoneyMs)",
    "later(expiresAtMs, 0 * lateMoneyMs)",
  ],
  [
    "late money buys at yesterday's price",
    holdConditions,
    'condition`${at("amountMinor")} <= ${ceiling.amountMinor}`',
    'condition`${at("amountMinor")} <= ${ceiling.amountMinor + 100_000}`',
  ],
  [
    "who has cancelled buys at yesterday's price",
    late,
    'return status !== "pending" || isExpired(expiresAtMs, nowMs);',
    'return status === "expired" && isExpired(expiresAtMs, nowMs);',
  ],
  [
    "a price that is the same again counts as risen",
    holdConditions,
    'condition`${at("amountMinor")} <= ${ceiling.amountMinor}`',
    'condition`${at("amountMinor")} < ${ceiling.amountMinor}`',
  ],
  [
    "what is looked for in several rows may cost anything",
    selling,
    "findUnits(options, { itemId, quantity, ceiling });",
    "findUnits(options, { itemId, quantity, ceiling: ceiling && undefined });",
    "hot",
  ],
  [
    "a unit may cost as much by now as the whole line did",
    late,
    "amountMinor: line.unitPriceMinor, currency",
    "amountMinor: line.lineTotalMinor, currency",
  ],
  [
    "money that may not buy is kept when the price rose",
    settling,
    "const instead = error instanceof NotForSale ? outcome[error.why] : undefined;",
    'const instead = error instanceof NotForSale && error.why === "soldOut" ? outcome.soldOut : undefined;',
  ],
];

/** What money can get wrong in the shop. */
export const moneyFaults: readonly PlantedFault[] = lateMoney.map(
  ([name, file, find, replace, workload]) => ({
    name,
    file,
    find,
    replace,
    ...(workload === undefined ? {} : { workload }),
  }),
);

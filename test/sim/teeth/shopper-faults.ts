/** Mistakes in what a shopper may withhold, or have for less than the shop asks. */
import type { PlantedFault } from "./faults.ts";

const counting = "shared/orders/shopper-store.ts";
const rules = "shared/orders/shopper.ts";
const carts = "shared/carts/storage/cart-row.ts";

const faults: readonly [
  name: string,
  workload: string,
  file: string,
  find: string,
  replace: string,
][] = [
  [
    "orders that no sweep has ended are not among those that came to nothing",
    "shop",
    counting,
    'return anyOf(isMissing(at("atRisk")), condition`${at("atRisk")} < ${maxUnpaidOrders}`);',
    'return anyOf(isMissing(at("atRisk")), condition`${at("atRisk")} < ${maxUnpaidOrders + 99}`);',
  ],
  [
    "what time has ended did not come to nothing",
    "shop",
    rules,
    "unpaid: shopper.unpaid + overdue.length,",
    "unpaid: shopper.unpaid + 0 * overdue.length,",
  ],
  [
    "a cancelled order did not come to nothing",
    "shop",
    "shared/orders/order-service.ts",
    'isShoppers ? "unpaid" : "neither"',
    'isShoppers && to === "expired" ? "unpaid" : "neither"',
  ],
  [
    "a discount that a shopper once put into a cart counts",
    "cheats",
    carts,
    "stored.isShops === true || !lowersPrice(stored);",
    "stored.isShops !== undefined || stored.order >= 0;",
  ],
];

/** See `faults.ts`. */
export const shopperFaults: readonly PlantedFault[] = faults.map(
  ([name, workload, file, find, replace]) => ({ name, file, find, replace, workload }),
);

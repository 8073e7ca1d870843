/** Mistakes in how people are erased; only who looks for their names afterwards meets these. */
import type { PlantedFault } from "./faults.ts";

const orders = "shared/people/order-erasing.ts";
const carts = "shared/people/cart-erasing.ts";
const locks = "shared/people/lock-erasing.ts";
const personal = "shared/base/personal.ts";
const trail = "shared/audit/difference.ts";

const faults: readonly [name: string, file: string, find: string, replace: string][] = [
  [
    "the address of an order stays",
    orders,
    'remove: [at("customer"), at("shipTo"), at("note"), at("metadata")],',
    'remove: [at("customer"), at("note"), at("metadata")],',
  ],
  [
    "how to follow a parcel stays",
    personal,
    'if (sent["tracking"] === undefined) return sent;',
    'if (sent["tracking"] !== "") return sent;',
  ],
  [
    "an order that changed meanwhile counts as erased",
    orders,
    "      seen = error.found;\n      return new OnceMore(outOfPatience(error));",
    "      seen = undefined;\n      return new OnceMore(outOfPatience(error));",
  ],
  [
    "a cart that changed meanwhile counts as emptied",
    carts,
    "      seen = error.found;\n      return new OnceMore(outOfPatience(error));",
    "      seen = undefined;\n      return new OnceMore(outOfPatience(error));",
  ],
  [
    "what a waiter is called stays",
    locks,
    "...listOtherNames(row, userId),",
    "...listOtherNames(row, `${userId}?`),",
  ],
  [
    "the trail repeats what was written",
    trail,
    "return entriesBetween(withoutPerson(before), withoutPerson(after), []);",
    "return entriesBetween(before, withoutPerson(after) && after, []);",
  ],
  [
    "an erasure ends without its locks",
    "shared/people/person.ts",
    "return erasurePhases[erasurePhases.indexOf(phase) + 1]",
    'return erasurePhases[erasurePhases.indexOf(phase) + (phase === "carts" ? 2 : 1)]',
  ],
];

export const peopleFaults: readonly PlantedFault[] = faults.map(([name, file, find, replace]) => ({
  name,
  file,
  find,
  replace,
  workload: "people",
}));

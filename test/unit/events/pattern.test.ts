/** EventBridge's patterns on this machine: rules, archives and the filters of streams. */
import { expect, test } from "vitest";
import { fitsPattern } from "../../../local/aws/event-pattern.ts";

const event = {
  source: "holdfast",
  "detail-type": "order.paid",
  resources: ["order/ord_1"],
  detail: { totalMinor: 1_200, data: { currency: "EUR", vendorId: null } },
};

test.for([
  [{ source: ["holdfast"] }, true],
  [{ source: ["other"] }, false],
  [{ "detail-type": [{ prefix: "order." }] }, true],
  [{ "detail-type": [{ prefix: "item." }, { suffix: ".paid" }] }, true],
  [{ "detail-type": [{ "anything-but": ["order.paid"] }] }, false],
  [{ "detail-type": [{ "anything-but": { prefix: "item." } }] }, true],
  [{ resources: ["order/ord_1", "order/ord_2"] }, true],
  [{ detail: { totalMinor: [{ numeric: [">", 1_000, "<=", 1_200] }] } }, true],
  [{ detail: { totalMinor: [{ numeric: [">", 1_200] }] } }, false],
  [{ detail: { data: { currency: ["EUR"], vendorId: [null] } } }, true],
  [{ detail: { data: { currency: [{ "equals-ignore-case": "eur" }] } } }, true],
  [{ detail: { none: [{ exists: false }], totalMinor: [{ exists: true }] } }, true],
  [{ detail: { none: { deeper: ["x"] } } }, false],
] as const)("%j: %s", ([pattern, fits]) => {
  expect(fitsPattern(pattern, event)).toBe(fits);
});

test("an operator that is not known here is said, not passed over", () => {
  expect(() => fitsPattern({ source: [{ cidr: "10.0.0.0/8" }] }, event)).toThrow("cidr");
});

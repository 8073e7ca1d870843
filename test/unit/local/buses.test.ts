/** The bus of this machine: who follows what left misses nothing, however long it runs. */
import { expect, test } from "vitest";
import type { TemplateResolver } from "../../../local/assembly/template.ts";
import { type BusEvent, createBuses } from "../../../local/aws/buses.ts";

const declared: Record<string, object[]> = {
  "AWS::Events::EventBus": [{ logicalId: "Bus", properties: { Name: "shop" } }],
};
const template = {
  resources: (type: string) => declared[type] ?? [],
} as unknown as TemplateResolver;

const makeEvent = (index: number): BusEvent => ({
  id: `${index}`,
  source: "holdfast",
  "detail-type": "order.paid",
  time: new Date(index).toISOString(),
  resources: [],
  detail: {},
});

test("what is listed behind a place is what left since, also when the first is kept no more", () => {
  const buses = createBuses(template, { queues: {}, functions: {} } as never);
  for (let index = 0; index < 10_005; index += 1) buses.put("shop", makeEvent(index));
  const last = buses.list(10_003, 10);
  expect([last.events.map(({ id }) => id), last.next]).toEqual([["10003", "10004"], 10_005]);
  expect(buses.list(last.next, 10)).toEqual({ events: [], next: 10_005 });
  // Whoever comes late begins with the first that is there.
  expect(buses.list(0, 1)).toMatchObject({ events: [{ id: "5" }], next: 6 });
});

/** The sums of docs/cost.md are those of its counts and prices, and its alarms, secrets and metrics are the stack's. */
import { expect, test } from "vitest";
import { tableUnder } from "../support/docs/tables.ts";
import { resourcesOf, synthesize } from "./synthesize.ts";

const page = "docs/cost.md";
const parse = (text = ""): number => Number(text.replaceAll(",", ""));

const pricesByName = tableUnder(page, "Prices").map(([name = "", per, price]) => {
  return [name, parse(price) / (per === "million" ? 1e6 : 1)] as const;
});

/** The price whose name has this in it; there is one. */
function priceOf(word: string): number {
  const found = pricesByName.filter(([name]) => name.includes(word));
  expect(found, word).toHaveLength(1);
  return found[0]![1];
}

/** Which price a row of the sums goes by. */
const wording: readonly (readonly [RegExp, string])[] = [
  [/write units/, "write units"],
  [/read units/, "read units"],
  [/HTTP requests/, "HTTP API"],
  [/invocations/, "Lambda invocations"],
  [/time/, "Lambda time"],
  [/^events/, "custom events"],
  [/logs/, "Logs"],
  [/alarms look at/, "alarmed metric"],
  [/composite/, "composite alarm"],
  [/secrets/, "a secret"],
  [/metrics of our own/, "a metric of our own"],
];

function checkSums(heading: string): number {
  let sum = 0;
  for (const [what = "", of, dollars = ""] of tableUnder(page, heading)) {
    const digits = dollars.split(".")[1]!.length;
    if (what === "together") {
      expect(sum, heading).toBeCloseTo(parse(dollars), digits - 1);
      continue;
    }
    const [, name] = wording.find(([pattern]) => pattern.test(what))!;
    const cost = parse(of) * priceOf(name);
    expect(Number(cost.toFixed(digits)), what).toBe(parse(dollars));
    sum += cost;
  }
  return sum;
}

const countOf = (heading: string, word: string): number =>
  parse(tableUnder(page, heading).find(([what]) => what!.includes(word))![1]);

test("a thousand paid orders are what their steps come to", () => {
  const steps = tableUnder(page, "One thing at a time").slice(0, 4);
  const units = steps.reduce((sum, [, , now, later]) => sum + parse(now) + parse(later), 0);
  expect(countOf("A thousand paid orders", "write units")).toBe(1_000 * units);
  checkSums("A thousand paid orders");
});

test("an idle month pays for what the stack has", () => {
  const idle = "A month in which nothing happens";
  const prod = synthesize({ stage: "prod", alarmEmail: "ops@example.com" });
  type Alarm = { readonly Metrics?: readonly { readonly MetricStat?: object }[] };
  const alarms = resourcesOf<Alarm>(prod, "AWS::CloudWatch::Alarm");
  const metrics = alarms.map(([, { Properties }]) => {
    return Properties.Metrics?.filter(({ MetricStat }) => MetricStat).length ?? 1;
  });
  expect(countOf(idle, "alarms look at")).toBe(metrics.reduce((sum, count) => sum + count, 0));
  const counted = [
    ["composite", "AWS::CloudWatch::CompositeAlarm"],
    ["secrets", "AWS::SecretsManager::Secret"],
  ] as const;
  for (const [word, type] of counted) {
    expect(countOf(idle, word), word).toBe(resourcesOf(prod, type).length);
  }
  checkSums(idle);
});

/** What the design with locks in Redis rents by the hour: two nodes and a gateway. */
function rentOf(orders: number): number {
  const node = orders > 1e6 ? 0.158 : 0.032;
  return 730 * (2 * node + 0.045);
}

test("a month with orders is the idle one, its metrics and its orders", () => {
  const idle = checkSums("A month in which nothing happens");
  const thousand = checkSums("A thousand paid orders");
  const unitsOfThousand = countOf("A thousand paid orders", "write units") * priceOf("write units");
  for (const [orders, ours, theirs] of tableUnder(page, "A month with orders")) {
    const thousands = parse(orders) / 1_000;
    const sum = idle + 46 * priceOf("a metric of our own") + thousands * thousand;
    expect(Math.round(sum), orders).toBe(parse(ours));
    const other = sum - (thousands * unitsOfThousand) / 2 + rentOf(parse(orders));
    expect(Math.round(other), orders).toBe(parse(theirs));
  }
});

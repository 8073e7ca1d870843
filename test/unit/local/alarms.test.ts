/** Alarms are judged as CloudWatch does: statistics, expressions, missing data, so many of so many periods. */
import { expect, test } from "vitest";
import { createTemplateResolver } from "../../../local/assembly/template.ts";
import { createAlarms, evaluateMath, judge } from "../../../local/observe/alarms.ts";
import { createMetrics, computeStatistic } from "../../../local/observe/metrics.ts";

const atLeastFive = {
  Threshold: 5,
  ComparisonOperator: "GreaterThanOrEqualToThreshold",
  EvaluationPeriods: 3,
} as const;

test("an alarm rings when enough of its periods are too high", () => {
  expect(judge(atLeastFive, [5, 6, 7])).toBe("ALARM");
  expect(judge(atLeastFive, [5, 6, 4])).toBe("OK");
  expect(judge({ ...atLeastFive, DatapointsToAlarm: 2 }, [5, 6, 4])).toBe("ALARM");
});

test("missing data is a fault only where the alarm says so", () => {
  const none = [undefined, undefined, undefined];
  expect(judge({ ...atLeastFive, TreatMissingData: "notBreaching" }, none)).toBe("OK");
  expect(judge({ ...atLeastFive, TreatMissingData: "breaching" }, none)).toBe("ALARM");
});

test("an expression has no value without any data, and fills in what is missing of some", () => {
  const rate = "IF(FILL(bad, 0) >= 3, 100 * bad / FILL(whole, 1), 0)";
  expect(evaluateMath(rate, { bad: undefined, whole: undefined })).toBeUndefined();
  expect(evaluateMath(rate, { bad: undefined, whole: 10 })).toBe(0);
  expect(evaluateMath(rate, { bad: 2, whole: 2 })).toBe(0);
  expect(evaluateMath(rate, { bad: 3, whole: 12 })).toBe(25);
});

test("an expression may be made of others, which stand behind it", () => {
  const metrics = createMetrics();
  const metric = (name: string) => ({ namespace: "Shop", name, dimensions: {} });
  const stat = (Id: string, MetricName: string) => ({
    Id,
    MetricStat: { Metric: { Namespace: "Shop", MetricName }, Period: 300, Stat: "Sum" },
    ReturnData: false,
  });
  const parts = [
    { Id: "rate", Expression: "100 * bad / whole" },
    { Id: "bad", Expression: "FILL(failed, 0) + FILL(odd, 0)", ReturnData: false },
    stat("failed", "Failed"),
    stat("odd", "Odd"),
    stat("whole", "All"),
  ];
  const alarm = { ...atLeastFive, EvaluationPeriods: 1, Metrics: parts };
  const template = createTemplateResolver({
    stackName: "Shop",
    values: { ref: (id) => id, attribute: (id) => id },
    template: { Resources: { RateAlarm: { Type: "AWS::CloudWatch::Alarm", Properties: alarm } } },
  });
  const { look } = createAlarms({ template, metrics });
  metrics.add(metric("All"), 40);
  metrics.add(metric("Odd"), 1);
  expect(look()).toMatchObject([{ state: "OK", values: [2.5] }]);
  metrics.add(metric("Odd"), 1);
  expect(look()).toMatchObject([{ state: "ALARM", values: [5] }]);
});

test("statistics are CloudWatch's", () => {
  const values = [1, 2, 3, 4, 10];
  const stats = ["Sum", "SampleCount", "Average", "Maximum", "Minimum", "p50", "p99"];
  expect(stats.map((stat) => computeStatistic(values, stat))).toEqual([20, 5, 4, 10, 1, 3, 10]);
  expect(() => computeStatistic(values, "IQM")).toThrow("IQM");
});

test("metrics are found in log lines of the embedded format, by all of their dimensions", () => {
  const metrics = createMetrics();
  const line = {
    _aws: {
      Timestamp: 1,
      CloudWatchMetrics: [
        { Namespace: "Shop", Dimensions: [["service"]], Metrics: [{ Name: "Sold" }] },
      ],
    },
    service: "till",
    Sold: [2, 3],
  };
  metrics.addFromLog(JSON.stringify(line));
  metrics.addFromLog("no JSON at all");
  const span = { fromMs: Date.now() - 1_000, toMs: Date.now() };
  const sold = { namespace: "Shop", name: "Sold", dimensions: { service: "till" } };
  expect(metrics.read(sold, span, "Sum")).toBe(5);
  expect(metrics.read({ ...sold, dimensions: {} }, span, "Sum")).toBeUndefined();
});

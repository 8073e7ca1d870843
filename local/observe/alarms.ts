/** Judges the template's alarms as CloudWatch does, over what was measured on this machine. */
import { runInNewContext } from "node:vm";
import type { TemplateResolver } from "../assembly/template.ts";
import type { MetricName, Metrics } from "./metrics.ts";

interface MetricStat {
  readonly Metric: {
    Namespace: string;
    MetricName: string;
    Dimensions?: { Name: string; Value: string }[];
  };
  readonly Period: number;
  readonly Stat: string;
}

interface AlarmProperties extends Partial<MetricStat["Metric"]> {
  readonly AlarmDescription?: string;
  readonly Threshold: number;
  readonly ComparisonOperator: keyof typeof comparisons;
  readonly EvaluationPeriods: number;
  readonly DatapointsToAlarm?: number;
  readonly TreatMissingData?: "breaching" | "notBreaching" | "ignore" | "missing";
  readonly Period?: number;
  readonly Statistic?: string;
  readonly ExtendedStatistic?: string;
  readonly Metrics?: {
    Id: string;
    Expression?: string;
    MetricStat?: MetricStat;
    ReturnData?: boolean;
  }[];
  readonly AlarmActions?: string[];
}

/** An alarm of the template and how it stands. */
export interface LocalAlarm {
  /** What people call it: `ApiFailures` for the logical id ApiFailuresAlarm1A2B3C4D. */
  readonly name: string;
  readonly state: "ALARM" | "OK";
  /** What was measured in each period looked at, newest first; null where nothing was. */
  readonly values: (number | null)[];
  readonly threshold?: number;
  readonly says: string;
  /** Where it publishes when it rings; nothing for the parts of another alarm. */
  readonly actions: string[];
}

/** The alarms of the template. */
export interface LocalAlarms {
  /** How each stands at this moment. */
  look(): LocalAlarm[];
}

const comparisons = {
  GreaterThanOrEqualToThreshold: (value: number, threshold: number) => value >= threshold,
  GreaterThanThreshold: (value: number, threshold: number) => value > threshold,
  LessThanThreshold: (value: number, threshold: number) => value < threshold,
  LessThanOrEqualToThreshold: (value: number, threshold: number) => value <= threshold,
};

/** CloudWatch's functions that our expressions use; its operators mean what JavaScript's do. */
const mathFunctions = {
  IF: (condition: boolean, yes: number, no: number) => (condition ? yes : no),
  FILL: (value: number, filler: number) => (Number.isNaN(value) ? filler : value),
};

/** The value of an expression; undefined where none of its metrics has data. */
export function evaluateMath(
  expression: string,
  values: Record<string, number | undefined>,
): number | undefined {
  if (Object.values(values).every((value) => value === undefined)) return undefined;
  const numbers = Object.entries(values).map(([id, value]) => [id, value ?? Number.NaN]);
  const scope = { ...mathFunctions, ...(Object.fromEntries(numbers) as Record<string, number>) };
  const result: unknown = runInNewContext(expression, scope, { timeout: 1000 });
  return typeof result === "number" && !Number.isNaN(result) ? result : undefined;
}

function metricName({ Namespace, MetricName, Dimensions }: MetricStat["Metric"]): MetricName {
  const dimensions = (Dimensions ?? []).map(({ Name, Value }) => [Name, String(Value)]);
  return {
    namespace: Namespace,
    name: MetricName,
    dimensions: Object.fromEntries(dimensions) as Record<string, string>,
  };
}

function readPeriod({ Period, Metrics: parts = [] }: AlarmProperties): number {
  return Period ?? parts.find(({ MetricStat }) => MetricStat)?.MetricStat?.Period ?? 300;
}

/** What an alarm looks at, over one period. */
function valueIn(
  properties: AlarmProperties,
  metrics: Metrics,
  span: { fromMs: number; toMs: number },
): number | undefined {
  const { Metrics: parts, Statistic, ExtendedStatistic } = properties;
  if (!parts) {
    const stat = ExtendedStatistic ?? Statistic ?? "Sum";
    return metrics.read(metricName(properties as MetricStat["Metric"]), span, stat);
  }
  const values: Record<string, number | undefined> = {};
  for (const { Id, MetricStat } of parts) {
    if (!MetricStat) continue;
    values[Id] = metrics.read(metricName(MetricStat.Metric), span, MetricStat.Stat);
  }
  // The CDK lists an expression before those that it is made of.
  for (const { Id, Expression } of parts.toReversed()) {
    if (Expression) values[Id] = evaluateMath(Expression, values);
  }
  return values[parts.find(({ ReturnData }) => ReturnData !== false)!.Id];
}

/** Whether enough of the periods are too high. Exported for its test. */
export function judge(
  properties: AlarmProperties,
  values: readonly (number | undefined)[],
): "ALARM" | "OK" {
  const { ComparisonOperator, Threshold, TreatMissingData = "missing" } = properties;
  const isTooHigh = comparisons[ComparisonOperator];
  const breaching = values.filter((value) =>
    value === undefined ? TreatMissingData === "breaching" : isTooHigh(value, Threshold),
  );
  return breaching.length >= (properties.DatapointsToAlarm ?? properties.EvaluationPeriods)
    ? "ALARM"
    : "OK";
}

/** What people call an alarm, by its logical id. */
export const alarmName = (logicalId: string): string =>
  logicalId.replace(/(Alarm)?[0-9A-F]{8}$/u, "");

/** `ALARM("a") AND NOT ALARM("b")`, in which only the alarms of the template have a state. */
function judgeTogether(rule: string, states: ReadonlyMap<string, string>): "ALARM" | "OK" {
  const condition = rule
    .replaceAll(/ALARM\("?([^")]+)"?\)/gu, (_, arn: string) => String(states.get(arn) === "ALARM"))
    .replaceAll(/\bAND\b/gu, "&&")
    .replaceAll(/\bOR\b/gu, "||")
    .replaceAll(/\bNOT\b/gu, "!");
  return runInNewContext(condition, {}, { timeout: 1000 }) === true ? "ALARM" : "OK";
}

/**
 * Reads the template's alarms.
 * @param speed makes an alarm's minutes shorter, so that what takes hours can be seen in seconds: at 60 a
 *   period of five minutes lasts five seconds. Rates and thresholds stay what they are.
 * @param sample is called before each look, for what is only known by asking (how full a queue is).
 */
export function createAlarms({
  template,
  metrics,
  speed = 1,
  sample = () => {},
}: {
  template: TemplateResolver;
  metrics: Metrics;
  speed?: number;
  sample?(): void;
}): LocalAlarms {
  const single = template.resources<AlarmProperties>("AWS::CloudWatch::Alarm");
  const composite = template.resources<{
    AlarmRule: string;
    AlarmDescription?: string;
    AlarmActions?: string[];
  }>("AWS::CloudWatch::CompositeAlarm");

  function lookAt(properties: AlarmProperties, nowMs: number) {
    const periodMs = (readPeriod(properties) * 1000) / speed;
    const values = Array.from({ length: properties.EvaluationPeriods }, (_, back) =>
      valueIn(properties, metrics, {
        fromMs: nowMs - (back + 1) * periodMs,
        toMs: nowMs - back * periodMs,
      }),
    );
    return { state: judge(properties, values), values: values.map((value) => value ?? null) };
  }

  return {
    look() {
      sample();
      const nowMs = Date.now();
      const states = new Map<string, string>();
      const alone = single.map(({ logicalId, properties }): LocalAlarm => {
        const { state, values } = lookAt(properties, nowMs);
        states.set(template.resolve<string>({ "Fn::GetAtt": [logicalId, "Arn"] }), state);
        return {
          name: alarmName(logicalId),
          state,
          values,
          threshold: properties.Threshold,
          says: properties.AlarmDescription ?? "",
          actions: properties.AlarmActions ?? [],
        };
      });
      const together = composite.map(({ logicalId, properties }): LocalAlarm => ({
        name: alarmName(logicalId),
        state: judgeTogether(properties.AlarmRule, states),
        values: [],
        says: properties.AlarmDescription ?? "",
        actions: properties.AlarmActions ?? [],
      }));
      return [...alone, ...together];
    },
  };
}

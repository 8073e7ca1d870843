/** Stands in for CloudWatch's metrics: what was measured, and its statistics over a span of time. */

/** What a metric is known by. */
export interface MetricName {
  readonly namespace: string;
  readonly name: string;
  readonly dimensions: Record<string, string>;
}

/** All that was measured since the start. */
export interface Metrics {
  add(metric: MetricName, value: number, atMs?: number): void;
  /** Takes the metrics out of a log line in the embedded format; any other line is none of its business. */
  addFromLog(text: string): void;
  /** A statistic over `(fromMs, toMs]`, in CloudWatch's words; undefined where nothing was measured. */
  read(
    metric: MetricName,
    span: { fromMs: number; toMs: number },
    stat: string,
  ): number | undefined;
}

/** The lines that Powertools' metrics write. */
interface EmbeddedLine {
  // oxlint-disable-next-line no-underscore-dangle -- the format's own name
  readonly _aws?: {
    Timestamp: number;
    CloudWatchMetrics: {
      Namespace: string;
      Dimensions: string[][];
      Metrics: { Name: string }[];
    }[];
  };
  [field: string]: unknown;
}

interface Point {
  readonly atMs: number;
  readonly value: number;
}

/** More than any alarm looks back over; older points go as new ones come. */
const MOST_POINTS = 50_000;

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);

/** A statistic of at least one value. @throws Error for one that CloudWatch has and this runner has not. */
export function computeStatistic(values: readonly number[], stat: string): number {
  const percentile = /^p(\d+(?:\.\d+)?)$/u.exec(stat);
  if (percentile) {
    const sorted = values.toSorted((left, right) => left - right);
    const rank = Math.ceil((Number(percentile[1]) / 100) * sorted.length);
    return sorted[Math.max(0, rank - 1)]!;
  }
  switch (stat) {
    case "Sum":
      return sum(values);
    case "SampleCount":
      return values.length;
    case "Average":
      return sum(values) / values.length;
    case "Maximum":
      return Math.max(...values);
    case "Minimum":
      return Math.min(...values);
    default:
      throw new Error(`the statistic ${stat} is not known on this machine`);
  }
}

function metricKey({ namespace, name, dimensions }: MetricName): string {
  return JSON.stringify([namespace, name, Object.entries(dimensions).toSorted()]);
}

function parse(text: string): EmbeddedLine {
  if (!text.includes('"_aws"')) return {};
  try {
    return JSON.parse(text) as EmbeddedLine;
  } catch {
    return {};
  }
}

/** Makes an empty store. */
export function createMetrics(): Metrics {
  const points = new Map<string, Point[]>();

  function add(metric: MetricName, value: number, atMs = Date.now()) {
    const key = metricKey(metric);
    const known = points.get(key) ?? [];
    known.push({ atMs, value });
    points.set(key, known.length > 2 * MOST_POINTS ? known.slice(-MOST_POINTS) : known);
  }

  return {
    add,
    addFromLog(text) {
      const line = parse(text);
      const { CloudWatchMetrics = [] } = line["_aws"] ?? {};
      for (const { Namespace, Dimensions, Metrics: names } of CloudWatchMetrics) {
        for (const set of Dimensions) {
          const dimensions = Object.fromEntries(set.map((name) => [name, String(line[name])]));
          for (const { Name } of names) {
            // Several values under one name are a list.
            for (const value of [line[Name]].flat()) {
              add({ namespace: Namespace, name: Name, dimensions }, Number(value));
            }
          }
        }
      }
    },
    read(metric, { fromMs, toMs }, stat) {
      const values = (points.get(metricKey(metric)) ?? [])
        .filter(({ atMs }) => atMs > fromMs && atMs <= toMs)
        .map(({ value }) => value);
      return values.length > 0 ? computeStatistic(values, stat) : undefined;
    },
  };
}

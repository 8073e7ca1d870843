/** Alarms that ring: each is followed from its metric to somebody who hears it, and to what they should do. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { objectives } from "../../infra/alarms/objectives.ts";
import { drills } from "../../scripts/drill/drills.ts";
import { endpoints } from "../../shared/api/index.ts";
import { resourcesOf, synthesize } from "./synthesize.ts";

interface AlarmProperties {
  readonly AlarmDescription: string;
  readonly AlarmActions?: readonly { readonly Ref: string }[];
  readonly OKActions?: readonly { readonly Ref: string }[];
  readonly TreatMissingData?: string;
  readonly Threshold: number;
  readonly EvaluationPeriods: number;
  readonly Period?: number;
  readonly MetricName?: string;
  readonly Metrics?: readonly {
    readonly Expression?: string;
    readonly MetricStat?: {
      readonly Metric: { readonly MetricName: string; readonly Dimensions?: unknown };
    };
  }[];
}

interface Statement {
  readonly Effect: string;
  readonly Action: string;
  readonly Principal: { readonly Service?: string };
  readonly Resource: unknown;
}

const prod = synthesize({ stage: "prod", alarmEmail: "ops@example.com, boss@example.com" });
const single = resourcesOf<AlarmProperties>(prod, "AWS::CloudWatch::Alarm");
const composite = resourcesOf<AlarmProperties & { AlarmRule: unknown }>(
  prod,
  "AWS::CloudWatch::CompositeAlarm",
);
/** Those that ring by themselves, and those that only do so as a part of another. */
const ringing = [...single, ...composite].filter(([, { Properties }]) => Properties.AlarmActions);
const parts = single.filter(([, { Properties }]) => !Properties.AlarmActions);

const policies = resourcesOf<{
  readonly Topics: readonly { readonly Ref: string }[];
  readonly PolicyDocument: { readonly Statement: readonly Statement[] };
}>(prod, "AWS::SNS::TopicPolicy");
const subscriptions = resourcesOf<{
  readonly TopicArn: { readonly Ref: string };
  readonly Endpoint: string;
  readonly Protocol: string;
}>(prod, "AWS::SNS::Subscription");

/** Whether CloudWatch may publish to a topic: by its policy, as IAM judges it. */
function cloudWatchMayPublish(topic: string): boolean {
  const statements = policies
    .filter(([, { Properties }]) => Properties.Topics.some(({ Ref }) => Ref === topic))
    .flatMap(([, { Properties }]) => Properties.PolicyDocument.Statement);
  // Without a policy of one's own SNS's default would let it; a policy replaces that default.
  return statements.some(
    ({ Effect, Action, Principal, Resource }) =>
      Effect === "Allow" &&
      Action === "sns:Publish" &&
      Principal.Service === "cloudwatch.amazonaws.com" &&
      JSON.stringify(Resource) === JSON.stringify({ Ref: topic }),
  );
}

test("every alarm leads to a topic that lets CloudWatch publish and that somebody hears", () => {
  expect(ringing.length).toBeGreaterThan(20);
  for (const [id, { Properties }] of ringing) {
    expect([id, Properties.AlarmActions]).toEqual([
      id,
      [expect.objectContaining({ Ref: expect.any(String) })],
    ]);
    const topic = Properties.AlarmActions![0]!.Ref;
    expect([id, cloudWatchMayPublish(topic)]).toEqual([id, true]);
    const heard = subscriptions.filter(
      ([
        ,
        {
          Properties: { TopicArn },
        },
      ]) => TopicArn.Ref === topic,
    );
    expect(
      heard
        .map(
          ([
            ,
            {
              Properties: { Endpoint },
            },
          ]) => Endpoint,
        )
        .toSorted(),
    ).toEqual(["boss@example.com", "ops@example.com"]);
    expect([id, Properties.OKActions]).toEqual([id, Properties.AlarmActions]);
  }
});

test("an alarm that rings nobody is a part of one that does", () => {
  const rules = JSON.stringify(composite.map(([, { Properties }]) => Properties.AlarmRule));
  for (const [id] of parts) expect(rules).toContain(`"${id}"`);
  expect(parts).toHaveLength(composite.length * 2);
});

test("nobody else may publish, and nobody without TLS", () => {
  const statements = policies.flatMap(([, { Properties }]) => Properties.PolicyDocument.Statement);
  expect(statements.map(({ Effect, Action }) => `${Effect} ${Action}`).toSorted()).toEqual([
    "Allow sns:Publish",
    "Deny sns:Publish",
  ]);
  const allow = statements.find(({ Effect }) => Effect === "Allow");
  expect(allow).toMatchObject({
    Condition: {
      StringEquals: { "aws:SourceAccount": { Ref: "AWS::AccountId" } },
      ArnLike: { "aws:SourceArn": expect.anything() },
    },
  });
});

/** The metrics that an alarm looks at. */
function metricsOf({ MetricName, Metrics = [] }: AlarmProperties): string[] {
  const inMath = Metrics.flatMap(({ MetricStat }) => MetricStat?.Metric.MetricName ?? []);
  return MetricName === undefined ? inMath : [MetricName];
}

function alarm(name: string): AlarmProperties {
  const found = ringing.find(([id]) => id.replace(/[0-9A-F]{8}$/, "") === `${name}Alarm`);
  if (!found) throw new Error(`There is no alarm ${name}`);
  return found[1].Properties;
}

test.each([
  ["ApiFailures", "5xx"],
  ["UnmeantErrors", "UnmeantErrors"],
  ["ApiLatency", "Latency"],
  ["StreamBehind", "IteratorAge"],
  ["SweepLag", "SweepLag"],
  ["SweepStopped", "SweepLag"],
  ["RefundsDueLong", "RefundAttempts"],
  ["BadSignatures", "BadSignatures"],
  ["DatabaseThrottles", "DynamoDbThrottles"],
  ["DatabaseConflicts", "DynamoDbConflicts"],
  ["TriedInVain", "TriedInVain"],
  ["CircuitOpen", "CircuitOpen"],
  ["ReconcilerDifferences", "ReconcilerDifferences"],
  ["UntoldCapture", "UntoldCapture"],
  ["AmountMismatch", "AmountMismatch"],
  ["PaymentDisputed", "PaymentDisputed"],
  ["RefundRefused", "RefundRefused"],
  ["RefundFailed", "RefundFailed"],
  ["UnreadablePaymentEvent", "UnreadablePaymentEvent"],
  ["SweepDeadLetters", "ApproximateNumberOfMessagesVisible"],
  ["ChangesDeadLetters", "ApproximateNumberOfMessagesVisible"],
])("there is an alarm %s on %s", (name, metric) => {
  expect(metricsOf(alarm(name))).toContain(metric);
});

test("every function is watched for failures and throttles", () => {
  const names = resourcesOf<{ Handler: string }>(prod, "AWS::Lambda::Function")
    .filter(([, { Properties }]) => Properties.Handler === "index.handler")
    .map(([id]) => id.slice(0, -8));
  expect(names.length).toBeGreaterThan(8);
  for (const name of names) {
    expect(metricsOf(alarm(`${name}Errors`))).toContain("Errors");
    expect(metricsOf(alarm(`${name}Throttles`))).toContain("Throttles");
  }
});

test("errors ring as rates of at least three; only money and what was put aside ring one by one", () => {
  const names = ["Errors", "Throttles", "5xx", "UnmeantErrors", "BadSignatures", "TriedInVain"];
  const counts = new Set(names);
  for (const [id, { Properties }] of single) {
    if (!metricsOf(Properties).some((metric) => counts.has(metric))) continue;
    const expression = Properties.Metrics?.find(({ Expression }) => Expression)?.Expression;
    expect([id, expression]).toEqual([
      id,
      expect.stringMatching(/^IF\(FILL\(bad, 0\) >= 3, 100 \* bad \//),
    ]);
  }
});

test("a sweep that has stopped is missing data, and missing data breaches there alone", () => {
  const breaching = single.filter(
    ([, { Properties }]) => Properties.TreatMissingData === "breaching",
  );
  expect(breaching.map(([id]) => id.slice(0, -8))).toEqual(["SweepStoppedAlarm"]);
  const off = synthesize({ sweep: "off" });
  expect(JSON.stringify(off.findResources("AWS::CloudWatch::Alarm"))).not.toContain("SweepStopped");
});

test("each objective has detailed metrics of its route, and a fast and a slow alarm on its budget", () => {
  const [[, stage] = []] = resourcesOf<{ RouteSettings: Record<string, unknown> }>(
    prod,
    "AWS::ApiGatewayV2::Stage",
  );
  const routes = objectives.map(({ endpoint }) => {
    const { method, path } = endpoints.find(({ name }) => name === endpoint)!;
    return `${method} ${path}`;
  });
  expect(stage!.Properties.RouteSettings).toEqual(
    Object.fromEntries(
      routes.map((route) => [route, expect.objectContaining({ DetailedMetricsEnabled: true })]),
    ),
  );
  for (const { name } of objectives) {
    for (const speed of ["Fast", "Slow"]) {
      const rule = JSON.stringify(
        composite.find(([id]) => id.startsWith(`${name}Budget${speed}Alarm`))?.[1].Properties
          .AlarmRule,
      );
      expect(rule).toContain(`${name}Budget${speed}Long`);
      expect(rule).toContain(`${name}Budget${speed}Short`);
      expect(rule).toContain(" AND ");
    }
  }
});

test("no alarm looks back further than CloudWatch can", () => {
  for (const [id, { Properties }] of single) {
    const inMath = JSON.stringify(Properties.Metrics ?? []).match(/"Period":(\d+)/)?.[1];
    const seconds = Properties.EvaluationPeriods * (Properties.Period ?? Number(inMath));
    expect([id, seconds <= 24 * 3600]).toEqual([id, true]);
  }
});

const runbook = readFileSync("docs/runbook.md", "utf8");
const headings = [...runbook.matchAll(/^### (.+)$/gm)].map(([, heading]) => heading!);
const anchorOf = (heading: string): string => heading.toLowerCase().replaceAll(" ", "-");

test("each alarm names its entry in the runbook, and each entry under Alarms has an alarm", () => {
  const named = new Set<string>();
  for (const [id, { Properties }] of ringing) {
    const [, anchor] = /docs\/runbook\.md#([a-z0-9-]+)$/.exec(Properties.AlarmDescription) ?? [];
    expect([id, headings.map(anchorOf)]).toEqual([id, expect.arrayContaining([anchor])]);
    named.add(anchor!);
  }
  const [, alarms = ""] = /^## Alarms$(.*?)^## /ms.exec(runbook) ?? [];
  const entries = [...alarms.matchAll(/^### (.+)$/gm)].map(([, heading]) => anchorOf(heading!));
  expect(entries.toSorted()).toEqual([...named].toSorted());
});

test("each drill rings alarms that exist and follows an entry that exists; the runbook lists it", () => {
  const all = [...runbook.matchAll(/^###? (.+)$/gm)].map(([, heading]) => heading);
  for (const { name, rings, entry } of drills) {
    for (const id of rings)
      expect([name, alarm(id).AlarmActions]).toEqual([name, [expect.anything()]]);
    expect(all).toContain(entry);
    expect(runbook).toContain(`| \`${name}\``);
  }
});

test("each alarm is rung by a drill; of those that each function has, one function's stand for all", () => {
  const rung = new Set(drills.flatMap(({ rings }) => rings));
  const kinds = ["FunctionErrors", "FunctionThrottles", "FunctionVersion"];
  const kindOf = (id: string) => kinds.find((kind) => id.endsWith(kind)) ?? id;
  const rungKinds = new Set([...rung].map(kindOf));
  const ids = ringing.map(([id]) => id.replace(/Alarm[0-9A-F]{8}$/, ""));
  expect(ids.filter((id) => !rungKinds.has(kindOf(id)))).toEqual([]);
});

test("one dashboard shows every alarm that rings", () => {
  const dashboards = resourcesOf<{ DashboardBody: unknown }>(prod, "AWS::CloudWatch::Dashboard");
  expect(dashboards).toHaveLength(1);
  const body = JSON.stringify(dashboards[0]![1].Properties.DashboardBody);
  for (const [id] of ringing) expect(body).toContain(`"${id}"`);
});

/** How a new version comes in: everything refers to the alias, and alarms that look at the new version take it back. */
import { expect, test } from "vitest";
import { functionNames } from "../../infra/permissions.ts";
import { resourcesOf, synthesize } from "./synthesize.ts";

const steps = synthesize({ stage: "prod" });
const off = synthesize();
const { Resources } = steps.toJSON() as {
  Resources: Record<string, { Type: string; DependsOn?: string[]; UpdatePolicy?: unknown }>;
};
const names = functionNames(true);

const aliases = resourcesOf<{ FunctionName: { Ref: string }; FunctionVersion: unknown }>(
  steps,
  "AWS::Lambda::Alias",
);
const versions = (template = steps) =>
  resourcesOf(template, "AWS::Lambda::Version").map(([id]) => id);
const functions = resourcesOf(steps, "AWS::Lambda::Function").map(([id]) => id);
const groups = resourcesOf<{
  AlarmConfiguration: { Enabled: boolean; Alarms: { Name: { Ref: string } }[] };
  AutoRollbackConfiguration: unknown;
}>(steps, "AWS::CodeDeploy::DeploymentGroup");

/** The logical ids that a value refers to. */
function refersTo(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(refersTo);
  if (value === null || typeof value !== "object") return [];
  return Object.entries(value).flatMap(([key, inner]) => {
    if (key === "Ref") return [inner as string];
    if (key === "Fn::GetAtt") return [(inner as [string])[0]];
    return refersTo(inner);
  });
}

test("outside production, or where it is off, there are no versions, and every caller refers to the function", () => {
  for (const template of [off, synthesize({ stage: "prod", canary: "off" })]) {
    for (const type of ["Lambda::Version", "Lambda::Alias", "CodeDeploy::DeploymentGroup"]) {
      template.resourceCountIs(`AWS::${type}`, 0);
    }
  }
});

test("each function is published as a version behind its alias live, and earlier ones are kept", () => {
  expect(aliases).toHaveLength(names.length);
  expect(versions()).toHaveLength(names.length);
  steps.allResourcesProperties("AWS::Lambda::Alias", { Name: "live" });
  steps.allResources("AWS::Lambda::Version", {
    UpdateReplacePolicy: "Retain",
    // One that came to nothing goes: the same build, deployed again, would find it there and fail.
    DeletionPolicy: "RetainExceptOnCreate",
  });
  for (const [, { Properties }] of aliases) {
    const [version] = refersTo(Properties.FunctionVersion);
    expect(Resources[version!]).toMatchObject({
      Properties: { FunctionName: Properties.FunctionName },
    });
  }
});

test("whatever calls a function calls its alias, and may", () => {
  const callers = [
    "AWS::ApiGatewayV2::Integration",
    "AWS::Lambda::Permission",
    "AWS::Lambda::EventSourceMapping",
    "AWS::Scheduler::Schedule",
  ].flatMap((type) => resourcesOf(steps, type));
  expect(callers.length).toBeGreaterThan(names.length);
  const ofAliases = new Set(aliases.map(([id]) => id));
  for (const [id, { Properties }] of callers) {
    const called = refersTo(Properties);
    expect([id, called.some((each) => ofAliases.has(each))]).toEqual([id, true]);
    expect([id, called.filter((each) => functions.includes(each))]).toEqual([id, []]);
  }
  steps.allResourcesProperties("AWS::Lambda::EventInvokeConfig", { Qualifier: "live" });
  for (const variable of ["LIVE_POSTS_FUNCTION", "WEBHOOK_SENDER_FUNCTION"]) {
    const told = JSON.stringify(steps.findResources("AWS::Lambda::Function"));
    expect(told).toMatch(
      new RegExp(`"${variable}":\\{"Fn::Join":\\["",\\[\\{"Ref":"\\w+"\\},":live"`),
    );
  }
});

test("a role that may call a function may call its alias alone", () => {
  const roles = resourcesOf(steps, "AWS::IAM::Role").filter(([id]) => !id.startsWith("Release"));
  const statements = [...roles, ...resourcesOf(steps, "AWS::IAM::Policy")]
    .flatMap(([, { Properties }]) =>
      JSON.stringify(Properties).match(/\{"Action":"lambda:.*?\}\]?\}/g),
    )
    .filter((found) => found !== null);
  expect(statements).toHaveLength(3);
  for (const statement of statements) {
    expect(statement).toContain('"lambda:InvokeFunction"');
    expect(statement.match(/"Arn"\]/g)).toHaveLength(statement.match(/":live"/g)?.length ?? 0);
  }
});

test("an API may call an alias before it is told to", () => {
  for (const [id] of resourcesOf(steps, "AWS::ApiGatewayV2::Integration")) {
    const permissions = (Resources[id]!.DependsOn ?? []).map((each) => Resources[each]!.Type);
    expect([id, permissions]).toEqual([id, expect.arrayContaining(["AWS::Lambda::Permission"])]);
  }
});

test("CodeDeploy moves each alias by steps, one group each, and goes back on alarms of one metric", () => {
  expect(groups).toHaveLength(names.length);
  steps.hasResourceProperties("AWS::CodeDeploy::DeploymentConfig", {
    ComputePlatform: "Lambda",
    TrafficRoutingConfig: {
      Type: "TimeBasedCanary",
      TimeBasedCanary: { CanaryPercentage: 10, CanaryInterval: 5 },
    },
  });
  const used = aliases.map(([id]) => refersTo(Resources[id]!.UpdatePolicy));
  expect(used.map(([, group]) => group).toSorted()).toEqual(groups.map(([id]) => id).toSorted());
  for (const [id, { Properties }] of groups) {
    const watched = Properties.AlarmConfiguration.Alarms.map(({ Name }) => Name.Ref);
    const own = id.replace(/Release$/, "VersionAlarm");
    expect(watched.map((each) => each.slice(0, -8))).toEqual([
      own,
      "OrdersBudgetFastShortAlarm",
      "WebhooksBudgetFastShortAlarm",
    ]);
    for (const each of watched) expect(Resources[each]!.Type).toBe("AWS::CloudWatch::Alarm");
    expect(Properties.AutoRollbackConfiguration).toMatchObject({ Enabled: true });
  }
});

test("a function's own alarm looks at its newest version, by the names that Lambda counts under", () => {
  for (const [id, { Properties }] of aliases) {
    const name = id.replace(/Live[0-9A-F]{8}$/, "");
    const [, alarm] = resourcesOf(steps, "AWS::CloudWatch::Alarm").find(([each]) =>
      each.startsWith(`${name}VersionAlarm`),
    )!;
    const dimensions = JSON.stringify(alarm.Properties);
    const version = JSON.stringify({ Name: "ExecutedVersion", Value: Properties.FunctionVersion });
    expect(dimensions.split(version)).toHaveLength(4);
    // What the only version does is other alarms' business.
    expect(dimensions).toContain("IF(FILL(whole, 0) > 0, ");
    const { Ref } = Properties.FunctionName;
    const resource = { "Fn::Join": ["", [{ Ref }, ":live"]] };
    expect(dimensions).toContain(JSON.stringify({ Name: "Resource", Value: resource }));
  }
});

test("nothing waits for itself: alias, group, alarm, version and function are a line", () => {
  const done = new Set<string>();
  const visit = (id: string, path: readonly string[]): void => {
    if (done.has(id) || !(id in Resources)) return;
    expect(path).not.toContain(id);
    const { DependsOn = [], ...resource } = Resources[id]!;
    for (const next of [...refersTo(resource), ...DependsOn]) visit(next, [...path, id]);
    done.add(id);
  };
  for (const id of Object.keys(Resources)) visit(id, []);
  expect(done.size).toBe(Object.keys(Resources).length);
});

test("a version comes with what it runs and with nothing else, and all with what all are told", () => {
  const versionsWith = (context: Record<string, string>) =>
    versions(synthesize({ stage: "prod", ...context }));
  expect(versionsWith({ tags: "team=shop" })).toEqual(versions());
  expect(versionsWith({ reservedForChanges: "10" })).toEqual(versions());
  expect(versionsWith({ throttlePerSecond: "300" })).toEqual(versions());
  const changed = versionsWith({ lowStock: "7" });
  expect(changed.filter((id) => versions().includes(id))).toEqual([]);
});

test("now keeps versions and alias but asks nobody, and a share and minutes can be chosen", () => {
  const now = synthesize({ canary: "now" });
  now.resourceCountIs("AWS::Lambda::Alias", functionNames(false).length);
  now.resourceCountIs("AWS::CodeDeploy::DeploymentGroup", 0);
  expect(JSON.stringify(now.findResources("AWS::Lambda::Alias"))).not.toContain("UpdatePolicy");
  synthesize({ canary: "25%/15min" }).hasResourceProperties("AWS::CodeDeploy::DeploymentConfig", {
    TrafficRoutingConfig: { TimeBasedCanary: { CanaryPercentage: 25, CanaryInterval: 15 } },
  });
});

test("the role that moves aliases may do so for these functions, and look at alarms", () => {
  const [, role] = resourcesOf(steps, "AWS::IAM::Role").find(([id]) =>
    id.startsWith("ReleaseRole"),
  )!;
  const [{ PolicyDocument } = { PolicyDocument: { Statement: [] } }] = role.Properties[
    "Policies"
  ] as { PolicyDocument: { Statement: { Action: unknown; Resource: unknown }[] } }[];
  const [moves, looks] = PolicyDocument.Statement;
  expect(moves!.Action).toEqual([
    "lambda:GetAlias",
    "lambda:GetProvisionedConcurrencyConfig",
    "lambda:UpdateAlias",
  ]);
  expect(new Set(refersTo(moves!.Resource))).toEqual(new Set(functions));
  expect(looks).toEqual({
    Effect: "Allow",
    Action: "cloudwatch:DescribeAlarms",
    Resource: "*",
  });
  // A role's own policies are 10,240 characters at the most; an ARN of Lambda is some 130 long.
  expect((moves!.Resource as unknown[]).length * 130).toBeLessThan(9_000);
});

test("with versions a stage stays below the 500 resources of a stack", () => {
  expect(Object.keys(Resources).length).toBeLessThan(480);
});

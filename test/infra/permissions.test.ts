/** What each role may do in the template: the rights of infra/permissions.ts, and not one wildcard more. */
import { expect, test } from "vitest";
import { permissions } from "../../infra/permissions.ts";
import type { FunctionName } from "../../infra/permissions.ts";
import type { Permissions } from "../../infra/rights.ts";
import { resourcesOf, synthesize } from "./synthesize.ts";

interface Statement {
  readonly Effect: string;
  readonly Action: string | string[];
  readonly Resource?: unknown;
}

interface Policy {
  readonly PolicyDocument: { readonly Statement: readonly Statement[] };
  readonly Roles?: readonly { readonly Ref: string }[];
}

const dev = synthesize();
const policies = resourcesOf<Policy>(dev, "AWS::IAM::Policy");
const roles = resourcesOf<{ Policies?: Policy[]; ManagedPolicyArns?: unknown }>(
  dev,
  "AWS::IAM::Role",
);
const functions = resourcesOf<{
  readonly Description: string;
  readonly Role: { readonly "Fn::GetAtt": readonly [string, string] };
  readonly Environment: { readonly Variables: Readonly<Record<string, unknown>> };
}>(dev, "AWS::Lambda::Function");

/** A resource of a statement: an attribute of something in the template, alone or with a path behind it. */
type Target =
  | { readonly "Fn::GetAtt": readonly [id: string, attribute: string] }
  | { readonly "Fn::Join": readonly [between: string, parts: readonly [Target, string]] };

const list = <T>(value: T | readonly T[]): readonly T[] =>
  (Array.isArray(value) ? value : [value]) as readonly T[];
const statements = [
  ...policies.flatMap(([, { Properties }]) => Properties.PolicyDocument.Statement),
  ...roles.flatMap(([, { Properties }]) =>
    (Properties.Policies ?? []).flatMap(({ PolicyDocument }) => PolicyDocument.Statement),
  ),
];

/** Every "action resource" pair that a function's role has on DynamoDB, as the design names them. */
function dynamoDbRights(name: string): string[] {
  const [, { Properties: behind }] = functions.find(
    ([, { Properties }]) => Properties.Description === `functions/${name}.ts`,
  )!;
  const role = behind.Role["Fn::GetAtt"][0];
  return policies
    .filter(([, { Properties }]) => Properties.Roles?.[0]?.Ref === role)
    .flatMap(([, { Properties }]) => Properties.PolicyDocument.Statement)
    .flatMap(({ Action, Resource }) =>
      list(Action)
        .filter((action) => action.startsWith("dynamodb:"))
        .flatMap((action) => list(Resource).map((on) => `${action} ${nameOf(on as Target)}`)),
    )
    .toSorted();
}

/** The Arn of Orders1234ABCD is `Orders`, the same joined with `/index/due` is `Orders/due`. */
function nameOf(target: Target): string {
  if ("Fn::GetAtt" in target) {
    const [id, attribute] = target["Fn::GetAtt"];
    return id.slice(0, -8) + (attribute === "Arn" ? "" : `/${attribute}`);
  }
  const [, [base, path]] = target["Fn::Join"];
  return nameOf(base) + path.replace("/index/", "/");
}

function expectedRights(name: FunctionName): string[] {
  const { tables = {}, queries = {} }: Permissions = permissions[name];
  const onTables = Object.entries(tables).flatMap(([table, actions]) =>
    actions.map((action) => `dynamodb:${action} ${table}`),
  );
  const onIndexes = Object.entries(queries).flatMap(([table, indexes]) =>
    indexes.map((index) => `dynamodb:Query ${index ? `${table}/${index}` : table}`),
  );
  return [...onTables, ...onIndexes].toSorted();
}

test("every function's role has exactly the rights of its entry", () => {
  for (const name of Object.keys(permissions) as FunctionName[]) {
    const beyondStreams = dynamoDbRights(name).filter((right) => !right.endsWith("/StreamArn"));
    expect([name, beyondStreams]).toEqual([name, expectedRights(name)]);
  }
});

test("only what follows streams reads them, and those of its tables by name", () => {
  const readers = Object.keys(permissions).filter((name) =>
    dynamoDbRights(name).some((right) => right.endsWith("/StreamArn")),
  );
  expect(readers).toEqual(["changes", "event-bus", "webhook-feed"]);
  expect(dynamoDbRights("changes").filter((right) => right.includes("Outbox/"))).toEqual([]);
});

test("no action and no resource has a wildcard, but for X-Ray, which knows no resources, and names that AWS makes up", () => {
  const all = statements.filter((statement) => JSON.stringify(statement).includes("*"));
  const ofConnections = all.filter(({ Action }) => Action === "execute-api:ManageConnections");
  expect(ofConnections.map(({ Resource }) => JSON.stringify(Resource)).toSorted()).toEqual([
    expect.stringMatching(/\{"Ref":"LiveApi\w+"\},"\/live\/DELETE\/@connections\/\*"/),
    expect.stringMatching(/\{"Ref":"LiveApi\w+"\},"\/live\/POST\/@connections\/\*"/),
  ]);
  const isOfDeadRecords = ({ Action }: Statement): boolean => Action === "s3:PutObject";
  const wide = all.filter(
    (statement) => !isOfDeadRecords(statement) && !ofConnections.includes(statement),
  );
  const putsDeadRecords = {
    Effect: "Allow",
    Action: "s3:PutObject",
    Resource: {
      "Fn::Join": [
        "",
        [{ "Fn::GetAtt": [expect.stringMatching(/^DeadRecords/), "Arn"] }, "/aws/lambda/*"],
      ],
    },
  };
  // One of each function that follows a stream.
  expect(all.filter(isOfDeadRecords)).toEqual([1, 2, 3].map(() => putsDeadRecords));
  for (const statement of wide) {
    expect(statement).toEqual({
      Effect: "Allow",
      Action: ["xray:PutTelemetryRecords", "xray:PutTraceSegments"],
      Resource: "*",
    });
  }
  expect(wide).toHaveLength(functions.length);
});

test("no role leans on a managed policy", () => {
  expect(roles.filter(([, { Properties }]) => Properties.ManagedPolicyArns)).toEqual([]);
});

test("a function knows the names of exactly the tables that it has rights on", () => {
  for (const [, { Properties }] of functions) {
    const name = Properties.Description.replace(/^functions\/|\.ts$/g, "") as FunctionName;
    const { tables = {}, queries = {} }: Permissions = permissions[name];
    const granted = [...new Set([...Object.keys(tables), ...Object.keys(queries)])];
    const known = Object.keys(Properties.Environment.Variables).filter((key) =>
      key.endsWith("_TABLE"),
    );
    const expected = granted.map((table) => `${table.toUpperCase()}_TABLE`);
    expect([name, known.toSorted()]).toEqual([name, expected.toSorted()]);
  }
});

test("no secret's value is in the template", () => {
  for (const [, { Properties }] of resourcesOf(dev, "AWS::SecretsManager::Secret")) {
    expect(Properties).not.toHaveProperty("SecretString");
  }
  dev.allResourcesProperties("AWS::SecretsManager::Secret", {
    GenerateSecretString: { GenerateStringKey: "webhookSecret", PasswordLength: 44 },
  });
});

/**
 * What the functions asked AWS for in the end-to-end tests, against the policies of the template: every
 * request is allowed (as IAM would judge it), and nothing is allowed that no request ever needed.
 */
import { runSimulation } from "@cloud-copilot/iam-simulate";
import { expect, test } from "vitest";
import { readAssembly } from "../../local/assembly/assembly.ts";
import { ACCOUNT } from "../../local/assembly/local-account.ts";
import { createResourceValues } from "../../local/assembly/resource-values.ts";
import { synthesize } from "../../local/assembly/synth.ts";
import { createTemplateResolver, type TemplateResolver } from "../../local/assembly/template.ts";
import { friendlyName } from "../../local/lambda/functions.ts";
import { type Recording, recordings } from "../support/recorded-calls.ts";

interface Statement {
  readonly Action: string | readonly string[];
  readonly Resource: string | readonly string[];
}

interface Policy {
  readonly PolicyDocument: { readonly Statement: readonly Statement[] };
  readonly Roles?: readonly string[];
}

/** Lambda itself uses these on behalf of a function: reading its streams, writing its dead letters. */
const doneByLambda =
  /^(dynamodb:(DescribeStream|GetRecords|GetShardIterator|ListStreams)|sqs:.*|s3:PutObject|s3:ListBucket|xray:.*|logs:.*)$/;

const list = <T>(value: T | readonly T[]): readonly T[] =>
  Array.isArray(value) ? value : [value as T];

async function templateOf(context: Recording["context"]): Promise<TemplateResolver> {
  const { template, stackName } = readAssembly(await synthesize({ context }));
  const places = { tablePrefix: "", apiUrl: "http://here", awsUrl: "http://aws" };
  return createTemplateResolver({ template, stackName, values: createResourceValues(places) });
}

/** The policies of each function's role, by the function's name. */
function policiesOf(template: TemplateResolver): Map<string, Policy[]> {
  const roles = new Map<string, string>();
  for (const { logicalId } of template.resources("AWS::IAM::Role")) {
    roles.set(
      template.resolve({ "Fn::GetAtt": [logicalId, "Arn"] }),
      template.resolve({ Ref: logicalId }),
    );
  }
  const policies = template.resources<Policy>("AWS::IAM::Policy");
  const functions = template.resources<{ Role: string }>("AWS::Lambda::Function");
  return new Map(
    functions.map(({ logicalId, properties }) => [
      friendlyName(logicalId),
      policies
        .map((policy) => policy.properties)
        .filter(({ Roles = [] }) => Roles.includes(roles.get(properties.Role) ?? "")),
    ]),
  );
}

/** Action and resource of everything that a role may do. */
function grantsOf(policies: readonly Policy[]): string[] {
  return policies
    .flatMap(({ PolicyDocument }) => PolicyDocument.Statement)
    .flatMap(({ Action, Resource }) =>
      list(Action).flatMap((action) => list(Resource).map((resource) => `${action} ${resource}`)),
    );
}

async function isAllowed(
  policies: readonly Policy[],
  { action, resource }: { action: string; resource: string },
): Promise<boolean> {
  const allowAll = {
    Version: "2012-10-17",
    Statement: [{ Effect: "Allow", Action: "*", Resource: "*" }],
  };
  const { overallResult, resultType, ...rest } = (await runSimulation(
    {
      request: {
        principal: `arn:aws:iam::${ACCOUNT}:role/function`,
        action,
        resource: { resource, accountId: ACCOUNT },
        contextVariables: {},
      },
      identityPolicies: policies.map(({ PolicyDocument }, index) => ({
        name: `policy-${index}`,
        policy: PolicyDocument,
      })),
      serviceControlPolicies: [
        { orgIdentifier: "r-0", policies: [{ name: "all", policy: allowAll }] },
      ],
      resourceControlPolicies: [],
    },
    {},
  )) as unknown as Record<string, unknown>;
  if (resultType === "error") throw new Error(`${action} ${resource}: ${JSON.stringify(rest)}`);
  return overallResult === "Allowed";
}

const recorded = recordings();

/** What was granted, asked for and refused in all servers of the run. */
interface Findings {
  readonly granted: Set<string>;
  readonly used: Set<string>;
  readonly refused: string[];
}

/** What is granted on a function's alias in one stage is granted on the function itself in another: one need. */
const withoutAlias = (grant: string): string => grant.replace(/(:function:[^:]+):live$/, "$1");

async function judge(): Promise<Findings> {
  const findings: Findings = { granted: new Set(), used: new Set(), refused: [] };
  const byContext = Map.groupBy(recorded, ({ context }) => JSON.stringify(context));
  for (const [context, servers] of byContext) {
    const policies = policiesOf(await templateOf(JSON.parse(context) as Recording["context"]));
    for (const [name, own] of policies) {
      const grants = grantsOf(own).filter((grant) => !doneByLambda.test(grant.split(" ")[0]!));
      for (const grant of grants) findings.granted.add(`${name}: ${withoutAlias(grant)}`);
    }
    const calls = servers.flatMap((server) => server.calls);
    const distinct = new Map(calls.map((call) => [JSON.stringify({ ...call, times: 0 }), call]));
    for (const call of distinct.values()) {
      // The runner is also tested with a small stack of its own, whose functions are not ours.
      if (!policies.has(call.function)) continue;
      const asked = `${call.function}: ${call.action} ${call.resource}`;
      findings.used.add(withoutAlias(asked));
      if (!(await isAllowed(policies.get(call.function)!, call))) findings.refused.push(asked);
    }
  }
  return findings;
}

// Templates that the end-to-end tests have not left behind are synthesized again: that takes a while.
const timeout = 240_000;
const findings = recorded.length > 0 ? judge() : undefined;

test.skipIf(!findings)("every recorded request is allowed", { timeout }, async () => {
  expect((await findings!).refused).toEqual([]);
});

/**
 * Judged only where told that all end-to-end tests have run (`HOLDFAST_ALL_E2E=1`): after some of them
 * most permissions are unused.
 */
test.skipIf(!process.env["HOLDFAST_ALL_E2E"])(
  "every permission was needed",
  { timeout },
  async () => {
    expect(recorded, "no end-to-end test has kept its calls").not.toEqual([]);
    const { granted, used } = await findings!;
    const unused = [...granted].filter((grant) => !used.has(grant));
    expect(unused.toSorted().join("\n")).toBe("");
  },
);

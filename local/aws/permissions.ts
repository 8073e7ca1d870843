/**
 * Decides whether a role may do something, as IAM would: the policies are the template's, the judge is
 * iam-simulate. What it cannot judge (no such action, no such kind of resource) is refused: refusing too much is
 * seen at once, granting too much only after deployment.
 * @see docs/decisions/0016-local-permissions.md
 */
import { runSimulation } from "@cloud-copilot/iam-simulate";
import { ACCOUNT } from "../assembly/local-account.ts";
import type { TemplateResolver } from "../assembly/template.ts";

/** What roles may do. */
export interface Permissions {
  allows(roleArn: string, action: string, resource: string): Promise<boolean>;
}

/** A policy of the template with its intrinsics resolved. */
export interface PolicyDocument {
  readonly Version?: string;
  readonly Statement: object | readonly object[];
}

interface RoleProperties {
  readonly Policies?: readonly { readonly PolicyDocument: PolicyDocument }[];
}

interface PolicyProperties {
  readonly PolicyDocument: PolicyDocument;
  readonly Roles?: readonly string[];
  readonly RoleName?: string;
}

const everything = {
  Version: "2012-10-17",
  Statement: [{ Effect: "Allow", Action: "*", Resource: "*" }],
};

/** Whether a role with these policies may do this; no request carries anything that a condition could ask for. */
export async function isAllowed(
  policies: readonly PolicyDocument[],
  roleArn: string,
  action: string,
  resource: string,
): Promise<boolean> {
  const request = {
    principal: roleArn,
    action,
    resource: { resource, accountId: ACCOUNT },
    contextVariables: {},
  };
  const outcome = await runSimulation(
    {
      request,
      identityPolicies: policies.map((policy, index) => ({ name: `policy-${index}`, policy })),
      serviceControlPolicies: [
        { orgIdentifier: "r-0", policies: [{ name: "all", policy: everything }] },
      ],
      resourceControlPolicies: [],
    },
    {},
  );
  return outcome.resultType !== "error" && outcome.overallResult === "Allowed";
}

/** The policies of every role of the template, inline and attached, by the role's ARN. */
function readPolicies(template: TemplateResolver): Map<string, PolicyDocument[]> {
  const byRole = new Map<string, PolicyDocument[]>();
  const arns = new Map<string, string>();
  for (const { logicalId, properties } of template.resources<RoleProperties>("AWS::IAM::Role")) {
    const arn = template.resolve<string>({ "Fn::GetAtt": [logicalId, "Arn"] });
    arns.set(template.resolve<string>({ Ref: logicalId }), arn);
    byRole.set(
      arn,
      (properties.Policies ?? []).map((policy) => policy.PolicyDocument),
    );
  }
  for (const type of ["AWS::IAM::Policy", "AWS::IAM::ManagedPolicy", "AWS::IAM::RolePolicy"]) {
    for (const { properties } of template.resources<PolicyProperties>(type)) {
      const { Roles = [], RoleName, PolicyDocument } = properties;
      for (const role of RoleName === undefined ? Roles : [...Roles, RoleName]) {
        byRole.get(arns.get(role) ?? "")?.push(PolicyDocument);
      }
    }
  }
  return byRole;
}

/** Makes the judge of what the template's roles may do. */
export function createPermissions(template: TemplateResolver): Permissions {
  const byRole = readPolicies(template);
  // A burst asks the same few questions thousands of times.
  const answers = new Map<string, Promise<boolean>>();
  return {
    allows(roleArn, action, resource) {
      const question = `${roleArn} ${action} ${resource}`;
      let answer = answers.get(question);
      if (!answer) {
        answer = isAllowed(byRole.get(roleArn) ?? [], roleArn, action, resource);
        answers.set(question, answer);
      }
      return answer;
    },
  };
}

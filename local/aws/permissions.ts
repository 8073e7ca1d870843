/**
 * Decides like IAM whether a role may do something: an explicit deny wins, then an allow is needed.
 * A statement under a condition never allows anything here: refusing too much is seen at once, granting
 * too much only after deployment.
 */
import type { TemplateResolver } from "../assembly/template.ts";

/** A statement of an identity policy, with its fields made lists. */
export interface Statement {
  effect: "Allow" | "Deny";
  actions: string[];
  resources: string[];
}

/** What roles may do. */
export interface Permissions {
  allows(roleArn: string, action: string, resource: string): boolean;
}

type OneOrMany = string | string[];

interface PolicyDocument {
  Statement: RawStatement | RawStatement[];
}

interface RawStatement {
  Effect: "Allow" | "Deny";
  Action?: OneOrMany;
  Resource?: OneOrMany;
  Condition?: object;
}

interface RoleProperties {
  Policies?: { PolicyDocument: PolicyDocument }[];
}

interface PolicyProperties {
  PolicyDocument: PolicyDocument;
  Roles?: string[];
}

function asList<T>(value: T | T[] | undefined): T[] {
  if (value === undefined) return [];
  return Array.isArray(value) ? value : [value];
}

/** Reads a policy document whose intrinsics are resolved. */
export function readStatements(document: PolicyDocument): Statement[] {
  return asList(document.Statement)
    .filter(({ Effect, Condition }) => Effect === "Deny" || !Condition)
    .map(({ Effect, Action, Resource }) => ({
      effect: Effect,
      actions: asList(Action),
      resources: asList(Resource),
    }));
}

const patterns = new Map<string, RegExp>();

/** Matches IAM's wildcards: `*` is any run of characters, `?` exactly one. */
export function matchesPattern(pattern: string, text: string, ignoreCase = false): boolean {
  const key = `${ignoreCase ? "i" : "s"}${pattern}`;
  let expression = patterns.get(key);
  if (!expression) {
    const source = pattern
      .replaceAll(/[.+^${}()|[\]\\]/gu, "\\$&")
      .replaceAll("*", ".*")
      .replaceAll("?", ".");
    expression = new RegExp(`^${source}$`, ignoreCase ? "iu" : "u");
    patterns.set(key, expression);
  }
  return expression.test(text);
}

/** Decides over a list of statements. Action names know no case, resources do. */
export function isAllowed(statements: Statement[], action: string, resource: string): boolean {
  let allowed = false;
  for (const { effect, actions, resources } of statements) {
    if (!actions.some((pattern) => matchesPattern(pattern, action, true))) continue;
    if (!resources.some((pattern) => matchesPattern(pattern, resource))) continue;
    if (effect === "Deny") return false;
    allowed = true;
  }
  return allowed;
}

/** Collects what every role of the template is granted, inline and by policies attached to it. */
export function createPermissions(template: TemplateResolver): Permissions {
  const byRole = new Map<string, Statement[]>();
  const arns = new Map<string, string>();
  for (const { logicalId, properties } of template.resources<RoleProperties>("AWS::IAM::Role")) {
    const arn = template.resolve<string>({ "Fn::GetAtt": [logicalId, "Arn"] });
    arns.set(template.resolve<string>({ Ref: logicalId }), arn);
    const inline = asList(properties.Policies).map((policy) => policy.PolicyDocument);
    byRole.set(arn, inline.flatMap(readStatements));
  }
  for (const type of ["AWS::IAM::Policy", "AWS::IAM::ManagedPolicy", "AWS::IAM::RolePolicy"]) {
    for (const { properties } of template.resources<PolicyProperties & { RoleName?: string }>(
      type,
    )) {
      const statements = readStatements(properties.PolicyDocument);
      for (const role of [...asList(properties.Roles), ...asList(properties.RoleName)]) {
        byRole.get(arns.get(role) ?? "")?.push(...statements);
      }
    }
  }

  // A burst asks the same few questions thousands of times.
  const answers = new Map<string, boolean>();
  return {
    allows(roleArn, action, resource) {
      const question = `${roleArn} ${action} ${resource}`;
      let answer = answers.get(question);
      if (answer === undefined) {
        answer = isAllowed(byRole.get(roleArn) ?? [], action, resource);
        answers.set(question, answer);
      }
      return answer;
    },
  };
}

/**
 * Resolves CloudFormation's intrinsic functions to plain values. What a resource is worth on this machine
 * (its name, its ARN) is told by `resource-values.ts`; this file only knows the functions.
 */
import type { Resource, Template } from "./assembly.ts";
import { ACCOUNT, REGION } from "./local-account.ts";

/** What `Ref` and `Fn::GetAtt` give for a resource on this machine. */
export interface ResourceValues {
  ref(logicalId: string, resource: Resource): unknown;
  attribute(logicalId: string, resource: Resource, name: string): unknown;
}

/** Resolves one value of the template, however deep the intrinsics in it are nested. */
export interface TemplateResolver {
  resolve<T = unknown>(value: unknown): T;
  /** Every resource of a type whose condition holds, with resolved properties. */
  resources<T>(type: string): { logicalId: string; resource: Resource; properties: T }[];
}

const NO_VALUE = Symbol("AWS::NoValue");

const PSEUDO_PARAMETERS: Record<string, unknown> = {
  "AWS::AccountId": ACCOUNT,
  "AWS::Region": REGION,
  "AWS::Partition": "aws",
  "AWS::URLSuffix": "amazonaws.com",
  "AWS::NotificationARNs": [],
  "AWS::NoValue": NO_VALUE,
};

type Intrinsic = (argument: never) => unknown;

/** What the functions below need of the resolver that they are part of. */
interface Resolving {
  readonly template: Template;
  readonly stackName: string;
  readonly values: ResourceValues;
  readonly resolve: TemplateResolver["resolve"];
  condition(name: string): boolean;
}

/** The functions that say what a resource or parameter is worth. */
function createReferences({ template, stackName, values, resolve, condition }: Resolving) {
  function ref(name: string): unknown {
    if (name === "AWS::StackName") return stackName;
    if (name === "AWS::StackId") return `arn:aws:cloudformation:${REGION}:${ACCOUNT}:stack/local`;
    if (name in PSEUDO_PARAMETERS) return PSEUDO_PARAMETERS[name];
    const resource = template.Resources[name];
    if (resource) return values.ref(name, resource);
    const parameter = template.Parameters?.[name];
    if (parameter) return parameter.Default ?? "";
    throw new Error(`the template refers to ${name}, which it does not declare`);
  }

  function attribute([logicalId, name]: [string, string]): unknown {
    const resource = template.Resources[logicalId];
    if (!resource)
      throw new Error(`the template refers to ${logicalId}, which it does not declare`);
    return values.attribute(logicalId, resource, resolve<string>(name));
  }

  function substitute(argument: string | [string, Record<string, unknown>]): string {
    const [text, variables] = typeof argument === "string" ? [argument, {}] : argument;
    return text.replace(/\$\{([^}]+)\}/gu, (_, name: string) => {
      if (name.startsWith("!")) return `\${${name.slice(1)}}`;
      if (name in variables) return String(resolve(variables[name]));
      const [logicalId = "", ...path] = name.split(".");
      return String(path.length > 0 ? attribute([logicalId, path.join(".")]) : ref(name));
    });
  }

  const references: Record<string, Intrinsic> = {
    Ref: ref,
    Condition: condition,
    "Fn::GetAtt": (argument: string | [string, string]) =>
      attribute(
        typeof argument === "string" ? (argument.split(/\.(.*)/su) as [string, string]) : argument,
      ),
    "Fn::Sub": substitute,
  };
  return references;
}

/** The functions that combine values, without asking what any resource is. */
function createFunctions({ template, resolve, condition }: Resolving): Record<string, Intrinsic> {
  return {
    "Fn::Join": ([separator, parts]: [string, unknown]) =>
      resolve<unknown[]>(parts).map(String).join(separator),
    "Fn::Select": ([index, list]: [unknown, unknown]) =>
      resolve<unknown[]>(list)[Number(resolve(index))],
    "Fn::Split": ([separator, text]: [string, unknown]) => resolve<string>(text).split(separator),
    "Fn::If": ([name, yes, no]: [string, unknown, unknown]) => resolve(condition(name) ? yes : no),
    "Fn::Equals": ([left, right]: [unknown, unknown]) => resolve(left) === resolve(right),
    "Fn::And": (parts: unknown[]) => parts.every((part) => resolve(part)),
    "Fn::Or": (parts: unknown[]) => parts.some((part) => resolve(part)),
    "Fn::Not": ([part]: [unknown]) => !resolve(part),
    "Fn::FindInMap": ([map, first, second]: [string, unknown, unknown]) =>
      template.Mappings?.[map]?.[resolve<string>(first)]?.[resolve<string>(second)],
    "Fn::Base64": (text: unknown) => Buffer.from(resolve<string>(text)).toString("base64"),
    "Fn::GetAZs": () => [`${REGION}a`, `${REGION}b`],
  };
}

/**
 * Makes the resolver of a template.
 * @param rewrite is applied to every resolved text, so that an address that AWS would assign (the API's
 *   host) becomes the one that answers here, even when the template puts it together piece by piece.
 */
export function createTemplateResolver({
  template,
  stackName,
  values,
  rewrite = (text) => text,
}: {
  template: Template;
  stackName: string;
  values: ResourceValues;
  rewrite?: (text: string) => string;
}): TemplateResolver {
  function condition(name: string): boolean {
    return Boolean(resolve(template.Conditions?.[name] ?? false));
  }

  const resolving: Resolving = { template, stackName, values, resolve, condition };
  const intrinsics: Record<string, Intrinsic> = {
    ...createReferences(resolving),
    ...createFunctions(resolving),
  };

  function resolveObject(value: object): unknown {
    const entries = Object.entries(value);
    const [only] = entries;
    if (entries.length === 1 && only) {
      const [name, argument] = only;
      const intrinsic = intrinsics[name];
      if (intrinsic) return resolveText(intrinsic(argument as never));
      if (name.startsWith("Fn::")) throw new Error(`${name} is not understood on this machine`);
    }
    return Object.fromEntries(
      entries
        .map(([key, entry]) => [key, resolve(entry)] as const)
        .filter(([, entry]) => entry !== NO_VALUE),
    );
  }

  function resolveText(value: unknown): unknown {
    return typeof value === "string" ? rewrite(value) : value;
  }

  function resolve<T = unknown>(value: unknown): T {
    if (typeof value === "string") return rewrite(value) as T;
    if (value === null || typeof value !== "object") return value as T;
    if (Array.isArray(value)) {
      return value.map((entry) => resolve(entry)).filter((entry) => entry !== NO_VALUE) as T;
    }
    return resolveObject(value) as T;
  }

  function resources<T>(type: string) {
    return Object.entries(template.Resources)
      .filter(([, { Type, Condition }]) => Type === type && (!Condition || condition(Condition)))
      .map(([logicalId, resource]) => ({
        logicalId,
        resource,
        properties: resolve<T>(resource.Properties ?? {}),
      }));
  }

  return { resolve, resources };
}

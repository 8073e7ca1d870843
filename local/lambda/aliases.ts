/** The aliases of the template's functions: what callers refer to, and the version behind it. */
import type { TemplateResolver } from "../assembly/template.ts";

interface AliasProperties {
  readonly FunctionName: string;
  readonly Name: string;
  readonly FunctionVersion: string;
}

/** The alias of a function. */
export interface LocalAlias {
  readonly name: string;
  readonly arn: string;
  readonly version: string;
}

/** Reads them, by the name of their function. @throws Error for a function with two: nobody would know which is meant. */
export function readAliases(template: TemplateResolver): ReadonlyMap<string, LocalAlias> {
  const aliases = new Map<string, LocalAlias>();
  for (const { logicalId, properties } of template.resources<AliasProperties>(
    "AWS::Lambda::Alias",
  )) {
    const { FunctionName, Name: name, FunctionVersion: version } = properties;
    if (aliases.has(FunctionName)) throw new Error(`${FunctionName} has two aliases`);
    aliases.set(FunctionName, { name, version, arn: template.resolve({ Ref: logicalId }) });
  }
  return aliases;
}

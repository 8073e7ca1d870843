/** Whether API Gateway may invoke a function for a route, by the function's own policy in the template. */
import type { TemplateResolver } from "../assembly/template.ts";
import type { LocalFunction } from "../lambda/functions.ts";

interface PermissionProperties {
  readonly FunctionName: string;
  readonly Principal: string;
  readonly SourceArn?: string;
}

/** An ARN with wildcards, as a function's permission names those who may invoke it. */
function matchesArn(pattern: string, arn: string): boolean {
  const literal = pattern.split("*").map((part) => part.replaceAll(/[^\w:/-]/gu, "\\$&"));
  return new RegExp(`^${literal.join(".*")}$`, "u").test(arn);
}

/** Makes the judge of who may be invoked by API Gateway on behalf of which route. */
export function createInvocationRights(
  template: TemplateResolver,
): (handler: LocalFunction, sourceArn: string) => boolean {
  const permissions = template
    .resources<PermissionProperties>("AWS::Lambda::Permission")
    .map(({ properties }) => properties);
  return (handler, sourceArn) =>
    permissions.some(
      ({ FunctionName, Principal, SourceArn }) =>
        Principal === "apigateway.amazonaws.com" &&
        (FunctionName === handler.arn || FunctionName === handler.logicalId) &&
        (!SourceArn || matchesArn(SourceArn, sourceArn)),
    );
}

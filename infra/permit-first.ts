/** Lets an API call a function before it is told to. */
import type { IConstruct } from "constructs";
import { CfnIntegration } from "aws-cdk-lib/aws-apigatewayv2";
import { CfnPermission } from "aws-cdk-lib/aws-lambda";

/**
 * Has the integrations of a route wait for its permissions: an API that goes over from a function to its alias, or back,
 * would answer 500 for as long as it may not call what it is told to.
 */
export function permitFirst(route: IConstruct): void {
  const parts = route.node.findAll();
  const permissions = parts.filter((part) => part instanceof CfnPermission);
  for (const integration of parts.filter((part) => part instanceof CfnIntegration)) {
    for (const permission of permissions) integration.addResourceDependency(permission);
  }
}

/** Names the account and region that stand in for AWS on this machine; everything else builds ARNs from them. */

/** Twelve zeros: no real account has this id, so an ARN of this machine can never point at real resources. */
export const ACCOUNT = "000000000000";

/** Not a real region, for the same reason. */
export const REGION = "local";

/** Builds the ARN of a resource on this machine, in the shape that AWS uses for the service. */
export function localArn(service: string, resource: string): string {
  return `arn:aws:${service}:${REGION}:${ACCOUNT}:${resource}`;
}

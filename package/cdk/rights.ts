/** What whoever uses a part may do with its tables, action by action. */
import type { ITable } from "aws-cdk-lib/aws-dynamodb";
import type { IGrantable } from "aws-cdk-lib/aws-iam";

export const reading = ["dynamodb:GetItem", "dynamodb:BatchGetItem"];

/** Whatever gives rights to a table. */
type Granting = Pick<ITable, "grant">;

/** The tables of `holdfast/locks`. */
export interface LocksTables {
  readonly locks: Granting;
  readonly owners: Granting;
  readonly requests: Granting;
}

/** To take, keep, list and end locks. */
export function grantLocks({ locks, owners, requests }: LocksTables, grantee: IGrantable): void {
  const changing = ["dynamodb:UpdateItem", "dynamodb:ConditionCheckItem"];
  locks.grant(grantee, ...reading, ...changing, "dynamodb:Query");
  owners.grant(grantee, "dynamodb:UpdateItem");
  requests.grant(grantee, "dynamodb:PutItem");
}

/** To hold units of a table, extend, confirm and let go. */
export function grantHolds(units: Granting, grantee: IGrantable): void {
  units.grant(grantee, ...reading, "dynamodb:PutItem", "dynamodb:UpdateItem");
}

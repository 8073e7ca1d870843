/** Names the permissions that a DynamoDB request needs: one action and resource for each table it touches. */
import { localArn } from "../assembly/local-account.ts";

/** One thing that the caller has to be allowed. */
export interface Access {
  readonly action: string;
  readonly resource: string;
}

interface Request {
  readonly TableName?: string;
  readonly IndexName?: string;
  readonly RequestItems?: Record<string, unknown>;
  readonly TransactItems?: Record<string, { TableName: string }>[];
}

/** A table may be named by its ARN too. */
function tableArn(name: string | undefined): string {
  return name?.startsWith("arn:") ? name : localArn("dynamodb", `table/${name ?? "*"}`);
}

/** In a transaction each part needs the permission of the single operation, not one of its own. */
const PARTS: Record<string, string> = {
  Put: "PutItem",
  Update: "UpdateItem",
  Delete: "DeleteItem",
  ConditionCheck: "ConditionCheckItem",
  Get: "GetItem",
};

/** The permissions of a request, by https://docs.aws.amazon.com/service-authorization for DynamoDB. */
export function neededAccess(operation: string, request: Request): Access[] {
  if (request.TransactItems) {
    return request.TransactItems.flatMap((item) =>
      Object.entries(item).map(([part, { TableName }]) => ({
        action: `dynamodb:${PARTS[part] ?? part}`,
        resource: tableArn(TableName),
      })),
    );
  }
  const action = `dynamodb:${operation}`;
  if (request.RequestItems) {
    return Object.keys(request.RequestItems).map((name) => ({ action, resource: tableArn(name) }));
  }
  const resource = tableArn(request.TableName);
  return [
    { action, resource: request.IndexName ? `${resource}/index/${request.IndexName}` : resource },
  ];
}

/** Which requests a policy allows, and which permissions a DynamoDB request needs. */
import { describe, expect, test } from "vitest";
import { neededAccess } from "../../../local/aws/dynamodb-access.ts";
import { isAllowed, type PolicyDocument } from "../../../local/aws/permissions.ts";

const table = "arn:aws:dynamodb:local:000000000000:table/Stock";

const queue = "arn:aws:sqs:local:000000000000:q";
const secret = "arn:aws:secretsmanager:local:000000000000:secret:x.y";

function judge(action: string, resource: string, ...statements: object[]): Promise<boolean> {
  const policy: PolicyDocument = { Version: "2012-10-17", Statement: statements };
  return isAllowed([policy], "arn:aws:iam::000000000000:role/function", action, resource);
}

describe("a policy", () => {
  const statements = [
    { Effect: "Allow", Action: ["dynamodb:GetItem", "dynamodb:Put*"], Resource: table },
    { Effect: "Allow", Action: "dynamodb:Query", Resource: [`${table}/index/*`] },
    { Effect: "Deny", Action: "dynamodb:PutItem", Resource: `${table}-locked` },
    { Effect: "Allow", Action: "*", Resource: `${table}-locked` },
    {
      Effect: "Allow",
      Action: "sqs:*",
      Resource: "*",
      Condition: { StringEquals: { "aws:PrincipalTag/team": "shop" } },
    },
  ];
  test.each([
    ["dynamodb:GetItem", table, true],
    ["DynamoDB:getitem", table, true],
    ["dynamodb:PutItem", table, true],
    ["dynamodb:UpdateItem", table, false],
    ["dynamodb:GetItem", `${table}2`, false],
    ["dynamodb:Query", `${table}/index/byTime`, true],
    ["dynamodb:Query", table, false],
    ["dynamodb:GetItem", `${table}-locked`, true],
    ["dynamodb:PutItem", `${table}-locked`, false],
    ["sqs:SendMessage", queue, false],
    ["dynamodb:ReadEverything", `${table}-locked`, false],
  ])("answers %s on %s with %s", async (action, resource, expected) => {
    expect(await judge(action, resource, ...statements)).toBe(expected);
  });

  test("matches ? with exactly one character and nothing else specially", async () => {
    const action = "secretsmanager:GetSecretValue";
    const one = { Effect: "Allow", Action: action, Resource: `${secret}-??????` };
    expect(await judge(action, `${secret}-local0`, one)).toBe(true);
    expect(await judge(action, `${secret.replace(".", "z")}-local0`, one)).toBe(false);
    expect(await judge(action, `${secret}-local`, one)).toBe(false);
  });

  test("a deny under a condition that no request meets denies nothing", async () => {
    const plain = { Effect: "Deny", Action: "sqs:*", Resource: "*" };
    const unless = { Bool: { "aws:SecureTransport": "false" } };
    const open = { Effect: "Allow", Action: "sqs:SendMessage", Resource: queue };
    const given = [open, { ...plain, Condition: unless }];
    expect(await judge("sqs:SendMessage", queue, ...given)).toBe(true);
    expect(await judge("sqs:SendMessage", queue, open, plain)).toBe(false);
  });
});

describe("a request needs", () => {
  test("its action on its table, or on the index that it names", () => {
    expect(neededAccess("GetItem", { TableName: "Stock" })).toEqual([
      { action: "dynamodb:GetItem", resource: table },
    ]);
    expect(neededAccess("Query", { TableName: "Stock", IndexName: "byTime" })).toEqual([
      { action: "dynamodb:Query", resource: `${table}/index/byTime` },
    ]);
    expect(neededAccess("GetItem", { TableName: table })[0]?.resource).toBe(table);
  });

  test("the single operations of a transaction, each on its table", () => {
    const needed = neededAccess("TransactWriteItems", {
      TransactItems: [
        { Put: { TableName: "Orders" } },
        { Update: { TableName: "Stock" } },
        { ConditionCheck: { TableName: "Locks" } },
        { Delete: { TableName: "Stock" } },
      ],
    });
    expect(needed.map(({ action }) => action)).toEqual([
      "dynamodb:PutItem",
      "dynamodb:UpdateItem",
      "dynamodb:ConditionCheckItem",
      "dynamodb:DeleteItem",
    ]);
    expect(needed[1]?.resource).toBe(table);
  });

  test("the batch's action on every table of a batch", () => {
    const needed = neededAccess("BatchGetItem", { RequestItems: { Stock: {}, Orders: {} } });
    expect(needed.map(({ action }) => action)).toEqual(Array(2).fill("dynamodb:BatchGetItem"));
  });
});

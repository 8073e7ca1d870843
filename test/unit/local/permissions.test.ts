/** Which requests a policy allows, and which permissions a DynamoDB request needs. */
import { describe, expect, test } from "vitest";
import { neededAccess } from "../../../local/aws/dynamodb-access.ts";
import { isAllowed, readStatements } from "../../../local/aws/permissions.ts";

const table = "arn:aws:dynamodb:local:000000000000:table/Stock";

describe("a policy", () => {
  const statements = readStatements({
    Statement: [
      { Effect: "Allow", Action: ["dynamodb:GetItem", "dynamodb:Put*"], Resource: table },
      { Effect: "Allow", Action: "dynamodb:Query", Resource: [`${table}/index/*`] },
      { Effect: "Deny", Action: "dynamodb:PutItem", Resource: `${table}-locked` },
      { Effect: "Allow", Action: "*", Resource: `${table}-locked` },
      { Effect: "Allow", Action: "sqs:*", Resource: "*", Condition: { Bool: {} } },
    ],
  });
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
    ["sqs:SendMessage", "arn:aws:sqs:local:000000000000:q", false],
  ])("answers %s on %s with %s", (action, resource, expected) => {
    expect(isAllowed(statements, action, resource)).toBe(expected);
  });

  test("matches ? with exactly one character and nothing else specially", () => {
    const one = readStatements({
      Statement: { Effect: "Allow", Action: "a:b", Resource: "arn:secret:x.y-??????" },
    });
    expect(isAllowed(one, "a:b", "arn:secret:x.y-local0")).toBe(true);
    expect(isAllowed(one, "a:b", "arn:secret:xzy-local0")).toBe(false);
    expect(isAllowed(one, "a:b", "arn:secret:x.y-local")).toBe(false);
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

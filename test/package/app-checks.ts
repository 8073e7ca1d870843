/** What must show in the apps of others: one editor at a time over two processes, and each construct in a template. */
import { expect } from "vitest";
import type { Resource } from "../infra/synthesize.ts";
import type { RunningApp } from "./express-project.ts";
import { countTypes } from "./shop-project.ts";

/** One person at a time edits a document, whichever process is asked; what a process took outlives it. */
export async function expectOneEditor(first: RunningApp, second: RunningApp): Promise<void> {
  expect(await first.ask(undefined, "POST /documents/7/edit")).toMatchObject({ status: 401 });
  const taken = await first.ask("ann", "POST /documents/7/edit");
  expect(taken).toMatchObject({ status: 200, body: { by: "ann" } });
  for (const request of ["POST /documents/7/edit", "PUT /documents/7", "PUT /broken/7"]) {
    const refused = await second.ask("bob", request);
    expect(refused, request).toMatchObject({ status: 409, body: { lockedBy: "ann" } });
  }
  // Asked twice, also elsewhere, it is the same right; a handler that fails takes nothing away.
  const again = await second.ask("ann", "POST /documents/7/edit");
  expect(again).toEqual(taken);
  expect((await second.ask("ann", "PUT /broken/7")).status).toBe(500);

  await first.kill();
  expect((await second.ask("bob", "PUT /documents/7")).status).toBe(409);
  expect(await second.ask("ann", "PUT /documents/7")).toEqual(taken);
  // The lock goes back after the answer.
  const next = () => second.ask("bob", "POST /documents/7/edit");
  await expect.poll(async () => (await next()).status).toBe(200);
  expect((await next()).body.fence).toBeGreaterThan(taken.body.fence!);
}

/** How many of twenty people who ask for a document at once get it; all others are told of one who did. */
export async function countEditors(...apps: readonly RunningApp[]): Promise<number> {
  const people = Array.from({ length: 20 }, (_, index) => `person ${index}`);
  const answers = await Promise.all(
    people.map((who, index) => apps[index % apps.length]!.ask(who, "POST /documents/8/edit")),
  );
  const editors = answers.filter(({ status }) => status === 200);
  const refused = answers.filter(({ status }) => status !== 200);
  for (const answer of refused) {
    expect(answer).toMatchObject({ status: 409, body: { lockedBy: editors[0]?.body.by } });
  }
  return editors.length;
}

/** Each part has its tables, kept where it says so, and whoever uses it a right for each of them that names no more than that. */
export function expectParts(resources: readonly (readonly [string, Resource])[]): void {
  expect(countTypes(resources)).toEqual({
    "AWS::DynamoDB::Table": 12,
    "AWS::IAM::Policy": 1,
    "AWS::IAM::Role": 1,
    "AWS::Lambda::Function": 1,
  });
  const tables = resources.filter(([, { Type }]) => Type === "AWS::DynamoDB::Table");
  for (const [id, { DeletionPolicy }] of tables) {
    expect(DeletionPolicy, id).toBe(id.startsWith("Carts") ? "Delete" : "Retain");
  }
  const policy = resources.find(([, { Type }]) => Type === "AWS::IAM::Policy")?.[1];
  const text = JSON.stringify(policy?.Properties);
  expect(tables.filter(([id]) => !text.includes(`"Fn::GetAtt":["${id}","Arn"]`))).toEqual([]);
  expect(text).not.toMatch(/"(?:dynamodb:)?\*"/);
}

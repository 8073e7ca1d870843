/** Gives all projects of a test run one DynamoDB Local, or the one that DYNAMODB_ENDPOINT names. */
import type { TestProject } from "vitest/node";
import { type DynamoDbLocal, startDynamoDbLocal } from "../../local/database/dynamodb-local.ts";

declare module "vitest" {
  export interface ProvidedContext {
    /** Where DynamoDB answers. */
    dynamoDbEndpoint: string;
  }
}

interface Shared {
  database: Promise<Pick<DynamoDbLocal, "endpoint" | "stop">>;
  users: number;
}

/** Every project loads this file anew, in the same process: what they share has to be known to all of them. */
const store = globalThis as { holdfastTestDatabase?: Shared | undefined };

function startOnce(): Shared {
  const endpoint = process.env["DYNAMODB_ENDPOINT"];
  const theirs = { endpoint: endpoint ?? "", stop: () => Promise.resolve() };
  return { database: endpoint ? Promise.resolve(theirs) : startDynamoDbLocal(), users: 0 };
}

/** Vitest's global set-up; the function that it returns is the tear-down. */
export default async function setUp(project: TestProject): Promise<() => Promise<void>> {
  const shared = (store.holdfastTestDatabase ??= startOnce());
  shared.users += 1;
  const { endpoint, stop } = await shared.database;
  project.provide("dynamoDbEndpoint", endpoint);
  return async () => {
    shared.users -= 1;
    if (shared.users > 0) return;
    store.holdfastTestDatabase = undefined;
    await stop();
  };
}

/** Gives each project of a test run a DynamoDB Local of its own, or the one that DYNAMODB_ENDPOINT names. */
import type { TestProject } from "vitest/node";
import { startDynamoDbLocal } from "../../local/database/dynamodb-local.ts";

declare module "vitest" {
  export interface ProvidedContext {
    /** Where DynamoDB answers. */
    dynamoDbEndpoint: string;
  }
}

/**
 * Vitest's global set-up; the function that it returns is the tear-down. An engine that carries all that other
 * projects have left behind answers at half the speed.
 */
export default async function setUp(
  project: TestProject,
): Promise<(() => Promise<void>) | undefined> {
  const theirs = process.env["DYNAMODB_ENDPOINT"];
  if (theirs) {
    project.provide("dynamoDbEndpoint", theirs);
    return undefined;
  }
  const { endpoint, stop } = await startDynamoDbLocal();
  project.provide("dynamoDbEndpoint", endpoint);
  return stop;
}

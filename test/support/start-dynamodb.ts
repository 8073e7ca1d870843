/** Starts one DynamoDB Local for a whole test run and tells the tests where it is. */
import type { TestProject } from "vitest/node";
import { startDynamoDbLocal } from "../../local/database/dynamodb-local.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** The address of DynamoDB Local. */
    dynamoDbEndpoint: string;
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const dynamoDb = await startDynamoDbLocal();
  project.provide("dynamoDbEndpoint", dynamoDb.endpoint);
  return () => dynamoDb.stop();
}

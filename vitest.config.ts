/** How the tests run: one DynamoDB Local for all of them, tables of their own for each file. */
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    globalSetup: ["test/support/start-dynamodb.ts"],
    // The JVM's first answers are slow, and two processors are shared by everything.
    testTimeout: 30_000,
    hookTimeout: 60_000,
    maxWorkers: 2,
  },
});

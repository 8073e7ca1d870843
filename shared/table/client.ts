/** Makes the DynamoDB document client: no hidden retries, and every request counted. */
import { DynamoDBClient, type DynamoDBClientConfig } from "@aws-sdk/client-dynamodb";
import { DynamoDBDocumentClient } from "@aws-sdk/lib-dynamodb";
import { LimitedHandler } from "./attempt-limit.ts";
import { parseFailure } from "./failures.ts";
import { currentOperation, type Meter } from "./operation.ts";
import { refusedUnits } from "./refused-units.ts";

interface Capacity {
  CapacityUnits?: number;
  ReadCapacityUnits?: number;
  WriteCapacityUnits?: number;
}

const readCommands = /^(Get|BatchGet|Query|Scan|TransactGet)/;

/** Adds what an answer says it consumed; transactions tell reads and writes apart themselves. */
function addCapacity(meter: Meter, command: string, consumed: Capacity | Capacity[]): void {
  for (const capacity of [consumed].flat()) {
    const units = capacity.CapacityUnits ?? 0;
    const isRead = readCommands.test(command);
    meter.readUnits += capacity.ReadCapacityUnits ?? (isRead ? units : 0);
    meter.writeUnits += capacity.WriteCapacityUnits ?? (isRead ? 0 : units);
  }
}

/** Counts each attempt that leaves for DynamoDB in the meter of the current operation. */
function meterRequests(client: DynamoDBClient): void {
  client.middlewareStack.add(
    (next, context) => async (args) => {
      Object.assign(args.input, { ReturnConsumedCapacity: "TOTAL" });
      const meter = currentOperation()?.meter;
      if (!meter) return next(args);
      const startedMs = performance.now();
      meter.requests += 1;
      try {
        const result = await next(args);
        const { ConsumedCapacity } = result.output as { ConsumedCapacity?: Capacity | Capacity[] };
        if (ConsumedCapacity) addCapacity(meter, context.commandName ?? "", ConsumedCapacity);
        return result;
      } catch (error) {
        const failure = parseFailure(error);
        if (failure.kind === "busy") meter[`${failure.because}s`] += 1;
        if (failure.kind === "refused") meter.writeUnits += refusedUnits(args.input, failure);
        throw error;
      } finally {
        meter.elapsedMs += performance.now() - startedMs;
      }
    },
    { step: "initialize", name: "holdfastMeter" },
  );
}

/**
 * A document client whose requests are counted, limited in time and sent exactly once each.
 *
 * The SDK's own retries are off, because they would repeat a write whose answer was lost without
 * knowing what that write means; `createDatabase` retries instead, and does know.
 */
export function createDocumentClient(settings: DynamoDBClientConfig = {}): DynamoDBDocumentClient {
  const requestHandler = new LimitedHandler();
  const client = new DynamoDBClient({ requestHandler, ...settings, maxAttempts: 1 });
  meterRequests(client);
  return DynamoDBDocumentClient.from(client, {
    marshallOptions: { removeUndefinedValues: true },
  });
}

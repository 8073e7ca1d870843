/** What surrounds a function that no request waits for: its deadline, its meter, its log line. */
import type { Context } from "aws-lambda";
import { newMeter, runOperation } from "../../shared/table/operation.ts";
import { logger } from "./observe.ts";

/** Kept back from the function's own time, to report in. */
const reportingTimeMs = 2_000;

/** Runs a job as one operation that ends before its function is stopped, and logs what it cost. */
export async function runJob<T>(
  name: string,
  context: Context,
  work: () => Promise<T>,
): Promise<T> {
  logger.addContext(context);
  logger.setCorrelationId(context.awsRequestId);
  const meter = newMeter();
  const deadlineMs = Date.now() + context.getRemainingTimeInMillis() - reportingTimeMs;
  const result = await runOperation({ meter, deadlineMs }, work);
  logger.info("Job done", { job: name, dynamodb: { ...meter } });
  return result;
}

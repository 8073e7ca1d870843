/** The sweep: what EventBridge Scheduler runs once a minute. */
import type { Context } from "aws-lambda";
import { runJob } from "./runtime/job.ts";
import { sweepEverything } from "./runtime/sweeping.ts";

export const handler = (_event: unknown, context: Context) =>
  runJob("cleanup", context, () =>
    sweepEverything({ id: "system:sweep", requestId: context.awsRequestId }),
  );

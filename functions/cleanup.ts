/** The sweep: what EventBridge Scheduler runs once a minute. */
import type { Context } from "aws-lambda";
import type { Swept } from "../shared/payments/sweep.ts";
import { services } from "./runtime/container.ts";
import { runJob } from "./runtime/job.ts";

export const handler = (_event: unknown, context: Context): Promise<Swept> =>
  runJob("cleanup", context, () =>
    services.sweep({ id: "system:sweep", requestId: context.awsRequestId }),
  );

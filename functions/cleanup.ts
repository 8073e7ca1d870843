/** The sweep: what EventBridge Scheduler runs once a minute. */
import type { Context } from "aws-lambda";
import type { Swept } from "../shared/payments/sweep.ts";
import { runJob } from "./runtime/job.ts";
import { moneyServices } from "./runtime/payment-container.ts";

export const handler = (_event: unknown, context: Context): Promise<Swept> =>
  runJob("cleanup", context, () =>
    moneyServices.sweep({ id: "system:sweep", requestId: context.awsRequestId }),
  );

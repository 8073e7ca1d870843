/** What EventBridge Scheduler runs: the sweep, once a minute, and the reconciler, once an hour. */
import type { Context } from "aws-lambda";
import { reconciling } from "../shared/shop.ts";
import { runJob } from "./runtime/job.ts";
import { payingShop as shop } from "./runtime/payments.ts";
import { sweepEverything } from "./runtime/sweeping.ts";

/** What a schedule, or `npm run reconcile`, asks for. */
interface Job {
  readonly job?: "sweep" | "reconcile";
}

export const handler = ({ job }: Job, context: Context) =>
  job === "reconcile"
    ? runJob("reconcile", context, () =>
        reconciling(shop).reconcileOn({
          id: "system:reconciler",
          requestId: context.awsRequestId,
        }),
      )
    : runJob("cleanup", context, () =>
        sweepEverything({ id: "system:sweep", requestId: context.awsRequestId }),
      );

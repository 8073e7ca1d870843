/** What EventBridge Scheduler runs: the sweep, once a minute; the reconciler and the learner, once an hour. */
import type { Context } from "aws-lambda";
import { createLearnedHoldService } from "../shared/insight/learned-hold-service.ts";
import { reconciling } from "../shared/shop.ts";
import { runJob } from "./runtime/job.ts";
import { payingShop as shop } from "./runtime/payments.ts";
import { sweepEverything } from "./runtime/sweeping.ts";

/** What a schedule, or `npm run reconcile`, asks for. */
interface Job {
  readonly job?: "sweep" | "reconcile" | "learn";
}

const jobs = {
  sweep: (requestId: string) => sweepEverything({ id: "system:sweep", requestId }),
  reconcile: (requestId: string) =>
    reconciling(shop).reconcileOn({ id: "system:reconciler", requestId }),
  learn: (requestId: string) =>
    createLearnedHoldService(shop).decide({ id: "system:learner", requestId }),
} as const;

const names = { sweep: "cleanup", reconcile: "reconcile", learn: "learn" } as const;

export const handler = ({ job = "sweep" }: Job, context: Context) =>
  runJob<unknown>(names[job], context, () => jobs[job](context.awsRequestId));

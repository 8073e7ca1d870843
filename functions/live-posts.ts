/** Posts what happened to those who listen: called by whoever follows the streams, who does not wait for it. */
import type { Context } from "aws-lambda";
import type { Fact } from "../shared/live/live.ts";
import { postingService } from "../shared/shop.ts";
import { postToConnection } from "./runtime/connections.ts";
import { runJob } from "./runtime/job.ts";
import { countPosts } from "./runtime/metrics.ts";
import { shop } from "./runtime/wiring.ts";

/** Kept back of the function's own time, for removing connections that are gone. */
const tidyingTimeMs = 5_000;

const posting = postingService({ ...shop, post: postToConnection });

export const handler = (facts: readonly Fact[], context: Context) =>
  runJob("live-posts", context, async () => {
    const untilMs = shop.clock() + context.getRemainingTimeInMillis() - tidyingTimeMs;
    const counts = await posting.tell(facts, untilMs);
    countPosts(counts);
    return counts;
  });

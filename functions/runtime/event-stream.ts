/** What surrounds a function that hands events on: partial answers, so that what is held up comes again. */
import type { Context, DynamoDBBatchResponse, DynamoDBStreamEvent } from "aws-lambda";
import type { ShopEvent } from "../../shared/events/event.ts";
import { parseEvent } from "../../shared/events/event-store.ts";
import { parseItemChange } from "../../shared/table/stream.ts";
import { runJob } from "./job.ts";
import { countEvents } from "./metrics.ts";
import { logger } from "./observe.ts";

/** Does something with events; says of which resources something is still to be done. */
type Work = (
  events: readonly ShopEvent[],
) => Promise<readonly { readonly resource: string; readonly error: unknown }[]>;

/** The Lambda handler of the stream of events. Rows that are no events, or no new ones, are passed over. */
export function createEventHandler(job: "event-bus" | "webhook-feed", work: Work) {
  async function handle({ Records }: DynamoDBStreamEvent): Promise<DynamoDBBatchResponse> {
    const told = Records.flatMap((record) => {
      const { before, after } = parseItemChange(record as Parameters<typeof parseItemChange>[0]);
      const isNew = before === undefined && after?.["id"] !== undefined;
      return isNew ? [{ record, event: parseEvent(after) }] : [];
    });
    const held = await work(told.map(({ event }) => event));
    if (job === "event-bus") countEvents(told.length, held.length);
    for (const { resource, error } of held) {
      logger.warn("Events are held up", { resource, ...(error ? { error: error as Error } : {}) });
    }
    const resources = new Set(held.map(({ resource }) => resource));
    return {
      batchItemFailures: told
        .filter(({ event }) => resources.has(event.resource))
        .map(({ record }) => ({ itemIdentifier: record.dynamodb?.SequenceNumber ?? "" })),
    };
  }

  return (event: DynamoDBStreamEvent, context: Context): Promise<DynamoDBBatchResponse> =>
    runJob(job, context, () => handle(event));
}

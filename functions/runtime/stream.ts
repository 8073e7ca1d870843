/** What surrounds the function that follows the streams: partial answers, one bad record at a time. */
import type {
  Context,
  DynamoDBBatchResponse,
  DynamoDBRecord,
  DynamoDBStreamEvent,
} from "aws-lambda";
import type { AuditAction } from "../../shared/base/audit-action.ts";
import { type ItemChange, parseItemChange } from "../../shared/table/stream.ts";
import { runJob } from "./job.ts";
import { countActions, countUnmeant } from "./metrics.ts";
import { logger } from "./observe.ts";

/** What a change told, as far as it is logged and counted. */
export interface Told {
  readonly subject: string;
  readonly action: AuditAction;
  readonly actor: string;
  readonly requestId?: string;
}

/** This many changes are worked on side by side; their order does not matter, entries carry it. */
const sideBySide = 25;

/**
 * The Lambda handler of a stream. A record that cannot be processed is answered as failed, and Lambda
 * comes back with it and what is behind it, so `work` must be safe to repeat; the event source mapping
 * gives such a record up after some attempts, to the dead-letter queue.
 */
export function createStreamHandler(work: (change: ItemChange) => Promise<readonly Told[]>) {
  async function tell(record: DynamoDBRecord): Promise<readonly Told[] | undefined> {
    try {
      const told = await work(parseItemChange(record as Parameters<typeof parseItemChange>[0]));
      for (const { subject, action, actor, requestId } of told) {
        const correlation = requestId === undefined ? {} : { correlation_id: requestId };
        logger.debug(action, { subject, actor, ...correlation });
      }
      return told;
    } catch (error) {
      logger.error("Change not recorded", { eventId: record.eventID, error: error as Error });
      return undefined;
    }
  }

  async function handle({ Records }: DynamoDBStreamEvent): Promise<DynamoDBBatchResponse> {
    const outcomes: (readonly Told[] | undefined)[] = [];
    for (let start = 0; start < Records.length; start += sideBySide) {
      const slice = Records.slice(start, start + sideBySide);
      outcomes.push(...(await Promise.all(slice.map(tell))));
    }
    countActions(outcomes.flatMap((told) => (told ?? []).map(({ action }) => action)));
    const failed = Records.filter((_, index) => outcomes[index] === undefined);
    countUnmeant(failed.length);
    // Lambda halves a batch only when the invocation fails, and gives up all that is left of one. So a
    // batch that begins with a bad record fails as a whole, until that record stands alone.
    if (outcomes[0] === undefined && Records.length > 1) {
      throw new Error("The batch begins with a record that cannot be processed");
    }
    return {
      batchItemFailures: failed.map(({ dynamodb }) => {
        return { itemIdentifier: dynamodb?.SequenceNumber ?? "" };
      }),
    };
  }

  return (event: DynamoDBStreamEvent, context: Context): Promise<DynamoDBBatchResponse> =>
    runJob("changes", context, () => handle(event));
}

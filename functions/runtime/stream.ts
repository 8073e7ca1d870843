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

const parseRecord = (record: DynamoDBRecord): ItemChange =>
  parseItemChange(record as Parameters<typeof parseItemChange>[0]);

/** What cannot be read is the business of who records it. */
function parseIfSound(record: DynamoDBRecord): ItemChange[] {
  try {
    return [parseRecord(record)];
  } catch {
    return [];
  }
}

/** This many changes are worked on side by side; their order does not matter, entries carry it. */
const sideBySide = 25;

/** What became of one change. */
interface Outcome {
  readonly change: ItemChange;
  readonly told: readonly Told[];
}

/** What is done with a batch. */
export interface StreamWork {
  /** Of each change by itself; must be safe to repeat. */
  readonly work: (change: ItemChange) => Promise<readonly Told[]>;
  /** Keeps what the batch tells to the outside, and says what failed; must be safe to repeat. */
  readonly record: (changes: readonly ItemChange[]) => Promise<{
    readonly failed: readonly { readonly change: ItemChange; readonly error: unknown }[];
  }>;
  /** Counts what was new of what the batch told; never throws, and takes little time. */
  readonly count: (changes: readonly Outcome[]) => Promise<void>;
  /** Is told of the batch beside that; never throws, and takes little time. */
  readonly announce: (changes: readonly ItemChange[]) => Promise<void>;
}

/**
 * The Lambda handler of a stream. A record that cannot be processed is answered as failed, and Lambda
 * comes back with it and what is behind it; the event source mapping gives such a record up after some attempts, to
 * the bucket of dead records.
 */
export function createStreamHandler({ work, record: recordAll, count, announce }: StreamWork) {
  async function tell(record: DynamoDBRecord): Promise<Outcome | undefined> {
    try {
      const change = parseRecord(record);
      const told = await work(change);
      for (const { subject, action, actor, requestId } of told) {
        const correlation = requestId === undefined ? {} : { correlation_id: requestId };
        logger.debug(action, { subject, actor, ...correlation });
      }
      return { change, told };
    } catch (error) {
      logger.error("Change not recorded", { eventId: record.eventID, error: error as Error });
      return undefined;
    }
  }

  /** The records of which something is not kept that should leave as an event. */
  async function recordEvents(changes: readonly ItemChange[]): Promise<ReadonlySet<string>> {
    const { failed } = await recordAll(changes);
    for (const { change, error } of failed) {
      logger.error("Event not kept", { eventId: change.eventId, error: error as Error });
    }
    return new Set(failed.map(({ change }) => change.eventId));
  }

  async function handle({ Records }: DynamoDBStreamEvent): Promise<DynamoDBBatchResponse> {
    const changes = Records.flatMap(parseIfSound);
    const announced = announce(changes);
    const outcomes: (Outcome | undefined)[] = [];
    for (let start = 0; start < Records.length; start += sideBySide) {
      const slice = Records.slice(start, start + sideBySide);
      outcomes.push(...(await Promise.all(slice.map(tell))));
    }
    const recorded = outcomes.filter((outcome) => outcome !== undefined);
    const [unkept] = await Promise.all([recordEvents(changes), count(recorded), announced]);
    const isDone = (index: number): boolean =>
      outcomes[index] !== undefined && !unkept.has(Records[index]?.eventID ?? "");
    countActions(recorded.flatMap(({ told }) => told.map(({ action }) => action)));
    const failed = Records.filter((_, index) => !isDone(index));
    countUnmeant(failed.length);
    // Lambda halves a batch only when the invocation fails, and gives up all that is left of one. So a
    // batch that begins with a bad record fails as a whole, until that record stands alone.
    if (!isDone(0) && Records.length > 1) {
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

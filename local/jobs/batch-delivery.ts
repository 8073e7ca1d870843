/**
 * Delivers a batch of stream records with Lambda's rules for failures: partial answers, bisection, a number of
 * retries, and at last a note to the on-failure queue. Knows neither streams nor functions.
 */
import { setTimeout as sleep } from "node:timers/promises";

/** A stream record as Lambda hands it over; only what delivery looks at. */
export interface StreamRecord {
  readonly dynamodb: { SequenceNumber: string; ApproximateCreationDateTime: number };
}

/** What became of one invocation: the answer's text, or an error. */
export interface DeliveryOutcome {
  readonly result?: string;
  readonly error?: { errorType: string; errorMessage: string };
}

/** The rules of an event source mapping. */
export interface DeliveryRules {
  readonly bisectOnError: boolean;
  readonly reportsItemFailures: boolean;
  /** -1 tries for ever. */
  readonly maximumRetries: number;
  /** -1 takes records of any age. */
  readonly maximumAgeSeconds: number;
  /** The pause before the first retry; it doubles up to a hundredfold. */
  readonly retryDelayMs?: number;
}

/** What delivery works with. */
export interface DeliveryTools<Record extends StreamRecord> {
  invoke(records: Record[]): Promise<DeliveryOutcome>;
  /** Gets records that were given up, with the reason in Lambda's words. */
  giveUp(records: Record[], condition: string, attempts: number): unknown;
  hasStopped(): boolean;
}

/** Where the function says that it failed: an index, or undefined when all went well. */
function firstFailure(records: StreamRecord[], result: string | undefined): number | undefined {
  let failures: unknown;
  try {
    failures = (JSON.parse(result ?? "null") as { batchItemFailures?: unknown } | null)
      ?.batchItemFailures;
  } catch {
    return 0;
  }
  if (failures === undefined || failures === null) return undefined;
  if (!Array.isArray(failures)) return 0;
  if (failures.length === 0) return undefined;
  const named = failures.map((failure: { itemIdentifier?: string } | null) =>
    records.findIndex(({ dynamodb }) => dynamodb.SequenceNumber === failure?.itemIdentifier),
  );
  // A name that is not in the batch makes Lambda repeat the whole of it.
  return named.includes(-1) ? 0 : Math.min(...named);
}

/**
 * Delivers records in order and returns when each one was processed or given up (or delivery was stopped).
 *
 * After a partial answer only the records from the first failed one on are repeated. Halving happens only when
 * the invocation itself fails, and does not count as a retry. When the retries are used up everything that is
 * left of the batch is given up: a function that wants to lose only the bad record must fail on a batch that
 * starts with it, and is then handed ever smaller ones.
 */
export async function deliver<Record extends StreamRecord>(
  batch: Record[],
  rules: DeliveryRules,
  tools: DeliveryTools<Record>,
  attempts = 0,
): Promise<void> {
  const { maximumAgeSeconds, maximumRetries, retryDelayMs = 100 } = rules;
  let records = batch;
  for (let tries = attempts; records.length > 0 && !tools.hasStopped(); tries += 1) {
    const oldestSeconds = records[0]!.dynamodb.ApproximateCreationDateTime;
    if (maximumAgeSeconds >= 0 && Date.now() / 1000 - oldestSeconds > maximumAgeSeconds) {
      await tools.giveUp(records, "RecordAgeExceeded", tries);
      return;
    }
    const outcome = await tools.invoke(records);
    if (outcome.error && rules.bisectOnError && records.length > 1) {
      const middle = Math.ceil(records.length / 2);
      await deliver(records.slice(0, middle), rules, tools, tries);
      return deliver(records.slice(middle), rules, tools, tries);
    }
    if (!outcome.error) {
      const failed = rules.reportsItemFailures ? firstFailure(records, outcome.result) : undefined;
      if (failed === undefined) return;
      // Whoever got further has made progress: what follows is a batch of its own.
      if (failed > 0) tries = attempts - 1;
      records = records.slice(failed);
      if (failed > 0) continue;
    }
    if (maximumRetries >= 0 && tries >= maximumRetries) {
      await tools.giveUp(records, "RetryAttemptsExhausted", tries + 1);
      return;
    }
    await sleep(retryDelayMs * Math.min(2 ** tries, 100), undefined, { ref: false });
  }
}

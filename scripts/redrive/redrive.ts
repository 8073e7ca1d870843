/** Hands records that were given up over to their function again, one object of the bucket after the other. */

/** Where the records lie and who takes them: AWS, or the runner on this machine. */
export interface DeadRecordsPlace {
  /** Every object, oldest first as far as names tell. */
  keys(): Promise<string[]>;
  read(key: string): Promise<string>;
  /** Invokes the function with the event; its answer as text. @throws Error when it fails */
  handOver(event: string, follower: Follower): Promise<string | undefined>;
  remove(key: string): Promise<void>;
  /** Takes the messages away that announced the objects: then the alarm is over. */
  clearAnnouncements(): Promise<void>;
}

/** What follows a stream, and gave records of it up. */
export type Follower = "changes" | "event-bus" | "webhook-feed";

/** What became of the objects. */
export interface Redriven {
  readonly done: number;
  /** Objects whose records failed again, with the reason; they stay where they are. */
  readonly left: readonly { readonly key: string; readonly why: string }[];
}

interface GivenUp {
  /** The event as the function was to get it; Lambda writes it as text. */
  readonly payload?: string | object;
}

/**
 * Whose records they are: the table that their stream is of says it, whatever the functions are called. Of two that
 * follow the same one both get them; whoever had them before passes them over.
 */
function listFollowers(event: string): readonly Follower[] {
  const { Records = [] } = JSON.parse(event) as { Records?: { eventSourceARN?: string }[] };
  const [, table = ""] = /:table\/([^/]+)/.exec(Records[0]?.eventSourceARN ?? "") ?? [];
  return /Outbox/.test(table) ? ["event-bus", "webhook-feed"] : ["changes"];
}

function parseEvent(body: string): string {
  const { payload } = JSON.parse(body) as GivenUp;
  if (payload === undefined) throw new Error("it holds no records, only where they were");
  return typeof payload === "string" ? payload : JSON.stringify(payload);
}

function failuresIn(answer: string | undefined): number {
  const { batchItemFailures = [] } = (JSON.parse(answer || "{}") ?? {}) as {
    batchItemFailures?: unknown[];
  };
  return batchItemFailures.length;
}

/** Undefined when every record was processed. */
async function whyNot(place: DeadRecordsPlace, key: string): Promise<string | undefined> {
  try {
    const event = parseEvent(await place.read(key));
    let failed = 0;
    for (const follower of listFollowers(event)) {
      failed += failuresIn(await place.handOver(event, follower));
    }
    return failed === 0 ? undefined : `${failed} records failed again`;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/**
 * Hands everything over again. An object goes only after all of its records were processed, so stopping in
 * between loses nothing; processing a record twice has the effect of once.
 */
export async function redrive(
  place: DeadRecordsPlace,
  onProgress: (done: number, total: number) => void = () => {},
): Promise<Redriven> {
  const keys = await place.keys();
  const left: { key: string; why: string }[] = [];
  for (const [index, key] of keys.entries()) {
    const why = await whyNot(place, key);
    if (why === undefined) await place.remove(key);
    else left.push({ key, why });
    onProgress(index + 1, keys.length);
  }
  if (left.length === 0) await place.clearAnnouncements();
  return { done: keys.length - left.length, left };
}

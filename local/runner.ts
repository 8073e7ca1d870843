/** The parts of a running Holdfast that the pages under `/_local` and tests may look at and turn. */
import type { Buckets } from "./aws/buckets.ts";
import type { CallRecord } from "./aws/calls.ts";
import type { Faults } from "./aws/faults.ts";
import type { Queues } from "./aws/queues.ts";
import type { Secrets } from "./aws/secrets.ts";
import type { ContentionModel } from "./contention/contention.ts";
import type { LocalTable } from "./database/tables.ts";
import type { Issuer } from "./http/issuer.ts";
import type { Schedules } from "./jobs/schedules.ts";
import type { LocalFunctions } from "./lambda/functions.ts";
import type { LogBook } from "./lambda/log-book.ts";
import type { LocalAlarms } from "./observe/alarms.ts";
import type { Metrics } from "./observe/metrics.ts";

/** A running Holdfast, seen from inside. */
export interface Runner {
  url: string;
  dynamoDbEndpoint: string;
  /** Absent when the stack believes an issuer of its owner's own. */
  issuer: Issuer | undefined;
  tables: readonly LocalTable[];
  functions: LocalFunctions;
  schedules: Schedules;
  secrets: Secrets;
  queues: Queues;
  buckets: Buckets;
  faults: Faults;
  calls: CallRecord;
  logs: LogBook;
  /** Absent unless contention is modelled. */
  contention: ContentionModel | undefined;
  metrics: Metrics;
  alarms: LocalAlarms;
}

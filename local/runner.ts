/** The parts of a running Holdfast that the pages under `/_local` and tests may look at and turn. */
import type { Buckets } from "./aws/buckets.ts";
import type { Buses } from "./aws/buses.ts";
import type { CallRecord } from "./aws/calls.ts";
import type { Faults } from "./aws/faults.ts";
import type { Queues } from "./aws/queues.ts";
import type { Secrets } from "./aws/secrets.ts";
import type { ContentionModel } from "./contention/contention.ts";
import type { LocalTable } from "./database/tables.ts";
import type { Issuer } from "./http/issuer.ts";
import type { Sockets } from "./http/sockets.ts";
import type { Schedules } from "./jobs/schedules.ts";
import type { LocalFunctions } from "./lambda/functions.ts";
import type { LogBook } from "./lambda/log-book.ts";
import type { Releases } from "./lambda/releases.ts";
import type { LocalAlarms } from "./observe/alarms.ts";
import type { Metrics } from "./observe/metrics.ts";
import type { Desk } from "./providers/desk.ts";

/** A running Holdfast, seen from inside. */
export interface Runner {
  readonly url: string;
  readonly dynamoDbEndpoint: string;
  /** Absent when the stack believes an issuer of its owner's own. */
  readonly issuer: Issuer | undefined;
  readonly tables: readonly LocalTable[];
  readonly functions: LocalFunctions;
  readonly schedules: Schedules;
  readonly secrets: Secrets;
  /** Absent where the template has no WebSocket API. */
  readonly sockets: Sockets | undefined;
  readonly queues: Queues;
  readonly buckets: Buckets;
  readonly buses: Buses;
  readonly faults: Faults;
  readonly calls: CallRecord;
  readonly logs: LogBook;
  /** Absent unless contention is modelled. */
  readonly contention: ContentionModel | undefined;
  /** Absent unless payment providers are played. */
  readonly desk: Desk | undefined;
  readonly metrics: Metrics;
  readonly alarms: LocalAlarms;
  readonly releases: Releases;
}

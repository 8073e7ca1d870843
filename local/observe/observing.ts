/** What CloudWatch is to a stack, put together: what is measured, by whom, and the alarms over it. */
import type { TemplateResolver } from "../assembly/template.ts";
import type { Queues } from "../aws/queues.ts";
import { createAlarms, type LocalAlarms } from "./alarms.ts";
import { createMeasuring, type Measuring } from "./measuring.ts";
import { createMetrics, type Metrics } from "./metrics.ts";

/** Everything that observes a running stack. */
export interface Observing {
  readonly metrics: Metrics;
  readonly measuring: Measuring;
  readonly alarms: LocalAlarms;
}

/** Begins to observe. @param speed makes the alarms' minutes shorter: see `createAlarms` */
export function createObserving(template: TemplateResolver, queues: Queues, speed = 1): Observing {
  const metrics = createMetrics();
  const measuring = createMeasuring(template, metrics, queues, speed);
  const alarms = createAlarms({ template, metrics, speed, sample: measuring.queues });
  return { metrics, measuring, alarms };
}

/** What AWS measures by itself of functions, APIs and queues, under the names that it gives them. */
import { httpResources } from "../assembly/http-resources.ts";
import type { TemplateResolver } from "../assembly/template.ts";
import type { Queues } from "../aws/queues.ts";
import type { Metrics } from "./metrics.ts";

/** How an invocation went. */
export interface MeasuredInvocation {
  /** The function's logical id. */
  readonly logicalId: string;
  /** What it was called by, and which of its two versions ran, while there are two. */
  readonly alias?: string;
  readonly version?: string;
  readonly durationMs: number;
  readonly failed: boolean;
  readonly throttled?: boolean;
}

/** How a request went. */
export interface MeasuredAnswer {
  /** Missing where no route matched. */
  readonly routeKey?: string;
  readonly status: number;
  readonly durationMs: number;
}

interface StageProperties {
  readonly ApiId: string;
  readonly StageName: string;
  readonly RouteSettings?: Record<string, { DetailedMetricsEnabled?: boolean | string }>;
}

/** Takes down what happens. */
export interface Measuring {
  invocation(measured: MeasuredInvocation): void;
  /** How old the newest record of a batch was when its function got it. */
  iteratorAge(logicalId: string, ageMs: number): void;
  answer(measured: MeasuredAnswer): void;
  /** Writes down how many messages each queue has now. */
  queues(): void;
}

/** Measures into `metrics`, by the names of the template's resources. */
export function createMeasuring(
  template: TemplateResolver,
  metrics: Metrics,
  queues: Queues,
  speed = 1,
): Measuring {
  type Called = Pick<MeasuredInvocation, "logicalId" | "alias" | "version">;
  const ofFunction = ({ logicalId, alias, version }: Called, name: string, value: number) => {
    const FunctionName = template.resolve<string>({ Ref: logicalId });
    const ofAlias = { FunctionName, Resource: `${FunctionName}:${alias}` };
    for (const dimensions of [
      { FunctionName },
      ...(alias === undefined ? [] : [ofAlias]),
      ...(version === undefined ? [] : [{ ...ofAlias, ExecutedVersion: version }]),
    ]) {
      metrics.add({ namespace: "AWS/Lambda", name, dimensions }, value);
    }
  };
  const [stage] = httpResources<StageProperties>(template, "AWS::ApiGatewayV2::Stage");

  function listPlaces(routeKey: string | undefined): Record<string, string>[] {
    if (!stage) return [];
    const { ApiId, StageName, RouteSettings = {} } = stage.properties;
    const [Method, Resource] = (routeKey ?? "").split(" ");
    // CloudFormation takes both the boolean and its text here.
    const isDetailed = String(RouteSettings[routeKey ?? ""]?.DetailedMetricsEnabled) === "true";
    if (!isDetailed || !Method || !Resource) return [{ ApiId }];
    return [{ ApiId }, { ApiId, Stage: StageName, Method, Resource }];
  }

  return {
    invocation({ durationMs, failed, throttled = false, ...called }) {
      if (throttled) {
        ofFunction(called, "Throttles", 1);
        return;
      }
      ofFunction(called, "Invocations", 1);
      ofFunction(called, "Errors", failed ? 1 : 0);
      ofFunction(called, "Duration", durationMs);
    },
    // Where minutes are shorter, so is the age that counts as some of them.
    iteratorAge: (logicalId, ageMs) => ofFunction({ logicalId }, "IteratorAge", ageMs * speed),
    answer({ routeKey, status, durationMs }) {
      for (const dimensions of listPlaces(routeKey)) {
        const add = (name: string, value: number) =>
          metrics.add({ namespace: "AWS/ApiGateway", name, dimensions }, value);
        add("Count", 1);
        add("4xx", status >= 400 && status < 500 ? 1 : 0);
        add("5xx", status >= 500 ? 1 : 0);
        add("Latency", durationMs);
      }
    },
    queues() {
      for (const QueueName of queues.names()) {
        const dimensions = { QueueName };
        const name = "ApproximateNumberOfMessagesVisible";
        const waiting = queues.messages(QueueName)?.length ?? 0;
        metrics.add({ namespace: "AWS/SQS", name, dimensions }, waiting);
      }
    },
  };
}

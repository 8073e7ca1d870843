/** One Lambda function the way all of ours are: bundled, traced, logged, and allowed nothing by default. */
import { Duration, RemovalPolicy, Validations } from "aws-cdk-lib";
import { Role, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import {
  ApplicationLogLevel,
  Architecture,
  type Code,
  LoggingFormat,
  Runtime,
  Tracing,
} from "aws-cdk-lib/aws-lambda";
import { NodejsFunction } from "aws-cdk-lib/aws-lambda-nodejs";
import { LogGroup, RetentionDays } from "aws-cdk-lib/aws-logs";
import type { Construct } from "constructs";

/** What differs from function to function. */
export interface AppFunctionProps {
  /** The file name in `functions/` without its ending. */
  readonly name: string;
  /** Its bundle. */
  readonly code: Code;
  readonly environment: Readonly<Record<string, string>>;
  readonly production: boolean;
  /** 29 s by default: what API Gateway waits for an answer. */
  readonly timeout?: Duration;
  /** Concurrent runs that are kept for it, and its most. */
  readonly reserved?: number;
}

/**
 * A function with a role and a log group of its own. The role starts with the right to write to that
 * log group and to send traces; everything else is granted by `functions.ts`.
 */
export class AppFunction extends NodejsFunction {
  constructor(scope: Construct, id: string, props: AppFunctionProps) {
    const logGroup = new LogGroup(scope, `${id}Logs`, {
      retention: props.production ? RetentionDays.THREE_MONTHS : RetentionDays.ONE_WEEK,
      removalPolicy: props.production ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
    });
    const role = new Role(scope, `${id}Role`, {
      assumedBy: new ServicePrincipal("lambda.amazonaws.com"),
      description: `What functions/${props.name}.ts may do`,
    });
    logGroup.grantWrite(role);
    super(scope, id, {
      description: `functions/${props.name}.ts`,
      code: props.code,
      handler: "index.handler",
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      memorySize: 1024,
      timeout: props.timeout ?? Duration.seconds(29),
      environment: { ...props.environment },
      ...(props.reserved !== undefined && { reservedConcurrentExecutions: props.reserved }),
      awsSdkConnectionReuse: false,
      tracing: Tracing.ACTIVE,
      loggingFormat: LoggingFormat.JSON,
      // The same level as POWERTOOLS_LOG_LEVEL: Lambda drops what is below its own.
      applicationLogLevelV2: props.production
        ? ApplicationLogLevel.INFO
        : ApplicationLogLevel.DEBUG,
      logGroup,
      role,
    });
    Validations.of(role).acknowledge({
      id: "AwsSolutions-IAM5[Resource::*]",
      reason:
        "X-Ray's PutTraceSegments and PutTelemetryRecords know no resources; nothing else is *",
    });
  }
}

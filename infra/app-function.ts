/** One Lambda function the way all of ours are: bundled, traced, logged, and allowed nothing by default. */
import { Duration, RemovalPolicy, Validations } from "aws-cdk-lib";
import { Role, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import {
  Alias,
  ApplicationLogLevel,
  Architecture,
  type Code,
  EventInvokeConfig,
  type IFunction,
  type IVersion,
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
  /** Published as a version with each change, behind the alias that callers refer to. */
  readonly isVersioned: boolean;
}

/** The alias of what is in use. */
const liveAlias = "live";

/**
 * A function with a role and a log group of its own. The role starts with the right to write to that
 * log group and to send traces; everything else is granted by `functions.ts`.
 */
export class AppFunction extends NodejsFunction {
  /** Points to the version in use; absent where functions are not versioned. */
  readonly live?: Alias;

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
      ...(props.isVersioned && {
        currentVersionOptions: {
          // What was in use can be gone back to. Not one that came to nothing: the same build would find it there
          // when it is deployed again, and fail.
          removalPolicy: RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
        },
      }),
    });
    if (props.isVersioned) {
      this.live = new Alias(scope, `${id}Live`, {
        aliasName: liveAlias,
        version: this.currentVersion as IVersion,
      });
    }
    Validations.of(role).acknowledge({
      id: "AwsSolutions-IAM5[Resource::*]",
      reason:
        "X-Ray's PutTraceSegments and PutTelemetryRecords know no resources; nothing else is *",
    });
  }
  /** What callers refer to: the alias, or where there is none the function itself. */
  get target(): IFunction {
    return (this.live as IFunction | undefined) ?? this;
  }

  /** The target's name, which refers to the function alone: who refers to an alias waits for it in each deployment. */
  get targetName(): string {
    return this.live ? `${this.functionName}:${liveAlias}` : this.functionName;
  }

  /** The target's ARN, likewise. */
  get targetArn(): string {
    return this.live ? `${this.functionArn}:${liveAlias}` : this.functionArn;
  }

  /** Calls that nobody waits for are hints: one that fails is not tried again, and one that is late is dropped. */
  forgetLateCalls(id: string, oldest: Duration): void {
    const config = new EventInvokeConfig(this.node.scope!, id, {
      function: this,
      ...(this.live && { qualifier: liveAlias }),
      retryAttempts: 0,
      maxEventAge: oldest,
    });
    if (this.live) config.node.addDependency(this.live);
  }
}

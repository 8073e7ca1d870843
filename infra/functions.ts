/** Creates every function of the stage with its environment and exactly the rights of `permissions.ts`. */
import { Duration } from "aws-cdk-lib";
import { PolicyStatement } from "aws-cdk-lib/aws-iam";
import type { Construct } from "constructs";
import { AppFunction } from "./app-function.ts";
import type { Bundled, Bundles } from "./bundles.ts";
import type { Tables } from "./data.ts";
import type { TableName } from "./table-shapes.ts";
import { functionNames, permissions } from "./permissions.ts";
import type { FunctionName } from "./permissions.ts";
import type { OriginSecret } from "./origin-secret.ts";
import type { Permissions } from "./rights.ts";
import type { ProviderSecrets } from "./secrets.ts";
import type { Settings } from "./settings/settings.ts";
import { providerNames } from "../shared/api/payment-providers.ts";

/** The functions of the stage by name; one that a stage lacks is absent. */
export type Functions = ReadonlyMap<FunctionName, AppFunction>;

/** What the functions are wired to. */
export interface FunctionsProps {
  readonly settings: Settings;
  readonly bundles: Bundles;
  readonly tables: Tables;
  readonly secrets: ProviderSecrets;
  readonly apiUrl: string;
  /** What a request has to bring along that came the right way, where there is only one. */
  readonly originSecret?: OriginSecret | undefined;
}

/** Creates one function per entry of `permissions.ts` that the stage has. */
export function createFunctions(scope: Construct, props: FunctionsProps): Functions {
  const names = functionNames(props.settings.production);
  return new Map(names.map((name) => [name, createFunction(scope, name, props)]));
}

/** What goes into a function's bundle follows from what it is granted. */
export function bundled(name: FunctionName): Bundled {
  const { secrets = [] }: Permissions = permissions[name];
  return { name, providers: secrets };
}

function createFunction(scope: Construct, name: FunctionName, props: FunctionsProps): AppFunction {
  const granted: Permissions = permissions[name];
  const appFunction = new AppFunction(scope, constructId(name), {
    name,
    code: props.bundles(name),
    production: props.settings.production,
    isVersioned: props.settings.canary.isVersioned,
    environment: {
      ...settingsEnvironment(props),
      ...tableEnvironment(granted, props.tables),
      ...secretEnvironment(granted, props.secrets),
      ...(props.originSecret !== undefined && { ORIGIN_SECRET: props.originSecret }),
    },
    ...reservedFor(name, props.settings),
    // It may take longer than a request.
    ...(unhurried.has(name) && { timeout: Duration.seconds(60) }),
  });
  grantTables(appFunction, granted, props.tables);
  for (const provider of granted.secrets ?? []) {
    const secret = props.secrets[provider];
    if (secret) allow(appFunction, ["secretsmanager:GetSecretValue"], secret.secretArn);
  }
  return appFunction;
}

/** What nobody waits for. */
const unhurried: ReadonlySet<FunctionName> = new Set<FunctionName>([
  "cleanup",
  "changes",
  "event-bus",
  "webhook-feed",
  "webhook-sender",
]);

/** Webhooks, the owners of locks, the streams and the sweep must not go hungry in a crowd. */
function reservedFor(name: FunctionName, { capacity }: Settings): { reserved?: number } {
  const reserved: Partial<Record<FunctionName, number>> = {
    "payment-webhooks": capacity.reservedForWebhooks,
    documents: capacity.reservedForOwners,
    changes: capacity.reservedForChanges,
    cleanup: capacity.reservedForCleanup,
  };
  const own = reserved[name] ?? 0;
  return own > 0 ? { reserved: own } : {};
}

function constructId(name: FunctionName): string {
  const words = name.split("-").map((word) => word[0]!.toUpperCase() + word.slice(1));
  return `${words.join("")}Function`;
}

function settingsEnvironment({ settings, apiUrl }: FunctionsProps): Record<string, string> {
  const { production } = settings;
  const environment: Record<string, string> = {
    STAGE: settings.stage,
    PRODUCTION: production ? "on" : "off",
    API_URL: apiUrl,
    HOLD_SECONDS: String(settings.holdSeconds),
    MAX_OPEN_ORDERS: String(settings.limits.maxOpenOrders),
    MAX_UNITS_PER_LINE: String(settings.limits.maxUnitsPerLine),
    MAX_UNPAID_ORDERS: String(settings.limits.maxUnpaidOrders),
    UNPAID_PAUSE_SECONDS: String(settings.limits.unpaidPauseSeconds),
    MAX_LOCKS_PER_USER: String(settings.lockLimits.maxLocksPerUser),
    MAX_LOCK_SECONDS: String(settings.lockLimits.maxLockSeconds),
    DUE_SHARDS: String(settings.capacity.dueShards),
    PAYMENT_SECONDS: String(settings.paymentSeconds),
    MAX_HOLD_SECONDS: String(settings.maxHoldSeconds),
    ON_PAYMENT_FAILURE: settings.onPaymentFailure,
    LATE_MONEY_SECONDS: String(settings.lateMoneySeconds),
    CART_LOCKING: settings.cartLocking,
    AUTO_SHARDS: String(settings.autoShards),
    LOW_STOCK: String(settings.lowStock),
    LEARNED_HOLDS: settings.learnedHolds.mode,
    LEARNED_HOLD_LEAST_SECONDS: String(settings.learnedHolds.leastSeconds),
    LEARNED_HOLD_MOST_SECONDS: String(settings.learnedHolds.mostSeconds),
    KEPT_LONGEST_PERCENT: String(settings.learnedHolds.keptLongestPercent),
    LATE_PAYMENT_SECONDS: String(settings.learnedHolds.latePaymentSeconds),
    SOLD_OUT_MEMORY_MS: String(settings.soldOutMemoryMs),
    SECRET_OVERLAP_HOURS: String(settings.secretOverlapHours),
    LOCK_TIMEOUT_SECONDS: String(settings.lockTimeoutSeconds),
    GROUPS_CLAIM: settings.groupsClaim,
    ADMIN_GROUP: settings.adminGroup,
    DOCUMENT_ACCESS: settings.documentAccess,
    EDITORS_GROUP: settings.editorsGroup,
    SERVER_TIMING: production ? "off" : "on",
    POWERTOOLS_LOG_LEVEL: production ? "INFO" : "DEBUG",
    POWERTOOLS_SERVICE_NAME: "holdfast",
    POWERTOOLS_METRICS_NAMESPACE: "Holdfast",
  };
  for (const provider of providerNames) {
    const { seconds, maxHoldSeconds, baseUrl } = settings.providers[provider];
    const prefix = provider.toUpperCase();
    if (seconds !== undefined) environment[`${prefix}_PAYMENT_SECONDS`] = String(seconds);
    if (maxHoldSeconds !== undefined) {
      environment[`${prefix}_MAX_HOLD_SECONDS`] = String(maxHoldSeconds);
    }
    if (baseUrl !== undefined) environment[`${prefix}_BASE_URL`] = baseUrl;
  }
  return environment;
}

function listTables(granted: Permissions): TableName[] {
  const names = [...Object.keys(granted.tables ?? {}), ...Object.keys(granted.queries ?? {})];
  return [...new Set(names)] as TableName[];
}

function tableEnvironment(granted: Permissions, tables: Tables): Record<string, string> {
  return Object.fromEntries(
    listTables(granted).map((name) => [`${name.toUpperCase()}_TABLE`, tables[name].tableName]),
  );
}

function secretEnvironment(granted: Permissions, secrets: ProviderSecrets): Record<string, string> {
  return Object.fromEntries(
    (granted.secrets ?? []).flatMap((name) => {
      const secret = secrets[name];
      return secret ? [[`${name.toUpperCase()}_SECRET_NAME`, secret.secretArn]] : [];
    }),
  );
}

function grantTables(appFunction: AppFunction, granted: Permissions, tables: Tables): void {
  for (const name of listTables(granted)) {
    const { tableArn } = tables[name];
    const actions = granted.tables?.[name] ?? [];
    if (actions.length > 0) allow(appFunction, actions.map(inDynamoDb), tableArn);
    for (const index of granted.queries?.[name] ?? []) {
      allow(appFunction, [inDynamoDb("Query")], index ? `${tableArn}/index/${index}` : tableArn);
    }
  }
}

function inDynamoDb(action: string): string {
  return `dynamodb:${action}`;
}

/** One statement for one resource: the template then reads like `permissions.ts`. */
function allow(appFunction: AppFunction, actions: string[], resource: string): void {
  appFunction.addToRolePolicy(new PolicyStatement({ actions, resources: [resource] }));
}

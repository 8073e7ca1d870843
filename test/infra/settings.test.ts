/** Settings: defaults, what is taken over from context, and one clear error for what cannot be used. */
import { spawnSync } from "node:child_process";
import { App } from "aws-cdk-lib";
import { format } from "prettier";
import { expect, test } from "vitest";
import { settingsPage } from "../../infra/settings/page.ts";
import { SettingsError, readSettings } from "../../infra/settings/settings.ts";
import { providerNames } from "../../shared/api/payment-providers.ts";
import { resourcesOf, synthesize } from "./synthesize.ts";

function settingsOf(context: Record<string, unknown>) {
  return readSettings(new App({ context }).node);
}

function problemsOf(context: Record<string, unknown>): readonly string[] {
  try {
    settingsOf(context);
  } catch (error) {
    if (error instanceof SettingsError) return error.problems;
    throw error;
  }
  return [];
}

test("what is not given has the default of the design", () => {
  expect(settingsOf({})).toEqual({
    stage: "dev",
    production: false,
    groupsClaim: "cognito:groups",
    adminGroup: "admin",
    documentAccess: "open",
    editorsGroup: "editors",
    allowOrigins: [],
    holdSeconds: 300,
    paymentSeconds: 600,
    maxHoldSeconds: 3600,
    limits: {
      maxOpenOrders: 5,
      maxUnitsPerLine: 100,
      maxUnpaidOrders: 5,
      unpaidPauseSeconds: 900,
    },
    lockLimits: { maxLocksPerUser: 50, maxLockSeconds: 28_800 },
    capacity: {
      throttlePerSecond: 2000,
      ordersPerSecond: 1000,
      webhooksPerSecond: 500,
      routesPerSecond: {},
      reservedForWebhooks: 0,
      reservedForOwners: 0,
      reservedForChanges: 0,
      reservedForCleanup: 0,
      dueShards: 4,
    },
    cognitoPlan: "essentials",
    mfa: "optional",
    tags: [],
    backups: false,
    restoredTables: {},
    sweep: true,
    canary: { isVersioned: false },
    alarmEmail: [],
    onPaymentFailure: "release",
    lateMoneySeconds: 86_400,
    cartLocking: "off",
    autoShards: 8,
    soldOutMemoryMs: 250,
    lowStock: 5,
    learnedHolds: {
      mode: "off",
      leastSeconds: 60,
      mostSeconds: 1800,
      keptLongestPercent: 2,
      latePaymentSeconds: 3600,
    },
    lockTimeoutSeconds: 5,
    secretOverlapHours: 24,
    providers: Object.fromEntries(providerNames.map((name) => [name, {}])),
  });
});

test("every setting can be given as text, as the command line does", () => {
  const given = {
    stage: "prod",
    issuer: "https://login.example.com/",
    audience: "a,b",
    groupsClaim: "https://shop.example.com/groups",
    adminGroup: "shop admin",
    documentAccess: "open",
    editorsGroup: "copy desk",
    allowOrigins: "https://shop.example.com, http://localhost:5173",
    holdSeconds: "1",
    paymentSeconds: "2",
    maxHoldSeconds: "3",
    sweep: "off",
    alarmEmail: "ops@example.com, boss@example.com",
    onPaymentFailure: "keep",
    cartLocking: "on",
    lockTimeout: "4",
    "payment.wompi.seconds": "900",
    "payment.stripe.baseUrl": "https://stripe.example.com",
  };
  expect(settingsOf(given)).toMatchObject({
    stage: "prod",
    production: true,
    tokens: { issuer: "https://login.example.com/", audience: ["a", "b"] },
    groupsClaim: "https://shop.example.com/groups",
    adminGroup: "shop admin",
    documentAccess: "open",
    editorsGroup: "copy desk",
    allowOrigins: ["https://shop.example.com", "http://localhost:5173"],
    holdSeconds: 1,
    paymentSeconds: 2,
    maxHoldSeconds: 3,
    sweep: false,
    alarmEmail: ["ops@example.com", "boss@example.com"],
    onPaymentFailure: "keep",
    cartLocking: "on",
    lockTimeoutSeconds: 4,
    providers: {
      ...Object.fromEntries(providerNames.map((name) => [name, {}])),
      stripe: { baseUrl: "https://stripe.example.com" },
      wompi: { seconds: 900 },
    },
  });
});

test.each([
  ["stage", "Staging"],
  ["stage", "pre prod"],
  ["production", "yes"],
  ["allowOrigins", "https://shop.example.com/"],
  ["allowOrigins", "*"],
  ["holdSeconds", "0"],
  ["holdSeconds", "1.5"],
  ["holdSeconds", "-1"],
  ["holdSeconds", "ten"],
  ["paymentSeconds", "1e3"],
  ["maxHoldSeconds", "99999999999"],
  ["sweep", "true"],
  ["alarmEmail", "ops"],
  ["onPaymentFailure", "refund"],
  ["lateMoneySeconds", "604801"],
  ["cartLocking", "yes"],
  ["lockTimeout", "21"],
  ["payment.wompi.seconds", "soon"],
  ["payment.stripe.baseUrl", "api.stripe.com"],
  ["payment.paypal.seconds", "900"],
  ["payment.wompi.second", "900"],
  ["holdseconds", "300"],
  ["routesPerSecond", "getItem"],
  ["addressPerMinute", "9"],
  ["mfa", "admins"],
  ["hostedZone", "Z0123456789ABC"],
])("a wrong %s (%s) is refused by its name", (key, value) => {
  const problems = problemsOf({ [key]: value });
  expect(problems).toHaveLength(1);
  expect(problems[0]).toContain(key);
});

test.each([
  ["stag", "prod", "stage"],
  ["holdSecond", "5", "holdSeconds"],
  ["payment.stripe.second", "5", "payment.stripe.seconds"],
])("a misspelt key (%s) is refused with what was meant", (key, value, meant) => {
  expect(problemsOf({ [key]: value })).toEqual([`${key} is not a setting; did you mean ${meant}?`]);
});

test("a key that is like no setting is refused; the CDK's own are left alone", () => {
  expect(problemsOf({ colour: "blue" })).toEqual([
    "colour is not a setting; docs/settings.md lists them all",
  ]);
  expect(problemsOf({ "@aws-cdk/core:newFlag": "true", "aws:cdk:bundling-stacks": "" })).toEqual(
    [],
  );
});

test("any stage name will do; production is a setting of its own, which prod alone switches on", () => {
  const productions = [{ stage: "prod" }, { stage: "live", production: "on" }];
  for (const context of productions) expect(settingsOf(context).production).toBe(true);
  for (const context of [{}, { stage: "staging" }, { stage: "live", production: "off" }]) {
    expect(settingsOf(context).production).toBe(false);
  }
  expect(problemsOf({ stage: "prod", production: "off" })).toHaveLength(1);
  const live = synthesize({ stage: "live", production: "on" });
  expect(JSON.stringify(live.toJSON())).not.toMatch(/sandbox|functions\/trials/i);
  live.allResources("AWS::DynamoDB::Table", { DeletionPolicy: "Retain" });
});

test("a provider is reached over plain http outside production only", () => {
  const baseUrl = { "payment.stripe.baseUrl": "http://127.0.0.1:12111" };
  expect(settingsOf(baseUrl).providers.stripe).toEqual({ baseUrl: "http://127.0.0.1:12111" });
  const production = { stage: "live", production: "on" };
  expect(problemsOf({ ...baseUrl, ...production })[0]).toContain("payment.stripe.baseUrl");
});

test("without a stage nothing is synthesized for AWS", () => {
  const { status, stderr } = spawnSync(process.execPath, ["infra/app.ts"], { encoding: "utf8" });
  expect(status).toBe(1);
  expect(stderr).toContain("stage is missing: say -c stage=NAME");
});

test("an option that npm kept for itself is told, not ignored", () => {
  const env = { ...process.env, npm_config_call: "holdSeconds=5" };
  const start = ["scripts/bootstrap.mjs", "start"];
  const { status, stderr } = spawnSync(process.execPath, start, { encoding: "utf8", env });
  expect(status).toBe(1);
  expect(stderr).toContain("Say: npm start -- -c holdSeconds=5");
});

test("the page of settings says what the definitions say", async () => {
  const page = await format(settingsPage(), { parser: "markdown", printWidth: 100 });
  await expect(page).toMatchFileSnapshot("../../docs/settings.md");
});

test("an object where text belongs is refused", () => {
  expect(problemsOf({ stage: { name: "dev" } })[0]).toContain("stage must be plain text");
});

test("issuer and audience come together, and the issuer is https", () => {
  expect(problemsOf({ issuer: "https://login.example.com/" })[0]).toContain("audience");
  expect(problemsOf({ audience: "shop" })[0]).toContain("issuer");
  expect(problemsOf({ issuer: "http://login.example.com", audience: "a" })[0]).toContain("issuer");
});

test("a hold that may not last as long as it is given is refused", () => {
  expect(problemsOf({ holdSeconds: "4000" })).toEqual([
    "holdSeconds must not be longer than maxHoldSeconds",
  ]);
});

test("hosted pages and where they lead back to come together", () => {
  expect(problemsOf({ signInPrefix: "shop" })).toHaveLength(1);
  expect(problemsOf({ callbackUrls: "https://shop.example.com/in" })).toHaveLength(1);
});

test("documents are for a group in production, unless they are opened on purpose", () => {
  expect(settingsOf({ stage: "prod" }).documentAccess).toBe("group");
  expect(settingsOf({ stage: "staging", production: "on" }).documentAccess).toBe("group");
  expect(settingsOf({ stage: "prod", documentAccess: "open" }).documentAccess).toBe("open");
});

test("everything that is wrong is told at once", () => {
  expect(problemsOf({ stage: "X", sweep: "y", lockTimeout: "z" })).toHaveLength(3);
});

// Made here and not in its test: the first synthesis of a process is slow on a busy machine.
const template = synthesize({ holdSeconds: "60", "payment.wompi.seconds": "900" });

test("settings reach every function by its environment", () => {
  const functions = resourcesOf<{ Environment: { Variables: Record<string, string> } }>(
    template,
    "AWS::Lambda::Function",
  );
  for (const [, { Properties }] of functions) {
    expect(Properties.Environment.Variables).toMatchObject({
      STAGE: "dev",
      PRODUCTION: "off",
      HOLD_SECONDS: "60",
      PAYMENT_SECONDS: "600",
      MAX_HOLD_SECONDS: "3600",
      ON_PAYMENT_FAILURE: "release",
      CART_LOCKING: "off",
      LOCK_TIMEOUT_SECONDS: "5",
      WOMPI_PAYMENT_SECONDS: "900",
      GROUPS_CLAIM: "cognito:groups",
      ADMIN_GROUP: "admin",
      SERVER_TIMING: "on",
    });
  }
});

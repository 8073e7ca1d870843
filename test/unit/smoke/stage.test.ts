/** The smoke test of a deployed stage, as far as it calls AWS: whom it lets in, and how it sees that an alarm is heard. */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterEach, describe, expect, test, vi } from "vitest";
import { visitAsAdministrator } from "../../../scripts/smoke/administrator.ts";
import { tryAlarm } from "../../../scripts/smoke/alarm.ts";
import { type CallAws, callAws } from "../../../scripts/smoke/aws-cli.ts";
import { Missing } from "../../../scripts/smoke/missing.ts";

const topic = "arn:aws:sns:eu-central-1:123456789012:alarms";
const outputs = {
  Issuer: "https://cognito-idp.eu-central-1.amazonaws.com/pool",
  UserPoolId: "pool",
  UserPoolClientId: "client",
  AdminGroup: "admin",
};

/** AWS as it answers here, and the operations that it was asked for. */
function awsWith(answers: Readonly<Record<string, unknown>>) {
  const asked: [string, Readonly<Record<string, unknown>>][] = [];
  const call = (async (_service, operation, input) => {
    asked.push([operation, input]);
    const answer = answers[operation];
    if (answer instanceof Error) throw answer;
    return answer ?? {};
  }) as CallAws;
  return { call, asked, operations: () => asked.map(([operation]) => operation) };
}

describe("an administrator for the while", () => {
  test("is made, let in by the owner of the pool, and gone afterwards", async () => {
    const signedIn = { AuthenticationResult: { AccessToken: "token" } };
    const aws = awsWith({ "admin-initiate-auth": signedIn });
    const visitor = await visitAsAdministrator(aws.call, outputs);
    expect(visitor.token).toBe("token");
    await visitor.leave();
    expect(aws.operations()).toEqual([
      "admin-create-user",
      "admin-set-user-password",
      "admin-add-user-to-group",
      "admin-initiate-auth",
      "admin-delete-user",
    ]);
    const named = aws.asked.flatMap(([, { Username }]) => Username ?? []);
    expect(new Set(named).size).toBe(1);
    expect(aws.asked[0]![1]).toMatchObject({ MessageAction: "SUPPRESS" });
  });

  test("is gone too when it was not let in", async () => {
    const aws = awsWith({ "admin-initiate-auth": { ChallengeName: "MFA_SETUP" } });
    await expect(visitAsAdministrator(aws.call, outputs)).rejects.toThrow(/--token/);
    expect(aws.operations().at(-1)).toBe("admin-delete-user");
    const refused = awsWith({ "admin-add-user-to-group": new Error("no such group") });
    await expect(visitAsAdministrator(refused.call, outputs)).rejects.toThrow("no such group");
    expect(refused.operations().at(-1)).toBe("admin-delete-user");
  });

  test("cannot be made where tokens come from elsewhere", async () => {
    const aws = awsWith({});
    const elsewhere = { Issuer: "https://login.example.com" };
    await expect(visitAsAdministrator(aws.call, elsewhere)).rejects.toThrow(
      "Tokens come from https://login.example.com: say --token",
    );
    expect(aws.asked).toEqual([]);
  });
});

describe("an alarm", () => {
  const heard = {
    "list-subscriptions-by-topic": {
      Subscriptions: [
        { SubscriptionArn: `${topic}:1` },
        { SubscriptionArn: "PendingConfirmation" },
      ],
    },
    "describe-alarms": {
      MetricAlarms: [
        { AlarmName: "Holdfast-prod-eu-Mute", StateValue: "OK", AlarmActions: ["another"] },
        { AlarmName: "Holdfast-prod-Ringing", StateValue: "ALARM", AlarmActions: [topic] },
        { AlarmName: "Holdfast-prod-Quiet", StateValue: "OK", AlarmActions: [topic] },
      ],
    },
    "describe-alarm-history": {
      AlarmHistoryItems: [{ HistorySummary: `Successfully executed action ${topic}` }],
    },
  };
  const states = (aws: ReturnType<typeof awsWith>) =>
    aws.asked
      .filter(([operation]) => operation === "set-alarm-state")
      .map(([, { AlarmName, StateValue }]) => `${String(AlarmName)} ${String(StateValue)}`);

  test("of the stage that is quiet is set off and back, and the topic was told", async () => {
    const aws = awsWith(heard);
    expect(await tryAlarm(aws.call, "Holdfast-prod", topic)).toBe(
      "Holdfast-prod-Quiet reached the topic, which 1 hear",
    );
    expect(states(aws)).toEqual(["Holdfast-prod-Quiet ALARM", "Holdfast-prod-Quiet OK"]);
  });

  test("that cannot tell the topic is a failure, and set back all the same", async () => {
    const HistorySummary = "Failed to execute action: not authorized";
    const mute = {
      ...heard,
      "describe-alarm-history": { AlarmHistoryItems: [{ HistorySummary }] },
    };
    const aws = awsWith(mute);
    await expect(tryAlarm(aws.call, "Holdfast-prod", topic)).rejects.toThrow(HistorySummary);
    expect(states(aws).at(-1)).toBe("Holdfast-prod-Quiet OK");
  });

  test.each([
    [[], "alarmEmail"],
    [[{ SubscriptionArn: "PendingConfirmation" }], "has to confirm"],
  ])("that nobody hears is not set off (%j)", async (Subscriptions, advice) => {
    const aws = awsWith({ ...heard, "list-subscriptions-by-topic": { Subscriptions } });
    const trial = tryAlarm(aws.call, "Holdfast-prod", topic);
    await expect(trial).rejects.toThrow(Missing);
    await expect(trial).rejects.toThrow(advice);
    expect(states(aws)).toEqual([]);
  });
});

describe("AWS's command line", () => {
  const folder = mkdtempSync(join(tmpdir(), "holdfast-aws-"));
  afterEach(() => {
    vi.unstubAllEnvs();
    rmSync(join(folder, "aws"), { force: true });
  });

  /** A program of that name which stands before all others. */
  function standIn(script: string): void {
    writeFileSync(join(folder, "aws"), `#!/bin/sh\n${script}\n`);
    chmodSync(join(folder, "aws"), 0o755);
    vi.stubEnv("PATH", `${folder}${delimiter}${process.env["PATH"]}`);
  }

  test.skipIf(process.platform === "win32")("gets its input by a file of ours alone", async () => {
    standIn(
      'f="${4#file://}"; printf \'{"said":%s,"mode":"%s"}\' "$(cat "$f")" "$(ls -l "$f" | cut -c1-10)"',
    );
    const input = { UserPoolId: "pool" };
    expect(await callAws("cognito-idp", "admin-get-user", input)).toEqual({
      said: input,
      mode: "-rw-------",
    });
  });

  test.skipIf(process.platform === "win32")("says what AWS said, and where to get it", async () => {
    standIn("echo 'An error occurred (AccessDenied)' >&2; exit 254");
    await expect(callAws("sns", "list-topics", {})).rejects.toThrow(
      "aws sns list-topics: An error occurred (AccessDenied)",
    );
    vi.stubEnv("PATH", folder);
    rmSync(join(folder, "aws"));
    await expect(callAws("sns", "list-topics", {})).rejects.toThrow("https://aws.amazon.com/cli");
  });
});

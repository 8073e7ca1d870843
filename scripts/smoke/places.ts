/** The two places that can be tried: a stage on AWS, and the runner on this machine. */
import { SecretsManagerClient, GetSecretValueCommand } from "@aws-sdk/client-secrets-manager";
import { getOutput, makeStackName, type StackOutputs } from "../aws/outputs.ts";
import { visitAsAdministrator } from "./administrator.ts";
import { tryAlarm } from "./alarm.ts";
import type { CallAws } from "./aws-cli.ts";
import { Missing } from "./missing.ts";

/** Where it is tried, and what can be done there besides calling the API. */
export interface Place {
  readonly url: string;
  /** An administrator's access token. */
  readonly token: string;
  /** Sets an alarm off, and says what was seen. */
  tryAlarm(): Promise<string>;
  /** The keys of a payment provider. */
  keysOf(provider: string): Promise<Readonly<Record<string, string>>>;
  /** Undoes what signing in has left. */
  leave(): Promise<void>;
}

/** A deployed stage, known by the outputs of its stack. @param token an administrator's; otherwise one is made */
export async function awsPlace(
  stage: string,
  outputs: StackOutputs,
  { token, callAws }: { readonly token: string | undefined; readonly callAws: CallAws },
): Promise<Place> {
  const visitor = token === undefined ? await visitAsAdministrator(callAws, outputs) : undefined;
  return {
    url: getOutput(outputs, "ApiUrl").replace(/\/$/, ""),
    token: token ?? visitor!.token,
    tryAlarm: () => tryAlarm(callAws, makeStackName(stage), getOutput(outputs, "AlarmTopicArn")),
    async keysOf(provider) {
      const SecretId = getOutput(outputs, `${provider}SecretName`);
      const command = new GetSecretValueCommand({ SecretId });
      const { SecretString = "{}" } = await new SecretsManagerClient().send(command);
      return JSON.parse(SecretString) as Record<string, string>;
    },
    leave: async () => visitor?.leave(),
  };
}

async function ask<T>(url: string, what: string): Promise<T> {
  const answer = await fetch(url).catch(() => undefined);
  if (answer?.ok) return (await answer.json()) as T;
  throw new Missing(`${what}: ${url} ${answer ? `answers ${answer.status}` : "does not answer"}`);
}

interface LocalAlarm {
  readonly name: string;
  readonly actions: readonly string[];
}

/** The runner at `url`. Nobody is told of its alarms, so it is only seen that each of them would tell a topic. */
export async function localPlace(url: string, token: string | undefined): Promise<Place> {
  const page = `${url}/_local/token?sub=smoke&groups=admin`;
  const given = token ?? (await ask<{ access_token: string }>(page, "There is no npm start here"));
  return {
    url,
    token: typeof given === "string" ? given : given.access_token,
    async tryAlarm() {
      const { alarms } = await ask<{ alarms: LocalAlarm[] }>(`${url}/_local/alarms`, "No alarms");
      const acting = alarms.filter(({ actions }) => actions.length > 0);
      if (acting.length === 0) throw new Error("No alarm acts on a topic");
      return `${acting.length} alarms act on a topic; on this machine nobody is told`;
    },
    async keysOf(provider) {
      type Secrets = Record<string, { readonly current: string }>;
      const { secrets } = await ask<{ secrets: Secrets }>(`${url}/_local/secrets`, "No keys");
      const found = Object.entries(secrets).find(([name]) =>
        name.toLowerCase().startsWith(`${provider}secret`),
      );
      return JSON.parse(found?.[1].current ?? "{}") as Record<string, string>;
    },
    leave: async () => undefined,
  };
}

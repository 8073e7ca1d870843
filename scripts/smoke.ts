/** `npm run smoke`: after a deployment, one of everything for real: an order, a lock, an event, an alarm; then it cleans up. */
import { parseArgs } from "node:util";
import { createClient } from "../client/index.ts";
import { readOutputs } from "./aws/outputs.ts";
import { callAws } from "./smoke/aws-cli.ts";
import { Missing } from "./smoke/missing.ts";
import { findCashier } from "./smoke/paying.ts";
import { awsPlace, localPlace, type Place } from "./smoke/places.ts";
import { type Scene, tryLock, tryOrder } from "./smoke/steps.ts";

const usage = `npm run smoke -- --stage NAME   a deployed stage
npm run smoke -- --url URL      the runner on this machine (http://localhost:3000)

  --token TOKEN   an administrator's access token (or HOLDFAST_TOKEN); otherwise one is made for the while
  --no-payment    orders and cancels, pays nothing: where a provider has live keys only
  --method NAME   the payment method of that order; stripe unless said otherwise

Ends with 0 when all went well, with 1 when something failed, with 2 when something is missing.`;

const methods = ["sandbox", "stripe", "razorpay", "wompi", "mercadopago"] as const;

function readArguments() {
  const { values } = parseArgs({
    options: {
      stage: { type: "string" },
      url: { type: "string" },
      token: { type: "string" },
      method: { type: "string", default: "stripe" },
      "no-payment": { type: "boolean", default: false },
    },
  });
  const { stage, url, token = process.env["HOLDFAST_TOKEN"] } = values;
  const method = methods.find((each) => each === values.method);
  if ((stage === undefined) === (url === undefined) || !method) throw new Missing(usage);
  return { stage, url: url?.replace(/\/$/, ""), token, method, paysNothing: values["no-payment"] };
}

async function openPlace({ stage, url, token }: ReturnType<typeof readArguments>): Promise<Place> {
  if (url !== undefined) return localPlace(url, token);
  const outputs = await readOutputs(stage!).catch((error: Error) => {
    const advice = /credential|region|security token/i.test(error.message)
      ? "Nobody is signed in to AWS, or no region is set: aws sso login, export AWS_REGION=eu-central-1"
      : error.message;
    throw new Missing(advice, { cause: error });
  });
  return awsPlace(stage!, outputs, { token, callAws });
}

async function main(): Promise<void> {
  const asked = readArguments();
  const say = (text: string): void => console.log(`✓ ${text}`);
  await using undo = new AsyncDisposableStack();
  const place = await openPlace(asked);
  undo.defer(() => place.leave());
  const client = createClient({ baseUrl: place.url, token: place.token });
  await client.health({});
  say(`health: ${place.url}`);
  const cashier = asked.paysNothing ? undefined : await findCashier(place, client);
  const scene: Scene = { client, cashier, paymentMethod: asked.method, undo, say };
  await tryLock(scene);
  await tryOrder(scene);
  say(`alarm: ${await place.tryAlarm()}`);
}

/** Says what went wrong, and what could not be taken back after it. */
function tell(error: unknown): void {
  if (error instanceof SuppressedError) {
    tell(error.suppressed);
    console.error("and could not clean up:");
    return tell(error.error);
  }
  const isMissing = error instanceof Missing;
  const text = error instanceof Error ? error.message : String(error);
  console.error(isMissing ? `missing: ${text}` : `✗ ${text}`);
  process.exitCode = isMissing ? 2 : 1;
}

try {
  await main();
  console.log("All of it works, and nothing of it is left but a withdrawn item and its history.");
} catch (error) {
  tell(error);
}

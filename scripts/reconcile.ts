/** `npm run reconcile`: holds every provider's recent payments against orders and stock, to the end of the round. */
import { InvokeCommand, LambdaClient } from "@aws-sdk/client-lambda";
import { parseArgs } from "node:util";
import type { Reconciled } from "../shared/payments/reconciling/reconcile-service.ts";
import { getOutput, readOutputs } from "./aws/outputs.ts";

const usage = `npm run reconcile -- --stage NAME     a deployed stage
npm run reconcile -- --url URL        the runner on this machine (http://localhost:3000)`;

/** Goes on where the run before it ended; each run takes a minute at the most. */
type Run = () => Promise<Reconciled>;

async function openStage(stage: string): Promise<Run> {
  const FunctionName = getOutput(await readOutputs(stage), "CleanupFunctionName");
  const lambda = new LambdaClient();
  const Payload = Buffer.from(JSON.stringify({ job: "reconcile" }));
  return async () => {
    const answer = await lambda.send(new InvokeCommand({ FunctionName, Payload }));
    const text = answer.Payload ? Buffer.from(answer.Payload).toString() : "{}";
    if (answer.FunctionError) throw new Error(text);
    return JSON.parse(text) as Reconciled;
  };
}

function openLocal(url: string): Run {
  return async () => {
    const answer = await fetch(`${url.replace(/\/$/, "")}/_local/functions/cleanup`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ job: "reconcile" }),
    });
    const { error, result } = (await answer.json()) as {
      error?: { errorMessage: string };
      result?: Reconciled;
    };
    if (error || !result) throw new Error(error?.errorMessage ?? `${url} answers ${answer.status}`);
    return result;
  };
}

async function main(): Promise<number> {
  const { values } = parseArgs({ options: { stage: { type: "string" }, url: { type: "string" } } });
  const { stage, url } = values;
  if ((stage === undefined) === (url === undefined)) throw new Error(usage);
  const run = url === undefined ? await openStage(stage!) : openLocal(url);
  let [checked, settled, wrong] = [0, 0, 0];
  for (let goesOn = true; goesOn;) {
    const { cursor, differences, unreachable, ...counts } = await run();
    checked += counts.checked;
    settled += counts.settled;
    wrong += differences.length + unreachable.length;
    console.log(`${checked} payments checked, ${settled} settled`);
    for (const each of [...differences, ...unreachable]) console.error(JSON.stringify(each));
    goesOn = cursor !== undefined;
  }
  console.log(wrong === 0 ? "The books agree" : `${wrong} differences, each on a line above`);
  return wrong === 0 ? 0 : 1;
}

try {
  process.exitCode = await main();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}

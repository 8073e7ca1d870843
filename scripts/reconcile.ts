/** `npm run reconcile`: holds every provider's recent payments against orders and stock, to the end of the round. */
import { InvokeCommand, LambdaClient } from "@aws-sdk/client-lambda";
import { parseArgs } from "node:util";
import type { Reconciled } from "../shared/payments/reconciling/reconcile-service.ts";
import { getOutput, readOutputs } from "./aws/outputs.ts";
import { createTally } from "./reconcile/verdict.ts";

const usage = `npm run reconcile -- --stage NAME     a deployed stage
npm run reconcile -- --url URL        the runner on this machine (http://localhost:3000)
Payments of the last 10 minutes are left to their webhooks; POST /admin/payments/reconcile takes any range.
Exit code: 0 the books agree, 1 they differ, 2 not all could be compared`;

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

function readOptions() {
  const options = {
    stage: { type: "string" },
    url: { type: "string" },
    help: { type: "boolean" },
  } as const;
  try {
    return parseArgs({ options }).values;
  } catch (error) {
    throw new Error(`${(error as Error).message}\n${usage}`, { cause: error });
  }
}

async function main(): Promise<number> {
  const { stage, url, help } = readOptions();
  if (help) {
    console.log(usage);
    return 0;
  }
  if ((stage === undefined) === (url === undefined)) throw new Error(usage);
  const run = url === undefined ? await openStage(stage!) : openLocal(url);
  const tally = createTally();
  for (let goesOn = true; goesOn;) {
    const { cursor, ...found } = await run();
    console.log(tally.add(found));
    for (const each of found.differences) console.error(JSON.stringify(each));
    goesOn = cursor !== undefined;
  }
  const { code, text } = tally.judge();
  console.log(text);
  return code;
}

try {
  process.exitCode = await main();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 2;
}

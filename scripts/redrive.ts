/** `npm run redrive`: hands the changes that could not be processed over again, after what stopped them was mended. */
import { parseArgs } from "node:util";
import { readOutputs } from "./aws/outputs.ts";
import { awsPlace, localPlace } from "./redrive/places.ts";
import { redrive } from "./redrive/redrive.ts";

const usage = `npm run redrive -- --stage NAME     a deployed stage
npm run redrive -- --url URL        the runner on this machine (http://localhost:3000)`;

async function main(): Promise<number> {
  const { values } = parseArgs({ options: { stage: { type: "string" }, url: { type: "string" } } });
  const { stage, url } = values;
  if ((stage === undefined) === (url === undefined)) throw new Error(usage);
  const place = url === undefined ? awsPlace(await readOutputs(stage!)) : localPlace(url);
  const { done, left } = await redrive(place, (count, total) => {
    if (count % 100 === 0) console.log(`${count} of ${total}`);
  });
  console.log(`${done} handed over again, ${left.length} left`);
  for (const { key, why } of left.slice(0, 10)) console.error(`${key}: ${why}`);
  return left.length === 0 ? 0 : 1;
}

try {
  process.exitCode = await main();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}

/** `npm run restore`: makes tables that were brought back to an earlier instant fit to be used by the stage. */
import { parseArgs } from "node:util";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { restore } from "./restore/restore.ts";
import { NotRestored } from "./restore/tables.ts";

const usage = `npm run restore -- --names PATTERN [--endpoint URL]

  --names PATTERN   what the restored tables are called, with {table} for the name of each: 'prod-r1-{table}'
  --endpoint URL    DynamoDB on this machine; without it the account and region of the environment

All tables, brought back to the same second, the old ones fenced: see docs/restore.md. It may be broken off and
started again; it says which setting lets the stage use them.`;

const text = { type: "string" } as const;
const { names, endpoint, help } = parseArgs({
  options: { names: text, endpoint: text, help: { type: "boolean" } },
}).values;

if (!names?.includes("{table}") || help === true) {
  console.log(usage);
  process.exit(help === true ? 0 : 1);
}

const local = { region: "local", credentials: { accessKeyId: "local", secretAccessKey: "local" } };
const client = new DynamoDBClient(endpoint === undefined ? {} : { endpoint, ...local });
const isLocal = endpoint !== undefined;
try {
  const setting = await restore({
    client,
    pattern: names,
    isLocal,
    say: (line) => console.log(line),
  });
  console.log(`Deploy with: -c restoredTables=${setting}`);
} catch (error) {
  if (!(error instanceof NotRestored)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}

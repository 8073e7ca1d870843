/** `npm run migrate`: carries the stock rows of an older store over, while orders are taken or not. */
import { parseArgs } from "node:util";
import { systemClock } from "../shared/base/time.ts";
import { carryOverAll } from "../shared/inventory/old-layout.ts";
import { createDocumentClient } from "../shared/table/client.ts";
import { createDatabase } from "../shared/table/database.ts";

const usage = `npm run migrate -- --table NAME [--endpoint URL]

  --table NAME     the stock table, as the stack's output or the runner's list of tables calls it
  --endpoint URL   DynamoDB on this machine; without it the account and region of the environment

It may be broken off and started again; what was carried over stays so. See docs/migration.md.`;

const text = { type: "string" } as const;
const { table, endpoint, help } = parseArgs({
  options: { table: text, endpoint: text, help: { type: "boolean" } },
}).values;

if (table === undefined || help === true) {
  console.log(usage);
  process.exit(help === true ? 0 : 1);
}

const local = { region: "local", credentials: { accessKeyId: "local", secretAccessKey: "local" } };
const client = createDocumentClient(endpoint === undefined ? {} : { endpoint, ...local });
const database = createDatabase({ client, tableName: () => table });
try {
  const { rows, carried } = await carryOverAll(database, systemClock, (sofar) => {
    console.log(`${sofar.rows} rows looked at, ${sofar.carried} carried over`);
  });
  console.log(`Done: ${carried} of ${rows} rows were of the old layout and are carried over.`);
} catch (error) {
  const { name } = error as Error;
  if (name !== "ResourceNotFoundException") throw error;
  console.error(
    `There is no table ${table} at ${endpoint ?? "the account and region of the environment"}.`,
  );
  process.exitCode = 1;
}

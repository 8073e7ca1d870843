/** Brings up what everything else stands on: the database, the synthesized template, the tables and the sign-in. */
import { join } from "node:path";
import { connectDynamoDb } from "./database/dynamodb-client.ts";
import { startDynamoDbLocal, untilDynamoDbAnswers } from "./database/dynamodb-local.ts";
import { createTables, dropTables, findNamedTables } from "./database/tables.ts";
import { declaredSignIn } from "./http/api.ts";
import { createIssuer } from "./http/issuer.ts";
import { readAssembly } from "./assembly/assembly.ts";
import {
  createResourceValues,
  listDomains,
  listSocketApis,
  rewriteApiUrl,
} from "./assembly/resource-values.ts";
import { type Context, synthesize } from "./assembly/synth.ts";
import { createTemplateResolver } from "./assembly/template.ts";

/** Which stack to bring up, and on which database. */
export interface StackOptions {
  readonly context?: Context;
  readonly assemblyDirectory?: string;
  readonly dynamoDbEndpoint?: string | undefined;
  readonly tablePrefix?: string;
  readonly dataDirectory?: string | undefined;
  readonly signal?: AbortSignal;
}

/** A DynamoDB that is said to run already should answer soon. */
const THEIR_LIMIT_MS = 5000;

async function startDatabase(options: StackOptions, cleanup: AsyncDisposableStack) {
  if (options.dynamoDbEndpoint) {
    await untilDynamoDbAnswers(options.dynamoDbEndpoint, THEIR_LIMIT_MS);
    return { endpoint: options.dynamoDbEndpoint, ended: new Promise<never>(() => {}) };
  }
  const { dataDirectory } = options;
  const database = await startDynamoDbLocal({
    dataDirectory: dataDirectory && join(dataDirectory, "dynamodb"),
  });
  cleanup.defer(() => database.stop());
  return database;
}

async function settleAll<T extends readonly unknown[]>(
  work: readonly [...{ [K in keyof T]: Promise<T[K]> }],
): Promise<T> {
  // A failure is only passed on when the others are through, so that what they started is cleaned up too.
  await Promise.allSettled(work);
  return Promise.all(work) as unknown as Promise<T>;
}

/** Starts the database and synthesizes the stack, both at once; the template knows both addresses. */
export async function loadStack(
  options: StackOptions,
  addresses: { readonly apiUrl: string; readonly awsUrl: string },
  cleanup: AsyncDisposableStack,
) {
  const { context = {}, tablePrefix = "", signal, assemblyDirectory } = options;
  const [database, directory] = await settleAll([
    startDatabase(options, cleanup),
    assemblyDirectory
      ? Promise.resolve(assemblyDirectory)
      : synthesize(signal ? { context, signal } : { context }),
  ] as const);
  signal?.throwIfAborted();
  const assembly = readAssembly(directory);
  const template = createTemplateResolver({
    template: assembly.template,
    stackName: assembly.stackName,
    values: createResourceValues({ tablePrefix, ...addresses }),
    rewrite: rewriteApiUrl(addresses.apiUrl, {
      sockets: listSocketApis(assembly.template),
      domains: listDomains(assembly.template),
      awsUrl: addresses.awsUrl,
    }),
  });
  const dynamoDb = connectDynamoDb(database.endpoint);
  cleanup.defer(() => dynamoDb.close());
  return { database, assembly, template, dynamoDb };
}

/** A stack whose template is loaded. */
export type LoadedStack = Awaited<ReturnType<typeof loadStack>>;

/** Creates the tables that the template declares, and the issuer that stands in for its own user pool. */
export async function createDeclared(
  { template, dynamoDb }: LoadedStack,
  { tablePrefix, apiUrl }: { readonly tablePrefix: string; readonly apiUrl: string },
  cleanup: AsyncDisposableStack,
) {
  const signIn = declaredSignIn(template);
  const [tables, issuer] = await settleAll([
    createTables(dynamoDb, template),
    signIn?.isOwnPool
      ? createIssuer(`${apiUrl}/_local`, signIn.audience, signIn.groupsClaim)
      : Promise.resolve(undefined),
  ] as const);
  if (tablePrefix) cleanup.defer(() => dropTables(dynamoDb, tables));
  const named = await findNamedTables(dynamoDb, template, tables);
  return { tables: [...tables, ...named], issuer, signIn };
}

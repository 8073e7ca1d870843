/** Writes, alone or together, each once whatever becomes of the answers. */
import { randomUUID } from "node:crypto";
import { TransactWriteCommand } from "@aws-sdk/lib-dynamodb";
import { noteCommit } from "./operation.ts";
import type { Bearing } from "./retry.ts";
import { createSingleWriting, type WritingParts } from "./single-writing.ts";
import type { TableName, TableResolver } from "./table-name.ts";
import { makeRefusal, TransactionRefused } from "./transaction.ts";
import { type Key, listTogether, makeRequest, type Row, type Write } from "./write.ts";

/** How a write is done, besides its own terms. */
export interface WriteOptions extends Bearing {
  /**
   * The write is no part of what the operation was asked for, and comes to nothing by itself: when time
   * runs out behind it, the operation may still say that nothing was changed.
   */
  readonly isAside?: boolean;
}

/** A transaction's token makes its repetitions one. */
export interface TransactOptions extends WriteOptions {
  readonly token?: string;
}

type Sent = ReturnType<typeof makeRequest>;

function transactionPart(write: Write, tableName: TableResolver): Record<string, Sent> {
  const names = {
    put: "Put",
    update: "Update",
    check: "ConditionCheck",
  } as const;
  return { [names[write.kind]]: makeRequest(write, tableName) };
}

/** What writing together needs besides: how to see what a transaction has left. */
interface TogetherParts extends WritingParts<Bearing> {
  readonly read: (table: TableName, key: Key) => Promise<Row | undefined>;
}

/** Makes `apply` and `transact` of a database; their promises are stated there. */
export function createWriting({ read, ...parts }: TogetherParts) {
  const { client, tableName, persist } = parts;
  const applyAlone = createSingleWriting(parts);

  async function transact(
    writes: readonly Write[],
    { token = randomUUID(), isAside, ...bearing }: TransactOptions = {},
  ): Promise<void> {
    const together = listTogether(writes);
    const command = new TransactWriteCommand({
      TransactItems: together.map((write) => transactionPart(write, tableName)),
      ClientRequestToken: token,
    });
    await persist<unknown>(
      {
        attempt: () => client.send(command),
        refused({ found }, afterLoss) {
          throw makeRefusal(together, found, afterLoss);
        },
        hasEffect: true,
      },
      bearing,
    );
    if (!isAside) noteCommit();
  }

  /** A transaction hands nothing back: who wants to see the item reads it. */
  async function applyWithCompanion(write: Write, writing?: WriteOptions): Promise<Row> {
    try {
      await transact([write], writing);
    } catch (error) {
      throw error instanceof TransactionRefused ? error.refusals[0]!.error : error;
    }
    if (write.kind === "put") return write.item;
    return write.isBlind ? {} : ((await read(write.table, write.key)) ?? {});
  }

  async function apply(write: Write, writing: WriteOptions = {}): Promise<Row> {
    if (write.companion) return applyWithCompanion(write, writing);
    const { isAside, ...bearing } = writing;
    const row = await applyAlone(write, bearing);
    if (!isAside) noteCommit();
    return row;
  }

  return { apply, transact };
}

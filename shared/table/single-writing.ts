/** One write by itself, once whatever becomes of the answers. */
import { type DynamoDBDocumentClient, PutCommand, UpdateCommand } from "@aws-sdk/lib-dynamodb";
import { type Persisting, refusedAs } from "./repeating.ts";
import type { TableResolver } from "./table-name.ts";
import { makeRepeatable, makeRequest, type Row, type Write } from "./write.ts";

/** What writing needs: where to, and how patiently. */
export interface WritingParts<Bearing = never> {
  readonly client: Pick<DynamoDBDocumentClient, "send">;
  readonly tableName: TableResolver;
  readonly persist: Persisting<Bearing>;
}

function singleCommand(write: Write, tableName: TableResolver): PutCommand | UpdateCommand {
  const request = makeRequest(write, tableName);
  if (write.kind === "put") return new PutCommand({ ...request, Item: write.item });
  if (write.kind === "update") {
    const ReturnValues = write.isBlind ? "NONE" : "ALL_NEW";
    return new UpdateCommand({ ...request, Key: write.key, ReturnValues });
  }
  throw new Error("A check alone writes nothing: read the item instead");
}

/** Makes what carries out a write that has no companion. */
export function createSingleWriting<Bearing>(parts: WritingParts<Bearing>) {
  const { client, tableName, persist } = parts;
  return function applyAlone(write: Write, bearing?: Bearing): Promise<Row> {
    const attempt = async (afterLoss: boolean): Promise<Row> => {
      const command = singleCommand(afterLoss ? makeRepeatable(write) : write, tableName);
      const output = await client.send(command as UpdateCommand);
      return output.Attributes ?? (write.kind === "put" ? write.item : {});
    };
    return persist(
      {
        attempt,
        refused: ({ found }, afterLoss) => refusedAs(write, found.get(0), afterLoss),
        hasEffect: true,
      },
      bearing,
    );
  };
}

/** What stands between a service and the database, to prove that a check finds what goes wrong there. */
import type { Command } from "./engine/engine.ts";

/** The parts of a request that tests change. */
export interface TamperedInput {
  readonly ConditionExpression?: string;
  readonly UpdateExpression?: string;
  readonly ExpressionAttributeValues?: Readonly<Record<string, unknown>>;
  readonly TransactItems?: readonly Record<string, TamperedInput>[];
}

/** The same command with its input changed. */
export function changed(command: Command, change: (input: TamperedInput) => object): Command {
  const copy = Object.create(Object.getPrototypeOf(command) as object) as Command;
  return Object.assign(copy, command, { input: change(command.input as TamperedInput) });
}

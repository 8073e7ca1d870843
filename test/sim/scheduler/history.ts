/** What happened in a run, to be read when it went wrong. */
import type { Command } from "../engine/engine.ts";
import type { Invocation } from "./world.ts";

/** The instant at which every simulation begins. */
export const simulationStartMs = Date.UTC(2026, 0, 1);

interface Line {
  readonly atMs: number;
  readonly who: string;
  readonly what: string;
  readonly command?: Command | undefined;
}

function keyOf(input: Record<string, unknown>): string {
  const { Key, Item, TableName, TransactItems, RequestItems, IndexName } = input;
  if (Array.isArray(TransactItems)) {
    return TransactItems.flatMap((part: Record<string, Record<string, unknown>>) =>
      Object.entries(part).map(([kind, action]) => `${kind} ${keyOf(action)}`),
    ).join(", ");
  }
  if (RequestItems) return JSON.stringify(RequestItems);
  const item = Item as Record<string, unknown> | undefined;
  const key = (Key as object | undefined) ?? (item ? firstOf(item) : {});
  return `${String(TableName)}${IndexName ? `/${String(IndexName)}` : ""} ${JSON.stringify(key)}`;
}

/** A put names its item by its first attribute, which is the key wherever the project writes one. */
function firstOf(item: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(item).slice(0, 1));
}

/** Collects lines; they are made into text only when somebody wants to read them. */
export class History {
  /** Nothing is collected: nobody will read it, and it would fill the memory. */
  isOff = false;
  readonly #lines: Line[] = [];

  note(atMs: number, invocation: Invocation | undefined, what: string): void {
    if (this.isOff) return;
    this.#lines.push({ atMs, who: nameOf(invocation), what });
  }

  request(
    atMs: number,
    invocation: Invocation | undefined,
    label: string,
    command: Command | undefined,
    refusal?: string,
  ): void {
    if (this.isOff) return;
    const what = refusal === undefined ? label : `${label} refused: ${refusal}`;
    this.#lines.push({ atMs, who: nameOf(invocation), what, command });
  }

  /** The last lines as text, oldest first. */
  text(most = 400): string {
    return this.#lines.slice(-most).map(lineText).join("\n");
  }
}

function nameOf(invocation: Invocation | undefined): string {
  return invocation ? `${invocation.label}#${invocation.id}` : "-";
}

function lineText({ atMs, who, what, command }: Line): string {
  const seconds = ((atMs - simulationStartMs) / 1000).toFixed(3).padStart(10);
  const target = command ? `  ${keyOf(command.input as Record<string, unknown>)}` : "";
  return `${seconds}s  ${who.padEnd(28)} ${what}${target}`;
}

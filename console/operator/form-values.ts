/** What stands in forms, as text, and what it means: instants, amounts, numbers, lists, and what the API says of a field. */
import { isProblem } from "../../client/index.ts";

/** What stands in each field; nothing is the empty text. */
export type Values = Readonly<Record<string, string>>;

/** One field of a form. */
export interface Field {
  /** As the contract calls it, with dots where it is inside of another. */
  readonly name: string;
  readonly label: string;
  readonly kind?: "text" | "area" | "number" | "time" | "check" | "choice" | "many";
  /** Of a choice, or of what many can be chosen from. */
  readonly options?: readonly string[];
  readonly hint?: string;
  readonly required?: boolean;
  readonly isShown?: (values: Values) => boolean;
}

/** What is wrong with a field, by its path. */
export interface Issue {
  readonly path: string;
  readonly message: string;
}

/** Fields come with the part of the request that they are in, or without. */
const part = /^(?:body|path|query)\./;
const place = /^([\w.]+): ([^]*)$/;

/** What an error says of fields; nothing where it is about no field. */
export function parseIssues(error: unknown): readonly Issue[] {
  if (isProblem(error, "INVALID_REQUEST")) {
    const { issues = [] } = error.problem;
    return issues.map(({ path, message }) => ({ path: path.replace(part, ""), message }));
  }
  const [, path, message] = place.exec(error instanceof Error ? error.message : "") ?? [];
  return path && message ? [{ path: path.replace(part, ""), message }] : [];
}

/** The error that says of a field, before anything is sent, what is wrong. */
export function makeFieldError(name: string, message: string): Error {
  return new Error(`body.${name}: ${message}`);
}

/** A text, or undefined where nothing stands there. */
export function readText(values: Values, name: string): string | undefined {
  return values[name]?.trim() || undefined;
}

/** A whole number. @throws Error that names the field. */
export function readNumber(values: Values, name: string): number | undefined {
  const text = readText(values, name);
  if (text === undefined) return undefined;
  const number = Number(text);
  if (!Number.isSafeInteger(number)) throw makeFieldError(name, "must be a whole number");
  return number;
}

/** An instant as a field shows it: this machine's time, to the second. */
export function formatInstant(atMs: number | undefined): string {
  if (atMs === undefined) return "";
  const offsetMs = new Date(atMs).getTimezoneOffset() * 60_000;
  return new Date(atMs - offsetMs).toISOString().slice(0, 19);
}

/** An instant; where the field shows what was there before, that one to the millisecond. */
export function readInstant(values: Values, name: string, before?: number): number | undefined {
  const text = readText(values, name);
  if (text === undefined) return undefined;
  return text === formatInstant(before) ? before : new Date(text).getTime();
}

/** Those of a list that are chosen. */
export function readMany(values: Values, name: string): string[] {
  return (values[name] ?? "").split(" ").filter(Boolean);
}

/** Without what is undefined, which JSON has no word for. */
export function dropUndefined<T extends object>(given: T): T {
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as T;
}

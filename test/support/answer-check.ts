/** Checks answers against the OpenAPI document: the status is named there, and the body fits its schema. */
import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import { problems } from "../../functions/runtime/problem.ts";
import { endpoints } from "../../shared/api/index.ts";
import { openApiDocument } from "../../shared/api/openapi.ts";

/** An answer as it came over the wire, its body parsed where it is JSON. */
export interface AnswerGiven {
  readonly status: number;
  readonly contentType: string | null;
  readonly body: unknown;
}

/** An operation of the document. */
export interface Operation {
  readonly name: string;
  readonly method: string;
  /** With `{parameters}`. */
  readonly path: string;
  readonly parameters: readonly {
    readonly name: string;
    readonly in: "path" | "query" | "header";
    readonly required: boolean;
    readonly example?: string;
    readonly schema: JsonSchema;
  }[];
  readonly body: JsonSchema | undefined;
  /** The body that the reference shows. */
  readonly example: unknown;
  /** Those without content, such as 304, have no body. */
  readonly responses: Readonly<
    Record<string, { content?: Record<string, { schema: JsonSchema }> }>
  >;
}

/** A schema as the document has it. */
export type JsonSchema = Readonly<Record<string, unknown>>;

interface RawOperation {
  operationId: string;
  parameters: Operation["parameters"];
  requestBody?: { content: { "application/json": { schema: JsonSchema; example?: unknown } } };
  responses: Operation["responses"];
}

const written = openApiDocument(endpoints, { problems });

/** A part of the document with what its references lead to in their place. */
function resolved(part: unknown): unknown {
  if (typeof part !== "object" || part === null) return part;
  if (Array.isArray(part)) return part.map(resolved);
  const { $ref, ...rest } = part as JsonSchema;
  const here = Object.fromEntries(
    Object.entries(rest).map(([name, inner]) => [name, resolved(inner)]),
  );
  if (typeof $ref !== "string") return here;
  const target = $ref
    .split("/")
    .slice(1)
    .reduce<unknown>((node, name) => (node as JsonSchema)[name], written);
  return { ...(resolved(target) as JsonSchema), ...here };
}

const document = resolved(written) as JsonSchema;
const ajv = new Ajv2020({ strict: false, allErrors: true });

/** Every operation of the document. */
export const operations: readonly Operation[] = Object.entries(
  document["paths"] as Record<string, Record<string, RawOperation>>,
).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({
    name: operation.operationId,
    method: method.toUpperCase(),
    path,
    parameters: operation.parameters,
    body: operation.requestBody?.content["application/json"].schema,
    example: operation.requestBody?.content["application/json"].example,
    responses: operation.responses,
  })),
);

const patterns = operations
  .map((operation) => ({
    operation,
    // Fixed segments before parameters, as API Gateway chooses: `/orders/me` is not `/orders/{orderId}`.
    parameters: (operation.path.match(/\{/g) ?? []).length,
    pattern: new RegExp(`^${operation.path.replaceAll(/\{\w+\}/g, "[^/]+")}$`),
  }))
  .toSorted((one, other) => one.parameters - other.parameters);

/** The operation that answers this request, or undefined when none does. */
function operationFor(method: string, path: string): Operation | undefined {
  const [bare = ""] = path.split("?");
  const found = patterns.find(({ operation, pattern }) => {
    return operation.method === method && pattern.test(bare);
  });
  return found?.operation;
}

const validators = new Map<string, ValidateFunction>();

function validatorOf(operation: Operation, status: number, type: string): ValidateFunction {
  const key = `${operation.name} ${status} ${type}`;
  const known = validators.get(key);
  if (known) return known;
  const validator = ajv.compile({ ...operation.responses[status]!.content![type]!.schema });
  validators.set(key, validator);
  return validator;
}

/** What is wrong with an answer, in words; undefined when it is as the document says. */
export function wrongIn(operation: Operation, answer: AnswerGiven): string | undefined {
  const { status, contentType, body } = answer;
  const response = operation.responses[status];
  if (!response) return `${operation.name} answered ${status}, which it does not name`;
  if (!response.content) return undefined;
  const type = contentType?.split(";")[0] ?? "";
  if (!response.content[type]) return `${operation.name} answered ${status} as ${type}`;
  const validate = validatorOf(operation, status, type);
  if (validate(body)) return undefined;
  const errors = ajv.errorsText(validate.errors, { dataVar: "body" });
  return `${operation.name} answered ${status} with a body that does not fit: ${errors}`;
}

/** Fails the test whose answer is not as the document says; what no operation answers is left alone. */
export function checkAnswer(method: string, path: string, answer: AnswerGiven): void {
  const operation = path.startsWith("/_local") ? undefined : operationFor(method, path);
  const wrong = operation && wrongIn(operation, answer);
  if (wrong === undefined) return;
  throw new Error(`${wrong}\n${method} ${path}\n${JSON.stringify(answer.body)?.slice(0, 500)}`);
}

/** The body of a request: how large, in which form, and what JSON it holds. Refused before anybody looks into it. */
import type { APIGatewayProxyEventV2WithJWTAuthorizer } from "aws-lambda";
import { defaultBodyBytes, defaultBodyParts, type Endpoint } from "../../shared/api/endpoint.ts";
import { HoldfastError, InvalidRequest, TooLarge } from "../../shared/base/errors.ts";
import { checkJsonText } from "./json-text.ts";

type Event = APIGatewayProxyEventV2WithJWTAuthorizer;

function unsupported(detail: string): HoldfastError {
  return new HoldfastError("UNSUPPORTED_MEDIA_TYPE", detail);
}

function checkSize({ maxBodyBytes = defaultBodyBytes }: Endpoint, event: Event): void {
  const encoding = event.isBase64Encoded ? "base64" : "utf8";
  if (Buffer.byteLength(event.body ?? "", encoding) <= maxBodyBytes) return;
  throw new TooLarge(`The body has at most ${maxBodyBytes} bytes here`, maxBodyBytes);
}

/** JSON is UTF-8 between systems (RFC 8259), and nobody unpacks what comes packed. */
function checkForm({ headers }: Event): void {
  const coding = headers["content-encoding"]?.trim().toLowerCase() ?? "";
  if (!["", "identity"].includes(coding)) {
    throw unsupported(`The body must not be encoded, and this is ${coding}`);
  }
  const [, charset] = /;\s*charset\s*=\s*"?([^\s;"]*)/i.exec(headers["content-type"] ?? "") ?? [];
  if (charset !== undefined && !/^utf-?8$/i.test(charset)) {
    throw unsupported(`The body must be UTF-8, and this is ${charset}`);
  }
}

function checkType({ headers }: Event): void {
  if (/^application\/([a-z0-9.+-]+\+)?json(;|$)/i.test(headers["content-type"] ?? "")) return;
  throw unsupported("The body must be application/json");
}

/** Names by which JSON could reach into the prototypes of whatever it is merged into. */
function isForbidden(name: string, value: unknown): boolean {
  if (name === "__proto__") return true;
  return name === "constructor" && value instanceof Object && Object.hasOwn(value, "prototype");
}

/** Where a forbidden name is; one look at each name, because a reviver costs many times the parsing. */
function findForbidden(value: unknown): string[] | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  for (const name of Object.keys(value)) {
    const inner = (value as Record<string, unknown>)[name];
    const below = isForbidden(name, inner) ? [] : findForbidden(inner);
    if (below) return [name, ...below];
  }
  return undefined;
}

function parseJson(
  { maxBodyParts = defaultBodyParts }: Endpoint,
  { body = "", isBase64Encoded }: Event,
): unknown {
  const text = isBase64Encoded ? Buffer.from(body, "base64").toString() : body;
  checkJsonText(text, maxBodyParts);
  try {
    return JSON.parse(text);
  } catch {
    throw new InvalidRequest([{ path: "body", message: "is not valid JSON" }]);
  }
}

/**
 * The event with its body as JSON, where the endpoint takes any; an absent body counts as an empty object.
 *
 * @throws TooLarge when the body is larger, or has more in it, than the endpoint takes
 * @throws HoldfastError `UNSUPPORTED_MEDIA_TYPE` when it is no JSON, not UTF-8 or packed
 * @throws InvalidRequest when it cannot be parsed, has too many levels, or a name that reaches into prototypes
 */
export function parseBody(endpoint: Endpoint, event: Event): Event {
  const isAbsent = event.body === undefined || event.body === "";
  if (isAbsent) return endpoint.rawBody ? event : { ...event, body: {} as never };
  checkSize(endpoint, event);
  checkForm(event);
  if (endpoint.rawBody) return event;
  checkType(event);
  const body = parseJson(endpoint, event);
  const forbidden = findForbidden(body);
  if (!forbidden) return { ...event, body: body as never };
  throw new InvalidRequest([{ path: forbidden.join("."), message: "is not allowed as a name" }]);
}

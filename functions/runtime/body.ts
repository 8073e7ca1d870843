/** The body of a request: how large, in which form, and what JSON it holds. Refused before anybody looks into it. */
import httpJsonBodyParser from "@middy/http-json-body-parser";
import type { APIGatewayProxyEventV2WithJWTAuthorizer } from "aws-lambda";
import { defaultBodyBytes, type Endpoint } from "../../shared/api/endpoint.ts";
import {
  HoldfastError,
  type InputIssue,
  InvalidRequest,
  TooLarge,
} from "../../shared/base/errors.ts";

type Event = APIGatewayProxyEventV2WithJWTAuthorizer;

const parseJson = httpJsonBodyParser();

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

/** Names like `__proto__` are refused while parsing, so that no code ever meets them. */
function whyNotParsed(error: unknown): InputIssue {
  const { message, cause } = error as Error & { cause?: { data?: unknown } };
  const isForbiddenName = /forbidden key/i.test(message);
  return isForbiddenName
    ? { path: String(cause?.data), message: "is not allowed as a name" }
    : { path: "body", message: "is not valid JSON" };
}

/**
 * The event with its body as JSON, where the endpoint takes any; an absent body counts as an empty object.
 *
 * @throws TooLarge when the body is larger than the endpoint takes
 * @throws HoldfastError `UNSUPPORTED_MEDIA_TYPE` when it is no JSON, not UTF-8 or packed
 * @throws InvalidRequest when it cannot be parsed
 */
export async function parseBody(endpoint: Endpoint, event: Event): Promise<Event> {
  const isAbsent = event.body === undefined || event.body === "";
  if (isAbsent) return endpoint.rawBody ? event : { ...event, body: {} as never };
  checkSize(endpoint, event);
  checkForm(event);
  if (endpoint.rawBody) return event;
  try {
    const parsed = { ...event };
    await parseJson.before?.({ event: parsed } as never);
    return parsed;
  } catch (error) {
    if ((error as { statusCode?: number }).statusCode === 415) {
      throw unsupported("The body must be application/json");
    }
    throw new InvalidRequest([whyNotParsed(error)]);
  }
}

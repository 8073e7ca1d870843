/** Turns what a function returned into an HTTP answer, as API Gateway does for payload format 2.0. */

/** An answer ready to be sent. */
export interface HttpAnswer {
  readonly status: number;
  readonly headers: Record<string, string | string[]>;
  readonly body: Buffer | string;
}

/** API Gateway's own answers, in its own words. */
export function gatewayMessage(
  status: number,
  message: string,
  headers: Record<string, string> = {},
): HttpAnswer {
  return {
    status,
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify({ message }),
  };
}

/** What every failure of a function looks like from outside. */
export const INTERNAL_SERVER_ERROR = gatewayMessage(500, "Internal Server Error");

/** These belong to the connection, which is the gateway's. */
const NOT_PASSED_ON = new Set(["connection", "content-length", "keep-alive", "transfer-encoding"]);

interface Structured {
  readonly statusCode: unknown;
  readonly headers?: Record<string, unknown>;
  readonly cookies?: unknown[];
  readonly body?: unknown;
  readonly isBase64Encoded?: boolean;
}

function isStructured(value: unknown): value is Structured {
  return typeof value === "object" && value !== null && "statusCode" in value;
}

function joinHeaders({ headers, cookies }: Structured): HttpAnswer["headers"] {
  const sent: HttpAnswer["headers"] = {};
  for (const [name, value] of Object.entries(headers ?? {})) {
    const key = name.toLowerCase();
    if (value !== undefined && value !== null && !NOT_PASSED_ON.has(key)) sent[key] = String(value);
  }
  if (cookies && cookies.length > 0) sent["set-cookie"] = cookies.map(String);
  return { "content-type": "text/plain;charset=UTF-8", ...sent };
}

/**
 * Maps a function's result, which is JSON text or undefined for an empty one.
 * A value without `statusCode` is the body of a 200; one that makes no sense is a 500.
 */
export function createAnswer(result: string | undefined): HttpAnswer {
  const value: unknown = JSON.parse(result ?? "null");
  if (!isStructured(value)) {
    const body = typeof value === "string" ? value : (result ?? "null");
    return { status: 200, headers: { "content-type": "application/json" }, body };
  }
  const status = Number(value.statusCode);
  const body = value.body ?? "";
  if (!Number.isInteger(status) || status < 100 || status > 599 || typeof body !== "string") {
    return INTERNAL_SERVER_ERROR;
  }
  return {
    status,
    headers: joinHeaders(value),
    body: value.isBase64Encoded ? Buffer.from(body, "base64") : body,
  };
}

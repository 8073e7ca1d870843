/** Writes a request down as the event that a function gets: API Gateway's payload format 2.0. */
import { randomUUID } from "node:crypto";
import { ACCOUNT } from "../assembly/local-account.ts";

/** A request as it came in. */
export interface GatewayRequest {
  readonly method: string;
  /** The path before any decoding. */
  readonly path: string;
  readonly rawQueryString: string;
  /** Names and values in turn, as Node's `rawHeaders`. */
  readonly rawHeaders: string[];
  readonly body: Buffer;
  readonly sourceIp: string;
}

/** What the gateway found out about the request. */
export interface GatewayFindings {
  readonly routeKey: string;
  readonly apiId: string;
  readonly stage: string;
  readonly stageVariables?: Record<string, string>;
  readonly pathParameters: Record<string, string>;
  jwt?: { claims: Record<string, string>; scopes: string[] | null };
}

const TEXT = /^(text\/|application\/(json|javascript|xml)\b|application\/[\w.+-]+\+(json|xml)\b)/iu;

/** API Gateway hands over text as it is and everything else, unknown types included, as base64. */
export function isText(contentType: string | undefined, contentEncoding?: string): boolean {
  if (contentEncoding && contentEncoding !== "identity") return false;
  return TEXT.test(contentType?.trim() ?? "");
}

/** Lower-case names; a header that comes several times has its values joined by commas. */
export function joinHeaders(rawHeaders: string[]): Record<string, string> {
  const headers: Record<string, string> = Object.create(null) as Record<string, string>;
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const name = rawHeaders[index]!.toLowerCase();
    const value = rawHeaders[index + 1]!;
    headers[name] = name in headers ? `${headers[name]},${value}` : value;
  }
  return headers;
}

function joinQuery(rawQueryString: string): Record<string, string> | undefined {
  if (rawQueryString === "") return undefined;
  const joined = new Map<string, string>();
  for (const [name, value] of new URLSearchParams(rawQueryString)) {
    const before = joined.get(name);
    joined.set(name, before === undefined ? value : `${before},${value}`);
  }
  return Object.fromEntries(joined);
}

/** Claims become text as Go prints them: `[admin ops]` for a list, `map[a:1]` for an object. */
export function claimText(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(claimText).join(" ")}]`;
  if (typeof value === "object" && value !== null) {
    const entries = Object.entries(value).toSorted(([left], [right]) => (left < right ? -1 : 1));
    return `map[${entries.map(([key, entry]) => `${key}:${claimText(entry)}`).join(" ")}]`;
  }
  return value === null ? "<nil>" : String(value);
}

/** `12/Mar/2026:19:03:58 +0000` */
function commonLogTime(date: Date): string {
  const [, day, month, year, time] = date.toUTCString().split(" ");
  return `${day}/${month}/${year}:${time} +0000`;
}

/** Makes the event of a request. */
export function createEvent(request: GatewayRequest, findings: GatewayFindings): object {
  const { cookie, ...headers } = joinHeaders(request.rawHeaders);
  const now = new Date();
  const domainName = headers["host"] ?? "localhost";
  const queryStringParameters = joinQuery(request.rawQueryString);
  const rawPath = decodeURIComponent(request.path);
  const hasBody = request.body.length > 0;
  const text = isText(headers["content-type"], headers["content-encoding"]);
  return {
    version: "2.0",
    routeKey: findings.routeKey,
    rawPath,
    rawQueryString: request.rawQueryString,
    ...(cookie !== undefined && { cookies: cookie.split(/;\s*/u).filter(Boolean) }),
    headers: {
      ...headers,
      "x-forwarded-for": request.sourceIp,
      "x-forwarded-port": domainName.split(":")[1] ?? "80",
      "x-forwarded-proto": "http",
    },
    ...(queryStringParameters && { queryStringParameters }),
    requestContext: {
      accountId: ACCOUNT,
      apiId: findings.apiId,
      ...(findings.jwt && { authorizer: { jwt: findings.jwt } }),
      domainName,
      domainPrefix: domainName.split(".")[0],
      http: {
        method: request.method,
        path: rawPath,
        protocol: "HTTP/1.1",
        sourceIp: request.sourceIp,
        userAgent: headers["user-agent"] ?? "",
      },
      requestId: randomUUID(),
      routeKey: findings.routeKey,
      stage: findings.stage,
      time: commonLogTime(now),
      timeEpoch: now.getTime(),
    },
    ...(Object.keys(findings.pathParameters).length > 0 && {
      pathParameters: findings.pathParameters,
    }),
    ...(findings.stageVariables && { stageVariables: findings.stageVariables }),
    ...(hasBody && { body: request.body.toString(text ? "utf8" : "base64") }),
    isBase64Encoded: hasBody && !text,
  };
}

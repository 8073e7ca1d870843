/**
 * Keeps pages of other origins away from what runs on this machine. A page can send requests to loopback
 * addresses, and by DNS rebinding even read the answers under a name of its own: so only this machine's own names
 * are answered, and what only people at this machine may see is not given to any other site's page.
 */
import { gatewayMessage, type HttpAnswer } from "./answer.ts";
import { type GatewayRequest, joinHeaders } from "./event.ts";

const ownNames = new Set(["localhost", "127.0.0.1", "[::1]"]);

/** Whether a `Host` header, without its port, names this machine. */
export function isOwnHost(host: string | undefined): boolean {
  return ownNames.has((host ?? "").toLowerCase().replace(/:\d*$/u, ""));
}

/** What browsers say of the page that sends a request; clients that are none say nothing. */
const ownPages = new Set([undefined, "same-origin", "none"]);

const readPort = (host: string | undefined): string => /:(\d+)$/u.exec(host ?? "")?.[1] ?? "";

/**
 * Whether a request comes from a page of the server that it is for. Older browsers say nothing of the page, but where what
 * it sends comes from. This machine has several names, and a page under one of them may ask under another.
 */
export function isOwnOrigin(origin: string | undefined, host: string | undefined): boolean {
  if (origin === undefined) return true;
  const page = URL.parse(origin);
  return page?.protocol === "http:" && isOwnHost(page.host) && page.port === readPort(host);
}

/** What any page may send without asking first, as forms do. */
const isSimple = (contentType: string | undefined): boolean =>
  !/^application\/json\s*(;|$)/iu.test(contentType ?? "");

/** The answer to a request that must not be served, or undefined where nothing speaks against it. */
export function refusalOfOrigin(request: GatewayRequest): HttpAnswer | undefined {
  const headers = joinHeaders(request.rawHeaders);
  const { host, origin, "sec-fetch-site": site } = headers;
  if (!isOwnHost(host)) return gatewayMessage(421, "Misdirected Request");
  if (!/^\/_local(\/|$)/u.test(request.path)) return undefined;
  if (!ownPages.has(site) || !isOwnOrigin(origin, host)) return gatewayMessage(403, "Forbidden");
  const isRefused = request.body.length > 0 && isSimple(headers["content-type"]);
  return isRefused ? gatewayMessage(415, "Unsupported Media Type") : undefined;
}

/** What CloudFront is to a stack with pages: the files of its bucket, with their headers, and the API behind all other paths. */
import { createServer, request, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { PageFile } from "../../scripts/deploy/page-files.ts";
import { cacheControl } from "../../scripts/deploy/upload-pages.ts";
import { resourcesOf, synthesize } from "../infra/synthesize.ts";
import { pagesOn } from "./contexts.ts";

/** What stands behind it. */
interface Behind {
  readonly files: readonly PageFile[];
  /** Where the API is. */
  readonly apiUrl: string;
  /** The issuer, which pages may ask. */
  readonly issuer: string;
}

/** A front that listens, and is told later what stands behind it. */
export interface PagesFront {
  readonly url: string;
  open(behind: Behind): void;
  stop(): void;
}

interface Headers {
  readonly SecurityHeadersConfig: {
    readonly ContentSecurityPolicy: {
      readonly ContentSecurityPolicy: { "Fn::Join": [string, unknown[]] };
    };
    readonly ReferrerPolicy: { readonly ReferrerPolicy: string };
    readonly FrameOptions: { readonly FrameOption: string };
  };
  readonly CustomHeadersConfig: { readonly Items: { Header: string; Value: string }[] };
}

/** The headers of the template; only whom pages may ask has other names on this machine. */
function readHeaders({ apiUrl, issuer }: Behind): Record<string, string> {
  const type = "AWS::CloudFront::ResponseHeadersPolicy";
  const found = resourcesOf<{ ResponseHeadersPolicyConfig: Headers }>(synthesize(pagesOn), type);
  const [[, { Properties } = { Properties: undefined }] = []] = found;
  const { SecurityHeadersConfig, CustomHeadersConfig } = Properties!.ResponseHeadersPolicyConfig;
  const [, parts] = SecurityHeadersConfig.ContentSecurityPolicy.ContentSecurityPolicy["Fn::Join"];
  const asked = `connect-src 'self' ${apiUrl.replace("http", "ws")} ${issuer}`;
  return {
    "content-security-policy": parts.join("").replace(/connect-src .*$/, asked),
    "referrer-policy": SecurityHeadersConfig.ReferrerPolicy.ReferrerPolicy,
    "x-frame-options": SecurityHeadersConfig.FrameOptions.FrameOption,
    "x-content-type-options": "nosniff",
    ...Object.fromEntries(CustomHeadersConfig.Items.map(({ Header, Value }) => [Header, Value])),
  };
}

function handOn(incoming: IncomingMessage, outgoing: ServerResponse, apiUrl: string): void {
  const { method, headers } = incoming;
  const host = new URL(apiUrl).host;
  const behind = request(apiUrl + incoming.url, { method, headers: { ...headers, host } });
  behind.on("response", (answer) => {
    outgoing.writeHead(answer.statusCode!, answer.headers);
    answer.pipe(outgoing);
  });
  behind.on("error", () => outgoing.destroy());
  incoming.pipe(behind);
}

/** Starts it. */
export async function startPagesFront(): Promise<PagesFront> {
  let behind: Behind | undefined;
  let headers: Record<string, string> = {};
  const server = createServer((incoming, outgoing) => {
    if (!behind) return void outgoing.writeHead(503).end();
    const { pathname } = new URL(incoming.url ?? "/", "http://127.0.0.1");
    const key = pathname === "/" ? "index.html" : pathname.slice(1);
    const file = behind.files.find((each) => each.key === key);
    if (!file) return handOn(incoming, outgoing, behind.apiUrl);
    const { contentType, body } = file;
    const own = { "content-type": contentType, "cache-control": cacheControl };
    outgoing.writeHead(200, { ...headers, ...own }).end(body);
  });
  await new Promise<void>((settle) => server.listen(0, "127.0.0.1", settle));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    open(given) {
      behind = given;
      headers = readHeaders(given);
    },
    stop: () => void server.close().closeAllConnections(),
  };
}

/** What a page under `/_local` is: a function from a request to an answer, with the running Holdfast at hand. */
import type { HttpAnswer } from "../http/answer.ts";
import type { GatewayRequest } from "../http/event.ts";
import type { Runner } from "../runner.ts";

/** A request for a page. */
export interface PageRequest {
  readonly method: string;
  /** The decoded segments of the path after the page's own name. */
  readonly path: string[];
  readonly query: URLSearchParams;
  readonly body: Buffer;
  /** The body as JSON. @throws BadPageRequest when it is none. */
  json<T>(): T;
}

/** Answers a request; what is no `HttpAnswer` is sent as JSON. */
export type Page = (
  request: PageRequest,
  runner: Runner,
) => HttpAnswer | object | Promise<HttpAnswer | object>;

/** The request makes no sense; the message says why. */
export class BadPageRequest extends Error {}

/** There is no such thing. */
export class PageNotFound extends Error {}

/** An answer in JSON. */
export function jsonAnswer(status: number, value: unknown): HttpAnswer {
  return {
    status,
    headers: { "content-type": "application/json", "cache-control": "no-store" },
    body: JSON.stringify(value, undefined, 2),
  };
}

/** An answer with a file's content. */
export function fileAnswer(contentType: string, body: Buffer | string): HttpAnswer {
  return { status: 200, headers: { "content-type": contentType }, body };
}

function isAnswer(value: object): value is HttpAnswer {
  return "status" in value && "headers" in value && "body" in value;
}

function parseJson<T>(body: Buffer): T {
  try {
    return JSON.parse(body.toString()) as T;
  } catch {
    throw new BadPageRequest("the body is not JSON");
  }
}

/** Takes the request of a path `/_local/<name>/…` apart and has the page of that name answer. */
export async function servePage(
  pages: Record<string, Page>,
  request: GatewayRequest,
  runner: Runner,
): Promise<HttpAnswer> {
  const { method, body } = request;
  try {
    const segments = request.path.split("/").slice(2).map(decodeURIComponent);
    const [name = "", ...path] = segments;
    const page = Object.hasOwn(pages, name) ? pages[name] : undefined;
    if (!page) throw new PageNotFound(`there is no /_local/${name}`);
    const query = new URLSearchParams(request.rawQueryString);
    const given = await page(
      { method, path, query, body, json: <T>() => parseJson<T>(body) },
      runner,
    );
    return isAnswer(given) ? given : jsonAnswer(200, given);
  } catch (error) {
    if (error instanceof PageNotFound) return jsonAnswer(404, { message: error.message });
    if (error instanceof BadPageRequest || error instanceof URIError) {
      return jsonAnswer(400, { message: error.message });
    }
    return jsonAnswer(500, { message: String(error) });
  }
}

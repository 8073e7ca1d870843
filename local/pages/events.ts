/**
 * `GET /_local/events`: what left, live. `…/list?type=&resource=&actor=&after=` lists it, `POST …/replay { fromMs? }`
 * sends what the archive has once more, `PUT …/bus { refuses }` has the bus refuse everything, or take it again.
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { BusEvent } from "../aws/buses.ts";
import { BadPageRequest, fileAnswer, type Page, PageNotFound } from "./page.ts";

const file = join(import.meta.dirname, "events.html");
/** So many are listed at once; `after` goes on. */
const mostListed = 500;

/** Whether an event is what the query asks for: beginnings of its type, resource and actor count. */
function isAsked(event: BusEvent, query: URLSearchParams): boolean {
  const facts = event.detail as Readonly<Record<string, unknown>>;
  return ["type", "resource", "actor"].every((name) => {
    const wanted = query.get(name);
    return !wanted || String(facts[name]).startsWith(wanted);
  });
}

function parseBody<T extends object>(body: Buffer, json: () => T): Partial<T> {
  return body.length > 0 ? json() : {};
}

/** The page, and what it asks for. */
export const events: Page = async ({ method, path: [part], query, body, json }, { buses }) => {
  if (part === undefined) {
    return fileAnswer("text/html; charset=utf-8", await readFile(file, "utf8"));
  }
  if (part === "list") {
    const after = Number(query.get("after") ?? 0);
    if (!Number.isInteger(after) || after < 0) throw new BadPageRequest("after is a number");
    const { events: listed, next } = buses.list(after, mostListed);
    return { events: listed.filter((event) => isAsked(event, query)), next };
  }
  if (part === "replay" && method === "POST") {
    const { fromMs = 0 } = parseBody(body, () => json<{ fromMs: number }>());
    if (typeof fromMs !== "number") throw new BadPageRequest("fromMs is an instant");
    return { replayed: buses.replay(fromMs) };
  }
  if (part === "bus" && method === "PUT") {
    const { refuses } = parseBody(body, () => json<{ refuses: boolean }>());
    if (typeof refuses !== "boolean") throw new BadPageRequest("refuses is true or false");
    buses.refuse(refuses);
    return { refuses };
  }
  throw new PageNotFound(`there is no ${method} /_local/events/${part}`);
};

/** Requests of any size up to what API Gateway lets in, as nobody's client would send them. */
import { endpoints } from "../../shared/api/index.ts";
import type { Random } from "../sim/random.ts";

const largest = 6 * 1024 * 1024;

/** What a refusal may take; a list of everything that is wrong would be many times what was sent. */
export const mostAnswerBytes = 64 * 1024;

/** Every route that takes a body. */
export const bodyRoutes: readonly string[] = endpoints
  .filter(({ method }) => method !== "GET" && method !== "DELETE")
  .map(
    ({ method, path }) => `${method} ${path.replace("{userId}", "me").replaceAll(/\{\w+\}/g, "x")}`,
  );

export interface LargeRequest {
  readonly route: string;
  /** About so many; the text says how many in truth. */
  readonly bytes: number;
  readonly makeBody: () => string;
}

/** A text of about so many bytes: much of one thing. */
function bodyOf(random: Random, bytes: number): string {
  const many = (unit: string, join = ""): string => {
    const count = Math.max(1, Math.floor(bytes / (unit.length + join.length)));
    return Array.from({ length: count }, () => unit).join(join);
  };
  const kind = random.pick(["objects", "lines", "deep", "text", "keys", "nulls", "junk"] as const);
  if (kind === "objects") return `[${many("{}", ",")}]`;
  if (kind === "lines") return `{"items":[${many('{"itemId":5}', ",")}]}`;
  if (kind === "deep") return `{"content":${"[".repeat(bytes / 2)}${"]".repeat(bytes / 2)}}`;
  if (kind === "text") return JSON.stringify({ note: many("x"), content: "y" });
  if (kind === "nulls") return `{"names":[${many("null", ",")}]}`;
  if (kind === "junk") return many('{"a":');
  const entries = Array.from({ length: Math.floor(bytes / 16) }, (_, at) => `"key${at}":${at}`);
  return `{${entries.join(",")}}`;
}

/** So many requests, as many small ones as large ones: what is just within a route's limit costs the most. */
export function drawLargeRequests(random: Random, count: number): LargeRequest[] {
  return Array.from({ length: count }, () => {
    const bytes = Math.min(Math.floor(2 ** random.int(8, 22) * (1 + random.next() * 0.5)), largest);
    const own = random.fork();
    return { route: random.pick(bodyRoutes), bytes, makeBody: () => bodyOf(own, bytes) };
  });
}

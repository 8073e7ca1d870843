/**
 * How long a body takes that a route refuses, next to a bare `JSON.parse` of the same text in the same run.
 * `node bench/bodies.ts`; what came of it is in bodies.md.
 */
import type { APIGatewayProxyEventV2WithJWTAuthorizer } from "aws-lambda";
import { parseBody } from "../functions/runtime/body.ts";
import { parse } from "../functions/runtime/validate.ts";
import { largeBodyBytes } from "../shared/api/endpoint.ts";
import { saveDocument } from "../shared/api/documents.ts";
import { placeOrder } from "../shared/api/orders.ts";

const rounds = 15;

/** So many of something as fit into what the route takes. */
function fill(before: string, unit: (at: number) => string, after: string): string {
  const units: string[] = [];
  let bytes = before.length + after.length;
  for (let at = 0; bytes + unit(at).length < largeBodyBytes; at += 1) {
    units.push(unit(at));
    bytes += unit(at).length + 1;
  }
  return `${before}${units.join(",")}${after}`;
}

const name = (at: number): string => `"${at.toString(36)}":1`;
const item = '{"items":[{"itemId":"a","quantity":1,"attributes":';
const bodies = [
  ["an order with unknown names", placeOrder, fill("{", name, "}")],
  ["an order with names in attributes", placeOrder, fill(`${item}{`, name, "}}]}")],
  ["an order of {}", placeOrder, fill('{"items":[', () => "{}", "]}")],
  ["an order of wrong lines", placeOrder, fill('{"items":[', () => '{"itemId":5}', "]}")],
  ["a document with unknown names", saveDocument, fill("{", name, "}")],
  ["a document of numbers", saveDocument, fill('{"content":[', () => "1", "]}")],
  ["text in quotes", placeOrder, fill('{"note":"', () => '\\"[[{{::,', '"}')],
] as const;

const headers = { "content-type": "application/json" };
const eventOf = (body: string) =>
  ({ body, headers, isBase64Encoded: false }) as unknown as APIGatewayProxyEventV2WithJWTAuthorizer;

function medianMs(work: () => void): number {
  const took = Array.from({ length: rounds }, () => {
    const startedMs = performance.now();
    try {
      work();
    } catch {
      // Refused: that is what takes the time.
    }
    return performance.now() - startedMs;
  });
  return took.toSorted((one, other) => one - other)[Math.floor(rounds / 2)]!;
}

console.log("| body of 1 MB | JSON.parse (ms) | refused (ms) | ratio |\n| --- | --- | --- | --- |");
for (const [what, endpoint, body] of bodies) {
  const bareMs = medianMs(() => JSON.parse(body));
  const refusedMs = medianMs(() =>
    parse(endpoint.body, parseBody(endpoint, eventOf(body)).body, []),
  );
  const cells = [what, bareMs.toFixed(1), refusedMs.toFixed(1), (refusedMs / bareMs).toFixed(2)];
  console.log(`| ${cells.join(" | ")} |`);
}

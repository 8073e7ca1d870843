/** The platform itself: health, the OpenAPI document, and the answer to what no route matches. */
import { listMethods, listPaths } from "../shared/api/endpoint.ts";
import { health, openapi } from "../shared/api/platform.ts";
import { HoldfastError } from "../shared/base/errors.ts";
import { answer } from "./runtime/answer.ts";
import { env } from "./runtime/env.ts";
import { createHandler, serve } from "./runtime/http.ts";
import { matchesPath } from "./runtime/paths.ts";
import { problems } from "./runtime/problem.ts";
import { shop } from "./runtime/wiring.ts";

/** What this stage offers. The whole contract is read when it is first asked for: whether all is well takes none of it. */
async function listOffered() {
  const { endpoints } = await import("../shared/api/index.ts");
  return endpoints.filter((each) => env.PRODUCTION === "off" || !each.outsideProduction);
}

async function writeDocument() {
  const { openApiDocument } = await import("../shared/api/openapi.ts");
  return openApiDocument(await listOffered(), { problems, url: env.API_URL });
}

let made: ReturnType<typeof writeDocument> | undefined;

export const handler = createHandler(
  [
    serve(health, async () => {
      // Whether DynamoDB answers: one cheap read.
      await shop.database.get("Locks", { resource: "health" });
      return answer(200, { status: "ok", checks: { dynamodb: "ok" } });
    }),
    serve(openapi, async () => answer(200, await (made ??= writeDocument()))),
  ],
  async ({ rawPath, requestContext: { http } }) => {
    const offered = await listOffered();
    const there = offered.filter((each) =>
      listPaths(each).some((path) => matchesPath(path, rawPath)),
    );
    const allowed = [...new Set(there.flatMap(listMethods))].toSorted();
    // What would take this method here was not meant: the gateway knows better what it hands to whom.
    const isElsewhere = allowed.length === 0 || allowed.includes(http.method);
    if (isElsewhere) throw new HoldfastError("NOT_FOUND", "There is no such route");
    const detail = `${http.method} is not for this route, only ${allowed.join(", ")}`;
    throw new HoldfastError("METHOD_NOT_ALLOWED", detail, { allowed });
  },
);

/** The platform itself: health, the OpenAPI document, and the answer to what no route matches. */
import { endpoints } from "../shared/api/index.ts";
import { health, openapi } from "../shared/api/platform.ts";
import { HoldfastError } from "../shared/base/errors.ts";
import { answer } from "./runtime/answer.ts";
import { services } from "./runtime/container.ts";
import { createHandler, serve } from "./runtime/http.ts";
import { matchesPath } from "./runtime/paths.ts";

export const handler = createHandler(
  [
    serve(health, async () => {
      await services.health.check();
      return answer(200, { status: "ok", checks: { dynamodb: "ok" } });
    }),
    serve(openapi, async () => answer(200, {})),
  ],
  ({ rawPath, requestContext: { http } }) => {
    const methods = endpoints.filter(({ path }) => matchesPath(path, rawPath)).map((e) => e.method);
    if (methods.length === 0) throw new HoldfastError("NOT_FOUND", "There is no such route");
    const detail = `${http.method} is not for this route, only ${methods.join(", ")}`;
    throw new HoldfastError("METHOD_NOT_ALLOWED", detail, { allowed: methods });
  },
);

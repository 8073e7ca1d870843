/** Test routes, outside production only. */
import { createHandler } from "./runtime/http.ts";

export const handler = createHandler([]);

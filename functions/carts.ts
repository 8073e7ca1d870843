/** Carts over HTTP. */
import { createHandler } from "./runtime/http.ts";

export const handler = createHandler([]);

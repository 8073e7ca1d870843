/** Webhooks of the payment providers. */
import { createHandler } from "./runtime/http.ts";

export const handler = createHandler([]);

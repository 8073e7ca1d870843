/** Payments over HTTP: start, verify, refund, and the sandbox's cashier. */
import { createHandler } from "./runtime/http.ts";

export const handler = createHandler([]);

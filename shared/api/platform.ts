/** The contract of the platform itself: is it up, and what does it offer. */
import { z } from "zod";
import { endpoint } from "./endpoint.ts";

/** `GET /health` */
export const health = endpoint("health", "GET", "/health", {
  function: "platform",
  access: "anyone",
  summary: "Whether the service can answer.",
  answers: {
    200: z.object({ status: z.literal("ok"), checks: z.record(z.string(), z.string()) }),
  },
});

/** `GET /openapi.json` */
export const openapi = endpoint("openapi", "GET", "/openapi.json", {
  function: "platform",
  access: "anyone",
  summary: "This contract as OpenAPI 3.1.",
  answers: { 200: z.looseObject({ openapi: z.string() }) },
});

/** The endpoints of this domain. */
export const platformEndpoints = [health, openapi] as const;

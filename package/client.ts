/**
 * `holdfast/client`: the typed client of the HTTP API for browsers and Node, with editing sessions that keep their lock
 * alive and say so when it is lost. It needs no table and no right of its own, only a token of the caller.
 *
 * @example
 * import { createClient, isProblem } from "holdfast/client";
 *
 * const client = createClient({ baseUrl: "https://api.example.com", token: () => currentToken() });
 * const session = await client.documents.edit("report/7");
 * session.on("lost", ({ owner }) => showReadOnly(owner));
 * await session.save({ title: "Plan" });
 * await session.close();
 */
export * from "../client/index.ts";

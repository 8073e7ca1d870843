/**
 * `holdfast/live`: live updates for whoever uses `holdfast/client`, over one WebSocket that comes back by itself. Import it where a page
 * asks for it. It needs no table and no right of its own.
 *
 * @example
 * import { createClient } from "holdfast/client";
 *
 * const client = createClient({ baseUrl: "https://api.example.com", token: () => currentToken() });
 * const { connectLive } = await import("holdfast/live");
 * const live = connectLive(client);
 * live.follow("item/chair", async () => show(await client.getItem({ params: { itemId: "chair" } })));
 * // One's turn in a line is told at once, too:
 * const session = await client.documents.edit("report/7", { waitMs: 60_000, live });
 */
export * from "../client/live.ts";

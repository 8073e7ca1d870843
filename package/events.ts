/**
 * `holdfast/events`: whether a webhook's call is ours, and the event in it, typed: for Node, edge functions and whatever else
 * has WebCrypto. It needs no table and no right of its own, only the endpoint's secret. `client.events.verify` is the same.
 *
 * @example
 * import { verifyEvent } from "holdfast/events";
 *
 * export async function POST(request: Request): Promise<Response> {
 *   const event = await verifyEvent(await request.text(), request.headers, process.env["HOLDFAST_SECRET"]!);
 *   if (event.type === "order.paid") await sendMail(event.data.orderId);
 *   return new Response(null, { status: 204 });
 * }
 */
export type { AnyEvent } from "../shared/api/events.ts";
export * from "../client/verify-event.ts";

/** The routes of webhooks, by the names of their operations: the client has none of them, because shops need none. */
import type { z } from "zod";
import type * as api from "../../shared/api/webhooks.ts";
import type { Session } from "../parts/session.ts";

type Api = typeof api;
type AnswerOf<Name extends keyof Api> = Api[Name] extends {
  readonly answers: { readonly 200: infer Answer extends z.ZodType };
}
  ? z.output<Answer>
  : never;
type BodyOf<Name extends keyof Api> = Api[Name] extends {
  readonly body: infer Body extends z.ZodType;
}
  ? z.input<Body>
  : never;

/** What an endpoint was told, and what became of it. */
export type Delivery = AnswerOf<"listDeliveries">["deliveries"][number];
/** What an endpoint is to be told, and where. */
export type WebhookBody = BodyOf<"putWebhook">;
/** What of the past it is to be told again. */
export type ReplayBody = BodyOf<"replayWebhook">;

const buildPath = (...names: string[]): string =>
  ["/admin/webhooks", ...names.map(encodeURIComponent)].join("/");

/** Each sends one request. */
export const webhookCalls = {
  listWebhooks: ({ ask }: Session, more: string) =>
    ask("GET", `${buildPath()}?limit=100${more}`) as Promise<AnswerOf<"listWebhooks">>,
  getWebhook: ({ ask }: Session, id: string) =>
    ask("GET", buildPath(id)) as Promise<AnswerOf<"getWebhook">>,
  putWebhook: ({ ask }: Session, id: string, body: WebhookBody) =>
    ask("PUT", buildPath(id), body) as Promise<AnswerOf<"putWebhook">>,
  deleteWebhook: ({ ask }: Session, id: string) =>
    ask("DELETE", buildPath(id)) as Promise<AnswerOf<"deleteWebhook">>,
  rotateWebhookSecret: ({ ask }: Session, id: string) =>
    ask("POST", buildPath(id, "secret"), {}) as Promise<AnswerOf<"rotateWebhookSecret">>,
  testWebhook: ({ ask }: Session, id: string) =>
    ask("POST", buildPath(id, "test"), {}) as Promise<AnswerOf<"testWebhook">>,
  replayWebhook: ({ ask }: Session, id: string, body: ReplayBody) =>
    ask("POST", buildPath(id, "replay"), body) as Promise<AnswerOf<"replayWebhook">>,
  listDeliveries: ({ ask }: Session, id: string) =>
    ask("GET", `${buildPath(id, "deliveries")}?limit=100`) as Promise<AnswerOf<"listDeliveries">>,
  retryDelivery: ({ ask }: Session, id: string, deliveryId: string) =>
    ask("POST", buildPath(id, "deliveries", deliveryId, "retry"), {}) as Promise<
      AnswerOf<"retryDelivery">
    >,
};

/** The product's own services, composed as everywhere, for one simulated process. */
import type { Clock } from "../../../shared/base/time.ts";
import { createSandbox } from "../../../shared/providers/sandbox.ts";
import { noLockLimits } from "../../../shared/locks/lock-limits.ts";
import { silentLogger } from "../../../shared/base/logger.ts";
import type { Providers } from "../../../shared/providers/provider.ts";
import type { PublishingOptions } from "../../../shared/events/publishing-service.ts";
import {
  createShop,
  type PayingShopParts,
  publishingService,
  type ShopSettings,
} from "../../../shared/shop.ts";
import { cleanHistory, cleanMentions } from "../../../shared/audit/erasing-store.ts";
import { createErasingService } from "../../../shared/people/erasing-service.ts";
import { createDatabase, type DocumentClient } from "../../../shared/table/database.ts";
import { createFeedingService } from "../../../shared/webhooks/feeding-service.ts";
import { createReplayService } from "../../../shared/webhooks/replay-service.ts";
import { createSendingService } from "../../../shared/webhooks/sending-service.ts";
import { createTryingService } from "../../../shared/webhooks/trying-service.ts";
import type { Outcome, WebhookCall } from "../../../shared/webhooks/webhook.ts";
import { createWebhookService } from "../../../shared/webhooks/webhook-service.ts";
import { findDeployment } from "../releases/deployed.ts";
import type { World } from "../scheduler/world.ts";

export const defaultSettings: ShopSettings = {
  holdMs: 60_000,
  paymentMs: () => 120_000,
  maxHoldMs: 300_000,
  processingMs: () => 600_000,
  onPaymentFailure: "release",
  lateMoneyMs: 600_000,
  cartStorage: "versioned",
  lockLimits: noLockLimits,
  limits: { maxOpenOrders: 0, maxUnitsPerLine: 0, maxUnpaidOrders: 0, unpaidPauseMs: 0 },
  dueShards: 4,
  autoShards: 8,
  soldOutMemoryMs: 250,
  lockTimeoutMs: 5_000,
  lowStock: 2,
};

/** Endpoints, what feeds them and what tells them, of the same process. */
function createWebhooks(parts: PayingShopParts & { sleep: (ms: number) => Promise<unknown> }) {
  const rules = { production: true };
  const overlapMs = 60_000;
  type Call = (call: WebhookCall) => Promise<Outcome>;
  return {
    endpoints: createWebhookService({ ...parts, rules, overlapMs }),
    feeding: createFeedingService(parts),
    sending: (call: Call) => createSendingService({ ...parts, call }),
    replays: createReplayService(parts),
    trying: (call: Call) => createTryingService({ ...parts, call }),
  };
}

/** A sandbox that nobody pays by: orders need a way to pay. */
function withoutMoney(clock: Clock): Providers {
  const keys = { webhookSecret: Buffer.from("simulated secret").toString("base64") };
  return { sandbox: createSandbox({ clock, keys: async () => [keys] }) };
}

/** Builds the services of a process that has just started; where there are two releases, those of the earlier one too. */
export function createSystem(
  world: Pick<World, "process">,
  settings: ShopSettings,
  providersOf: (clock: Clock) => Providers = withoutMoney,
) {
  const process = world.process();
  const { clock, sleep, random } = process;
  const client = process.client as unknown as DocumentClient;
  const database = createDatabase({ client, clock, sleep, random, tableName: (table) => table });
  const parts: PayingShopParts & { sleep: typeof sleep } = {
    database,
    clock,
    sleep,
    random,
    settings,
    logger: silentLogger,
    providers: providersOf(clock),
    alarm: () => {},
  };
  const publishing = (send: PublishingOptions["send"]) => publishingService({ ...parts, send });
  const webhooks = createWebhooks(parts);
  const trail = { history: cleanHistory, mentions: cleanMentions };
  const erasing = createErasingService({ ...parts, trail });
  const others = { process, clock, database, publishing, webhooks, erasing };
  const system = Object.assign(createShop(parts), others);
  findDeployment(world)?.accompany(system, world, settings, providersOf);
  return system;
}

export type System = ReturnType<typeof createSystem>;

/** The whole contract: every endpoint of every domain. */
import { adminEndpoints } from "./admin.ts";
import { analyticsEndpoints } from "./analytics.ts";
import { cartEndpoints } from "./carts.ts";
import { cartClaimEndpoints } from "./cart-claims.ts";
import { documentEndpoints } from "./documents.ts";
import type { Endpoint } from "./endpoint.ts";
import { eventEndpoints } from "./told-events.ts";
import { fulfilmentEndpoints } from "./fulfilments.ts";
import { holdAnalyticsEndpoints } from "./hold-analytics.ts";
import { leaseAnalyticsEndpoints } from "./lease-analytics.ts";
import { itemLineEndpoints } from "./item-lines.ts";
import { itemEndpoints } from "./items.ts";
import { ledgerEndpoints } from "./ledger.ts";
import { liveEndpoints } from "./live.ts";
import { lockEndpoints } from "./locks.ts";
import { namedLockEndpoints } from "./named-locks.ts";
import { orderClaimEndpoints } from "./order-claims.ts";
import { orderEndpoints } from "./orders.ts";
import { paymentAdminEndpoints } from "./payment-admin.ts";
import { paymentEndpoints } from "./payments.ts";
import { personEndpoints } from "./people.ts";
import { platformEndpoints } from "./platform.ts";
import { webhookEndpoints } from "./webhooks.ts";
import { trialEndpoints } from "./trials.ts";
import { promotionEndpoints } from "./promotions.ts";

/** Every route there is; infrastructure, validation, OpenAPI, the client and the tests use this list. */
export const endpoints: readonly Endpoint[] = [
  ...itemEndpoints,
  ...itemLineEndpoints,
  ...ledgerEndpoints,
  ...promotionEndpoints,
  ...cartEndpoints,
  ...cartClaimEndpoints,
  ...orderClaimEndpoints,
  ...orderEndpoints,
  ...fulfilmentEndpoints,
  ...paymentEndpoints,
  ...paymentAdminEndpoints,
  ...lockEndpoints,
  ...namedLockEndpoints,
  ...documentEndpoints,
  ...liveEndpoints,
  ...adminEndpoints,
  ...analyticsEndpoints,
  ...holdAnalyticsEndpoints,
  ...leaseAnalyticsEndpoints,
  ...eventEndpoints,
  ...webhookEndpoints,
  ...personEndpoints,
  ...trialEndpoints,
  ...platformEndpoints,
];

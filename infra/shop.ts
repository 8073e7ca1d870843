/**
 * The whole of Holdfast as one construct; each part says for itself what it is.
 *
 * @see docs/decisions/0026-the-shop-is-a-construct.md
 */
import type { HttpApi, WebSocketApi } from "aws-cdk-lib/aws-apigatewayv2";
import type { HttpJwtAuthorizer } from "aws-cdk-lib/aws-apigatewayv2-authorizers";
import type { IEventBus } from "aws-cdk-lib/aws-events";
import type { Topic } from "aws-cdk-lib/aws-sns";
import { Construct } from "constructs";
import type { ProviderName } from "../shared/api/payment-providers.ts";
import { createAddress, publicUrl } from "./address.ts";
import { createAlarms } from "./alarms/alarms.ts";
import { createApi, createRoutes, selectRoutes } from "./api.ts";
import type { Route } from "./api.ts";
import { backUp } from "./backups.ts";
import type { Bundles } from "./bundles.ts";
import { createTables, type Tables } from "./data.ts";
import { createDeadLetters, createDeadRecords, type DeadRecords } from "./dead-letters.ts";
import { createEvents } from "./events.ts";
import { createFunctions, type Functions } from "./functions.ts";
import { scheduleJobs } from "./jobs.ts";
import { createLive } from "./live.ts";
import { createOriginSecret } from "./origin-secret.ts";
import { createPages, type Pages } from "./pages.ts";
import { releaseBySteps } from "./releases.ts";
import { limitRoutes } from "./route-limits.ts";
import { createSecrets, listProviders, type ProviderSecrets } from "./secrets.ts";
import type { Settings } from "./settings/settings.ts";
import { createSignIn, type SignIn } from "./sign-in.ts";
import { followStreams } from "./streams.ts";

/** What a shop is made from: the settings of its stage, the endpoints of the contract, and the code behind them. */
export interface ShopParts {
  readonly settings: Settings;
  readonly endpoints: readonly Route[];
  readonly bundles: Bundles;
  /** A bus of the owner's own, instead of one for the stage. */
  readonly eventBus?: IEventBus | undefined;
  /** The payment providers that there are secrets for; all by default. */
  readonly providers?: readonly ProviderName[] | undefined;
}

/** Tables, functions, API, jobs, events and alarms of one stage. */
export class Shop extends Construct {
  /** Where the API is reached, without a slash at the end. */
  readonly url: string;
  /** Routes of one's own may be added; `authorizer` lets only those in who are signed in. */
  readonly api: HttpApi;
  readonly authorizer: HttpJwtAuthorizer;
  /** The WebSocket API of live updates. */
  readonly liveApi: WebSocketApi;
  /** Every table by its name. */
  readonly tables: Tables;
  /** Where events go; rules are their owner's. */
  readonly eventBus: IEventBus;
  /** Where alarms ring. */
  readonly alarmTopic: Topic;
  /** The secrets of the payment providers, to be filled in by hand. */
  readonly secrets: ProviderSecrets;
  /** What a CNAME for the domain has to point to; undefined without one. */
  readonly domainTarget: string | undefined;
  /** @internal */
  readonly signIn: SignIn;
  /** @internal */
  readonly pages: Pages | undefined;
  /** @internal */
  readonly functions: Functions;
  /** @internal */
  readonly deadRecords: DeadRecords;

  constructor(scope: Construct, id: string, parts: ShopParts) {
    super(scope, id);
    const { settings, endpoints, bundles } = parts;
    this.tables = createTables(this, settings);
    this.secrets = createSecrets(this, settings, listProviders(settings, parts.providers));
    const { api, stage } = createApi(this, settings);
    this.api = api;
    this.url = publicUrl(api, settings);
    const originSecret = createOriginSecret(this, settings);
    const { tables, secrets, url: apiUrl } = this;
    const made = { settings, bundles, tables, secrets, apiUrl, originSecret };
    this.functions = createFunctions(this, made);
    const { functions } = this;
    const address = createAddress(this, { api, stage, settings, originSecret });
    this.domainTarget = address.target;
    this.liveApi = createLive(this, { settings, functions });
    const { distribution } = address;
    this.pages = createPages(this, { settings, distribution, liveApi: this.liveApi });
    this.signIn = createSignIn(this, settings, this.pages?.url);
    this.authorizer = this.signIn.authorizer;
    const served = selectRoutes(endpoints, settings.production);
    createRoutes(this, {
      api,
      stage,
      functions,
      endpoints: served,
      limits: limitRoutes(settings, endpoints),
      authorizer: this.authorizer,
    });
    const deadLetters = {
      Sweep: createDeadLetters(this, "SweepDeadLetters"),
      Changes: createDeadLetters(this, "ChangesDeadLetters"),
    };
    this.deadRecords = createDeadRecords(this, deadLetters.Changes, settings);
    const { deadRecords } = this;
    scheduleJobs(this, {
      cleanup: functions.get("cleanup")!,
      webhooks: functions.get("webhook-feed")!,
      deadLetters: deadLetters.Sweep,
      enabled: settings.sweep,
    });
    followStreams(this, { tables, changes: functions.get("changes")!, deadRecords });
    const leaving = { settings, tables, functions, deadRecords, own: parts.eventBus };
    this.eventBus = createEvents(this, leaving);
    const alarms = createAlarms(this, { settings, api, endpoints: served, functions, deadLetters });
    this.alarmTopic = alarms.topic;
    releaseBySteps(this, { settings, functions, gates: alarms.gates, own: alarms.versions });
    if (settings.backups) backUp(this, tables, settings);
  }
}

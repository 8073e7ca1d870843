/** The whole of Holdfast in a stack of somebody else's, with what is their own. */
import { Tags } from "aws-cdk-lib";
import type { IUserPool, IUserPoolClient } from "aws-cdk-lib/aws-cognito";
import type { IEventBus } from "aws-cdk-lib/aws-events";
import type { IGrantable } from "aws-cdk-lib/aws-iam";
import type { Construct } from "constructs";
import { Shop } from "../../infra/shop.ts";
import type { ProviderName } from "../../shared/api/payment-providers.ts";
import { unpackShop } from "./packed-shop.ts";
import { grantHolds, grantLocks } from "./rights.ts";
import { readShopSettings, type ShopDomain, type ShopSettings } from "./shop-settings.ts";

/** What a shop is like, and what of it is there already. */
export interface HoldfastShopProps {
  /** As docs/settings.md lists them; only `stage` has to be said. */
  readonly settings: ShopSettings;
  /** An address instead of the one that AWS makes up. */
  readonly domain?: ShopDomain;
  /**
   * Whose tokens are believed, together with `userPoolClients`; otherwise the shop makes a pool. The groups that the
   * settings name (`adminGroup`, `editorsGroup`) are yours to create. An issuer that is no pool goes into the settings.
   */
  readonly userPool?: IUserPool;
  readonly userPoolClients?: readonly IUserPoolClient[];
  /** Where events go instead of to a bus of the shop's own; its archive is yours to create. */
  readonly eventBus?: IEventBus;
  /** The payment providers that there are secrets for, otherwise all; outside production the sandbox is always one. */
  readonly providers?: readonly ProviderName[];
}

/**
 * Tables, functions, API, jobs, events and alarms of a stage: all that `HoldfastStack` has. The code of the functions comes
 * with the package. It makes 380 to 460 resources, of the 500 that a stack may have: give it a stack with little else.
 *
 * Two shops of one account need two stages. Moved to another place in the tree, CloudFormation makes new, empty tables.
 */
export class HoldfastShop extends Shop {
  /** The pool whose tokens are believed; undefined where the issuer is none. */
  readonly userPool: IUserPool | undefined;

  /** @throws SettingsError naming every setting that cannot be used */
  constructor(scope: Construct, id: string, props: HoldfastShopProps) {
    const { userPool, eventBus, providers } = props;
    const settings = readShopSettings(props.settings, props);
    super(scope, id, { settings, eventBus, providers, ...unpackShop() });
    this.userPool = userPool ?? this.signIn.userPool?.pool;
    for (const [key, value] of settings.tags) Tags.of(this).add(key, value);
  }

  /** Lets a function of yours take, keep, list and end locks of the shop by `createLockService` of `holdfast/locks`. */
  grantLocks(grantee: IGrantable): void {
    const { Locks: locks, Owners: owners, Requests: requests } = this.tables;
    grantLocks({ locks, owners, requests }, grantee);
  }

  /** Lets a function of yours hold units of the shop's items by `holdfast/holds`, beside its orders. */
  grantHolds(grantee: IGrantable): void {
    grantHolds(this.tables.Stock, grantee);
  }
}

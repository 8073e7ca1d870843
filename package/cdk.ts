/**
 * `holdfast/cdk`: the tables of a part in a CDK stack of yours, and the rights of whoever uses them, action by action;
 * and the whole shop as one construct, `HoldfastShop`.
 *
 * @example
 * import { Stack } from "aws-cdk-lib";
 * import { NodejsFunction } from "aws-cdk-lib/aws-lambda-nodejs";
 * import type { Construct } from "constructs";
 * import { HoldfastLocks } from "holdfast/cdk";
 *
 * export class ReportsStack extends Stack {
 *   constructor(scope: Construct, id: string) {
 *     super(scope, id);
 *     const worker = new NodejsFunction(this, "Worker", { entry: "worker.ts" });
 *     const locks = new HoldfastLocks(this, "Locks");
 *     locks.grantUse(worker);
 *     worker.addEnvironment("LOCKS", locks.table.tableName);
 *   }
 * }
 */
import type { Table } from "aws-cdk-lib/aws-dynamodb";
import type { IGrantable } from "aws-cdk-lib/aws-iam";
import { Construct } from "constructs";
import { createTable } from "../infra/data.ts";
import { grantHolds, grantLocks, reading } from "./cdk/rights.ts";

export { HoldfastShop, type HoldfastShopProps } from "./cdk/holdfast-shop.ts";
export type { ShopDomain, ShopSettings } from "./cdk/shop-settings.ts";

/** How a part's tables are kept. */
export interface PartProps {
  /** Kept when the stack goes, and protected from deletion; true by default. */
  readonly isKept?: boolean;
}

/** The tables of `holdfast/locks`. */
export class HoldfastLocks extends Construct {
  readonly table: Table;
  /** Counts each user's locks; used where there are limits. */
  readonly ownersTable: Table;
  /** Remembers idempotency keys for a day; used where requests carry some. */
  readonly requestsTable: Table;

  constructor(scope: Construct, id: string, { isKept = true }: PartProps = {}) {
    super(scope, id);
    this.table = createTable(this, "Locks", { production: isKept, capacity: {} });
    this.ownersTable = createTable(this, "Owners", { production: isKept, capacity: {} });
    this.requestsTable = createTable(this, "Requests", { production: isKept, capacity: {} });
  }

  /** Lets somebody take, keep, list and end locks. */
  grantUse(grantee: IGrantable): void {
    const { table: locks, ownersTable: owners, requestsTable: requests } = this;
    grantLocks({ locks, owners, requests }, grantee);
  }
}

/** The tables of `holdfast/carts`. */
export class HoldfastCarts extends Construct {
  readonly table: Table;
  /** Remembers idempotency keys for a day; used where edits carry some. */
  readonly requestsTable: Table;

  constructor(scope: Construct, id: string, { isKept = true }: PartProps = {}) {
    super(scope, id);
    this.table = createTable(this, "Carts", { production: isKept, capacity: {} });
    this.requestsTable = createTable(this, "Requests", { production: isKept, capacity: {} });
  }

  /** Lets somebody read, edit, lock and empty carts; locking mode needs the locks' right as well. */
  grantUse(grantee: IGrantable): void {
    this.table.grant(grantee, ...reading, "dynamodb:PutItem", "dynamodb:UpdateItem");
    this.requestsTable.grant(grantee, "dynamodb:BatchGetItem", "dynamodb:PutItem");
  }
}

/** The tables of `holdfast/holds`. */
export class HoldfastHolds extends Construct {
  readonly table: Table;
  readonly ledgerTable: Table;

  constructor(scope: Construct, id: string, { isKept = true }: PartProps = {}) {
    super(scope, id);
    this.table = createTable(this, "Stock", { production: isKept, capacity: {} });
    this.ledgerTable = createTable(this, "Movements", { production: isKept, capacity: {} });
  }

  /** Lets somebody hold, extend, confirm and let go. */
  grantUse(grantee: IGrantable): void {
    grantHolds(this.table, grantee);
  }

  /** Lets somebody say how many units there are, too. */
  grantDefine(grantee: IGrantable): void {
    this.grantUse(grantee);
    this.ledgerTable.grant(grantee, "dynamodb:PutItem", "dynamodb:UpdateItem");
  }
}

/** The tables of `holdfast/orders`; units and their ledger are those of `HoldfastHolds`. */
export class HoldfastOrders extends Construct {
  readonly table: Table;
  /** Counts what each shopper has open; used where there are limits. */
  readonly shoppersTable: Table;

  constructor(scope: Construct, id: string, { isKept = true }: PartProps = {}) {
    super(scope, id);
    this.table = createTable(this, "Orders", { production: isKept, capacity: {} });
    this.shoppersTable = createTable(this, "Shoppers", { production: isKept, capacity: {} });
  }

  /** Lets somebody place, read, list, end and sell orders of these units; `grantDefine` of the holds where the catalogue says how many there are. */
  grantUse(grantee: IGrantable, holds: HoldfastHolds): void {
    const writing = ["dynamodb:PutItem", "dynamodb:UpdateItem"];
    this.table.grant(grantee, ...reading, ...writing, "dynamodb:Query", "dynamodb:Scan");
    this.shoppersTable.grant(grantee, "dynamodb:UpdateItem");
    holds.grantUse(grantee);
    holds.table.grant(grantee, "dynamodb:Query");
  }
}

/** The tables of `holdfast/payments`: those of orders, and what providers told. */
export class HoldfastPayments extends HoldfastOrders {
  /** What providers told that moved no order; gone after 90 days. */
  readonly eventsTable: Table;

  constructor(scope: Construct, id: string, props: PartProps = {}) {
    super(scope, id, props);
    const { isKept = true } = props;
    this.eventsTable = createTable(this, "Events", { production: isKept, capacity: {} });
  }

  /** Lets somebody do with orders what `HoldfastOrders` does, and take and pay back their money; the providers' keys are yours to keep. */
  override grantUse(grantee: IGrantable, holds: HoldfastHolds): void {
    super.grantUse(grantee, holds);
    this.eventsTable.grant(grantee, "dynamodb:PutItem", "dynamodb:Query");
  }
}

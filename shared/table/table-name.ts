/** What the tables are called in code; where each of them is, `createDatabase` is told. */

/** A table by its logical name. The shapes behind the names are declared in `infra/table-shapes.ts`. */
export type TableName =
  | "Locks"
  | "Stock"
  | "Movements"
  | "Promotions"
  | "Carts"
  | "Orders"
  | "Shoppers"
  | "Owners"
  | "Requests"
  | "Documents"
  | "People"
  | "Audit"
  | "Events"
  | "Live"
  | "Outbox"
  | "Insight"
  | "Webhooks";

/** Tells where a table is: its physical name. Throws for one that the process has no business with. */
export type TableResolver = (table: TableName) => string;

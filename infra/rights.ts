/** What a function can be allowed to do; who is allowed what stands in `permissions.ts`. */
import type { IndexName, TableName } from "./table-shapes.ts";
import type { ProviderName } from "../shared/api/payment-providers.ts";

/** A DynamoDB action on a table, without the `dynamodb:` in front. */
export type TableAction =
  | "GetItem"
  | "BatchGetItem"
  | "PutItem"
  | "UpdateItem"
  | "ConditionCheckItem"
  | "BatchWriteItem"
  | "Scan";

/** What one function is allowed to do, and where it exists. */
export interface Permissions {
  readonly tables?: Partial<Readonly<Record<TableName, readonly TableAction[]>>>;
  /** Queries go by the whole index ARN; a table's own key is queried under the index name `""`. */
  readonly queries?: { readonly [T in TableName]?: readonly (IndexName<T> | "")[] };
  readonly secrets?: readonly ProviderName[];
  readonly outsideProduction?: true;
  /** What it may do with WebSockets: post to them, or close them. */
  readonly connections?: readonly ("POST" | "DELETE")[];
  /** It may put events on the bus. */
  readonly publishes?: true;
  /** A function that it may call. */
  readonly calls?: string;
}

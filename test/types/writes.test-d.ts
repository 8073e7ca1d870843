/**
 * Which attributes and tables a write may name. The compiler is the test: each `@ts-expect-error` stands above a
 * mistake, and `tsc` (the first step of `npm test`) fails where one of them compiles.
 */
import { expectTypeOf } from "vitest";
import { type TableName as DeclaredTable } from "../../infra/table-shapes.ts";
import type { CartRow } from "../../shared/carts/storage/cart-row.ts";
import type { LockRow } from "../../shared/locks/lock-row.ts";
import type { OrderRow } from "../../shared/orders/order-store.ts";
import type { StockRow } from "../../shared/inventory/stock.ts";
import type { Database } from "../../shared/table/database.ts";
import { action, assigned, exists, pathsOf } from "../../shared/table/expression.ts";
import type { TableName } from "../../shared/table/table-name.ts";
import { update, type Write } from "../../shared/table/write.ts";

declare const database: Database;

// Every table that is declared has its name in the code, and no name stands for none.
expectTypeOf<TableName>().toEqualTypeOf<DeclaredTable>();

// @ts-expect-error there is no such table
void database.get("Stocks", { itemId: "mug" });

const stock = pathsOf<StockRow>();
stock("available");
// @ts-expect-error it is misspelt
stock("avaliable");
// @ts-expect-error a number has nothing in it
stock("available", "units");

const order = pathsOf<OrderRow>();
order("dueAtMs");
// @ts-expect-error it is misspelt
order("dueAt");

const lock = pathsOf<LockRow>();
lock("lock:product/9", "expiresAtMs");
// @ts-expect-error an entry has no such field
lock("lock:product/9", "expiresAt");
// @ts-expect-error a row has no such entry
lock("locks:product/9");

const cart = pathsOf<CartRow>();
cart("lock", "orderId");
cart("line:menu:soup");
// @ts-expect-error it is misspelt
cart("lock", "order");
// @ts-expect-error there is no such family of attributes
cart("lines:menu:soup");

assigned<LockRow>({ owner: "alice", sessionId: undefined });
// @ts-expect-error an owner is text
assigned<LockRow>({ owner: 7 });
// @ts-expect-error there is no such attribute
assigned<LockRow>({ holder: "alice" });

// A write says where, under which condition, and what it means when that fails.
declare const refused: Write["refused"];
const row = { table: "Stock", key: { itemId: "mug", shard: 0 }, refused } as const;
const change = { set: [action`${stock("available")} = ${1}`] };
update({ ...row, change, condition: exists(stock("available")) });
// @ts-expect-error a write without a condition overwrites whatever is there
update({ ...row, change });
// @ts-expect-error a condition names its attributes, so it is no plain text
update({ ...row, change, condition: "available > 0" });
// @ts-expect-error only an attribute can be removed
update({ ...row, change: { remove: ["available"] }, condition: exists(stock("available")) });
// @ts-expect-error a refusal means something to the caller
update({ table: "Stock", key: row.key, change, condition: exists(stock("available")) });
// @ts-expect-error there is no such table
update({ ...row, table: "Stocks", change, condition: exists(stock("available")) });

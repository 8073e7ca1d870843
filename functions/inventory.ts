/** Items and the stock ledger over HTTP. */
import { archiveItem, changeItem, createItem, getItem, listItems } from "../shared/api/items.ts";
import {
  adjustStock,
  decrementStock,
  incrementStock,
  listMovements,
} from "../shared/api/ledger.ts";
import { itemView } from "../shared/inventory/item-view.ts";
import type { Movement } from "../shared/inventory/movement.ts";
import type { Moved } from "../shared/inventory/ledger-service.ts";
import { inventoryService, ledgerService } from "../shared/shop.ts";
import { answer } from "./runtime/answer.ts";
import { createHandler, serve } from "./runtime/http.ts";
import { shop } from "./runtime/wiring.ts";

function movementView({ movementId, kind, quantity, reference, reason, actor, atMs }: Movement) {
  return { movementId, kind, quantity, reference, reason: reason ?? null, actor, atMs };
}

function movedView({ itemId, levels, movement }: Moved) {
  return { itemId, ...levels, movement: movementView(movement) };
}

function replayHeader({ replayed }: Moved): Record<string, string> {
  return replayed ? { "idempotent-replayed": "true" } : {};
}

/** What a page shows may lag by a moment anyway: a browser or a cache in front may keep it for that long. */
const pageHeaders = { "cache-control": "public, max-age=1" };

const inventory = inventoryService(shop);
const ledger = ledgerService(shop);

export const handler = createHandler([
  serve(createItem, async ({ body, actor }) =>
    answer(201, itemView(await inventory.create(body, actor))),
  ),
  serve(getItem, async ({ params }) =>
    answer(200, itemView(await inventory.look(params.itemId)), pageHeaders),
  ),
  serve(listItems, async ({ query }) => {
    const { archived, ...page } = query;
    const catalog = archived === "true" ? "archived" : "items";
    const { rows, cursor = null } = await inventory.list({ ...page, catalog });
    return answer(200, { items: rows.map(itemView), cursor }, pageHeaders);
  }),
  serve(changeItem, async ({ params, body, actor }) =>
    answer(200, itemView(await inventory.change(params.itemId, body, actor))),
  ),
  serve(archiveItem, async ({ params, actor }) =>
    answer(200, itemView(await inventory.change(params.itemId, { archived: true }, actor))),
  ),
  serve(adjustStock, async ({ params, body: { delta, ...body }, actor }) => {
    const move = { ...params, ...body, kind: "adjusted", quantity: delta, actor } as const;
    const moved = await ledger.move(move);
    return answer(200, movedView(moved), replayHeader(moved));
  }),
  serve(decrementStock, async ({ params, body, actor }) => {
    const moved = await ledger.move({ ...params, ...body, kind: "sold", actor });
    return answer(200, movedView(moved), replayHeader(moved));
  }),
  serve(incrementStock, async ({ params, body, actor }) => {
    const moved = await ledger.move({ ...params, ...body, kind: "returned", actor });
    return answer(200, movedView(moved), replayHeader(moved));
  }),
  serve(listMovements, async ({ params, query }) => {
    const { rows, cursor = null } = await inventory.movements(params.itemId, query);
    return answer(200, { movements: rows.map(movementView), cursor });
  }),
]);

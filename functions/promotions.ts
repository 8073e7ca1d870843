/** Promotions over HTTP, for administrators: put, read, list, delete. */
import {
  deletePromotion,
  getPromotion,
  listPromotions,
  putPromotion,
} from "../shared/api/promotions.ts";
import { InvalidRequest } from "../shared/base/errors.ts";
import type { Stock } from "../shared/inventory/stock.ts";
import { normalizeCode, type Promotion } from "../shared/promotions/promotion.ts";
import { promotionService } from "../shared/shop.ts";
import { answer } from "./runtime/answer.ts";
import { createHandler, serve } from "./runtime/http.ts";
import { shop } from "./runtime/wiring.ts";

function promotionView(
  { revision: _revision, usesId: _usesId, ...facts }: Promotion,
  uses?: Stock,
) {
  const { available: left, held, sold: used } = uses ?? { available: 0, held: 0, sold: 0 };
  return { ...facts, uses: uses ? { left, held, used } : null };
}

const promotions = promotionService(shop);

export const handler = createHandler([
  serve(putPromotion, async ({ params, body, actor }) => {
    const { code = params.code, uses: _counted, ...facts } = body;
    if (normalizeCode(code) !== normalizeCode(params.code)) {
      throw new InvalidRequest([{ path: "code", message: "is another one than in the address" }]);
    }
    const { promotion, uses } = await promotions.put(code, facts, actor);
    return answer(200, promotionView(promotion, uses));
  }),
  serve(getPromotion, async ({ params }) => {
    const { promotion, uses } = await promotions.get(params.code);
    return answer(200, promotionView(promotion, uses));
  }),
  serve(listPromotions, async ({ query }) => {
    const { rows, cursor = null } = await promotions.list(query);
    return answer(200, { promotions: rows.map((promotion) => promotionView(promotion)), cursor });
  }),
  serve(deletePromotion, async ({ params, actor }) =>
    answer(200, promotionView(await promotions.delete(params.code, actor))),
  ),
]);

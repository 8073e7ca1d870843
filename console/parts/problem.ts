/** What went wrong, in a sentence for whoever looks at the page. */
import { ApiError, isProblem } from "../../client/index.ts";

const reasons: Readonly<Record<string, string>> = {
  locked: "somebody else has it in an order",
  insufficient_stock: "there are not as many",
  price_changed: "its price has changed",
  not_found: "it is gone",
  not_for_sale: "it is not sold now",
};

/** Says why a request was refused, by the lines of an order where they say it. */
export function explain(error: unknown): string {
  if (isProblem(error, "ITEMS_UNAVAILABLE")) {
    const { failedItems } = error.problem;
    const told = failedItems.map(({ itemId, reason }) => `${itemId}: ${reasons[reason] ?? reason}`);
    return told.join("; ");
  }
  if (error instanceof ApiError) return error.message;
  return error instanceof Error ? error.message : String(error);
}

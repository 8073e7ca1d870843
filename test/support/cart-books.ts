/** A second opinion on what carts come to: the rules of prices once more, in plain bigints. */
import type { CartInstance } from "../../shared/carts/model/cart.ts";

type Line = Pick<CartInstance["lines"][number], "itemId" | "quantity" | "unitPriceMinor">;
type Condition = Pick<CartInstance["conditions"][number], "target" | "value" | "itemId">;

/** To the nearest integer, a half away from zero. */
function divided(a: bigint, b: bigint): bigint {
  const sign = a < 0n ? -1n : 1n;
  return sign * ((2n * sign * a + b) / (2n * b));
}

function changed(amount: bigint, { value }: Condition, units: bigint): bigint {
  const sign = value.startsWith("-") ? -1n : 1n;
  const size = value.slice(1);
  const percent = /^(\d+)(?:\.(\d+))?%$/.exec(size);
  if (!percent) return amount + sign * BigInt(size) * units;
  const [, whole = "", decimals = ""] = percent;
  const scale = 100n * 10n ** BigInt(decimals.length);
  return amount + sign * divided(amount * BigInt(whole + decimals), scale);
}

/** The total of lines under conditions that stand in their order. */
export function recomputedTotal(instance: {
  readonly lines: readonly Line[];
  readonly conditions: readonly Condition[];
}): bigint {
  const { lines, conditions } = instance;
  const run = (target: string, start: bigint, units: bigint, line?: string): bigint => {
    let amount = start;
    for (const condition of conditions) {
      if (condition.target !== target) continue;
      if (target === "item" && (condition.itemId ?? line) !== line) continue;
      amount = changed(amount, condition, units);
      if (amount < 0n) amount = 0n;
    }
    return amount;
  };
  if (lines.length === 0) return 0n;
  let sum = 0n;
  for (const { itemId, quantity, unitPriceMinor } of lines) {
    sum += run("item", BigInt(quantity) * BigInt(unitPriceMinor), BigInt(quantity), itemId);
  }
  return run("total", run("subtotal", sum, 1n), 1n);
}

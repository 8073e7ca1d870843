/** Looks at the tables behind the server's back: what must always hold, and what must have become of everything. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Holdfast } from "../../local/holdfast.ts";
import { readBooks, wrongIn } from "../../test/support/books.ts";
import type { Send } from "./caller.ts";

/** A sweep may be at work between two tables that are read; what is wrong stays wrong. */
const looks = 5;

/** What does not hold while nobody sends anything. */
export async function findWrong(holdfast: Holdfast, skewMs: number): Promise<string[]> {
  let wrong: string[] = [];
  for (let look = 0; look < looks; look += 1) {
    const again = wrongIn(await readBooks(holdfast), [], Date.now() + 2 * skewMs);
    wrong = look === 0 ? again : wrong.filter((each) => again.includes(each));
    if (wrong.length === 0) return [];
    await sleep(1_000);
  }
  return wrong;
}

/** What is still under way: orders that wait for money, and money that is to go back. */
export async function findUnfinished(holdfast: Holdfast): Promise<string[]> {
  const { orders } = await readBooks(holdfast);
  const isOpen = new Set(["pending", "refund_due"]);
  return orders.flatMap(({ orderId, status }) =>
    isOpen.has(status) ? [`${orderId} is ${status}`] : [],
  );
}

/** Where a provider's books and ours differ, a page after the other. */
export async function findDifferences(admin: Send): Promise<string[]> {
  const found: string[] = [];
  let cursor: string | undefined;
  do {
    const body = { provider: "stripe", ...(cursor !== undefined && { cursor }) };
    const answer = await admin("POST /admin/payments/reconcile", body);
    if (answer.status !== 200) return [`the books could not be compared: ${answer.status}`];
    found.push(...answer.body.differences.map((each: unknown) => JSON.stringify(each)));
    cursor = answer.body.cursor ?? undefined;
  } while (cursor !== undefined);
  return found;
}

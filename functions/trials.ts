/** Test routes, outside production only. */
import {
  clearTestLocks,
  testConcurrentAccess,
  testDecrement,
  testLockStatus,
} from "../shared/api/trials.ts";
import { trialLocksService, trialService } from "../shared/shop.ts";
import { answer } from "./runtime/answer.ts";
import { createHandler, serve } from "./runtime/http.ts";
import { shop } from "./runtime/wiring.ts";

const trialLocks = trialLocksService(shop);
const trials = trialService(shop);

export const handler = createHandler([
  serve(testDecrement, async ({ body, actor }) =>
    answer(200, await trials.decrement({ ...body, actor })),
  ),
  serve(testConcurrentAccess, async ({ body, actor }) =>
    answer(200, await trials.contend({ ...body, actor })),
  ),
  serve(testLockStatus, async () => {
    const locks = await trialLocks.list();
    return answer(200, { activeLocks: locks.length, locks });
  }),
  serve(clearTestLocks, async ({ actor }) =>
    answer(200, { success: true, releasedLocks: await trialLocks.clear(actor) }),
  ),
]);

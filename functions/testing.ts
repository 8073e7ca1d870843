/** Test routes, outside production only. */
import {
  clearTestLocks,
  testConcurrentAccess,
  testDecrement,
  testLockStatus,
} from "../shared/api/testing.ts";
import { answer } from "./runtime/answer.ts";
import { createHandler, serve } from "./runtime/http.ts";
import { trials } from "./runtime/trials.ts";

export const handler = createHandler([
  serve(testDecrement, async ({ body, actor }) =>
    answer(200, await trials.items.decrement({ ...body, actor })),
  ),
  serve(testConcurrentAccess, async ({ body, actor }) =>
    answer(200, await trials.items.contend({ ...body, actor })),
  ),
  serve(testLockStatus, async () => {
    const locks = await trials.locks.list();
    return answer(200, { activeLocks: locks.length, locks });
  }),
  serve(clearTestLocks, async ({ actor }) =>
    answer(200, { success: true, releasedLocks: await trials.locks.clear(actor) }),
  ),
]);

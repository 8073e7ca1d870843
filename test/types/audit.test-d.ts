/** What happened has a name of one list; a misspelt one does not compile. See `answers.test-d.ts` on these files. */
import { expectTypeOf } from "vitest";
import type { z } from "zod";
import { countActions } from "../../functions/runtime/metrics.ts";
import { listAudit } from "../../shared/api/admin.ts";
import type { AuditEntry } from "../../shared/audit/audit.ts";
import { changeNote } from "../../shared/base/actor.ts";
import type { AuditAction } from "../../shared/base/audit-action.ts";
import { epochMs } from "../../shared/base/time.ts";
import { makeEdit } from "../../shared/carts/storage/cart-edits.ts";

declare const request: Parameters<typeof makeEdit>[0];
const nowMs = epochMs(1);

changeNote("order.placed", { id: "alice" }, nowMs);
// @ts-expect-error misspelt
changeNote("order.plased", { id: "alice" }, nowMs);
// @ts-expect-error whose it is has to be said
changeNote("placed", { id: "alice" }, nowMs);
// @ts-expect-error an edit of a cart is told in the cart's history
makeEdit(request, "order.placed", nowMs);
// @ts-expect-error nothing of this name is counted
countActions(["order.plased"]);

// The notes on rows, the trail, its page and what is counted have the same list.
type Listed = z.output<(typeof listAudit.answers)[200]>["entries"][number]["action"];
expectTypeOf<Listed>().toEqualTypeOf<AuditAction>();
expectTypeOf<AuditEntry["action"]>().toEqualTypeOf<AuditAction>();
expectTypeOf<Parameters<typeof countActions>[0][number]>().toEqualTypeOf<AuditAction>();
expectTypeOf<string>().not.toExtend<AuditAction>();

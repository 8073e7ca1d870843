/** The composition root of the audit trail: apart from the others, so that following streams stays light. */
import { createAuditService } from "../../shared/audit/audit-service.ts";
import { createAuditStore } from "../../shared/audit/audit-store.ts";
import { createOrderMovementService } from "../../shared/inventory/order-movement-service.ts";
import { database, once, stores } from "./container.ts";
import { required } from "./env.ts";

const audit = once(() => {
  const store = createAuditStore({ database: database(), tableName: required("AUDIT_TABLE") });
  return createAuditService({ store });
});

const orderMovements = once(() =>
  createOrderMovementService({ database: database(), movementStore: stores.movements() }),
);

/** The services that tell what happened, built on first use. */
export const trail = {
  get audit() {
    return audit();
  },
  get orderMovements() {
    return orderMovements();
  },
};

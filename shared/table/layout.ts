/**
 * Layouts of rows. A row says which one it has only where an earlier release would misread it; what says nothing has the
 * first. Whoever meets a row of a layout that came after this release neither reads nor changes it.
 *
 * @see docs/decisions/0025-layouts.md
 */
import { anyOf, AttributePath, condition, isMissing } from "./expression.ts";

/** The layout of stock rows, and of rows of uses beside them, that this release writes. */
export const stockSchemaVersion = 2;

/** The latest layout that this release knows; the next one has the next number, in whatever table it is. */
const latestLayout = stockSchemaVersion;

/** A later release has written the row: a fault and no refusal, so that nobody takes it for "held", "gone" or "done". */
export class LayoutUnknown extends Error {
  constructor(layout: unknown) {
    super(
      `A row has layout ${String(layout)}, and this release knows ${latestLayout}: ` +
        `a later release wrote it, so here it is neither read nor changed`,
    );
    this.name = "LayoutUnknown";
  }
}

/**
 * The row, which this release knows how to read.
 *
 * @throws LayoutUnknown when it does not
 */
export function knownRow<R extends object | undefined>(row: R): R {
  const { schemaVersion: layout } = (row ?? {}) as { readonly schemaVersion?: unknown };
  const isKnown = typeof layout === "number" && layout <= latestLayout;
  if (layout !== undefined && !isKnown) throw new LayoutUnknown(layout);
  return row;
}

const layout = new AttributePath(["schemaVersion"]);

/** Goes with the condition of every write: no later release has given the row a layout of its own. Costs no unit. */
export const layoutIsKnown = anyOf(isMissing(layout), condition`${layout} <= ${latestLayout}`);

/** When the next hold on an item ends, by the holds that are in sight. */
import { formatLeft } from "../parts/clock.ts";
import type { Desk } from "./desk.ts";

/** Nothing where none of its holds is in sight. */
export function NextDeadline({ desk, itemId }: { readonly desk: Desk; readonly itemId: string }) {
  const ends = (desk.locks.value.value ?? [])
    .filter(({ kind, resource }) => kind === "item" && resource === itemId)
    .map(({ expiresAtMs }) => expiresAtMs);
  if (ends.length === 0) return null;
  return <span class="small">next hold ends in {formatLeft(Math.min(...ends))}</span>;
}

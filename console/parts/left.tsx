/** How long something has to go: the text alone is drawn anew, not what it stands in. */
import { useComputed } from "@preact/signals";
import { formatLeft } from "./clock.ts";

/** The time that is left until an instant. */
export function Left({ untilMs }: { readonly untilMs: number }) {
  return <>{useComputed(() => formatLeft(untilMs))}</>;
}

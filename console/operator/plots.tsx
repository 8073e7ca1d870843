/** The last hour as plots: orders, refusals by reason, conflicts a sale. */
import { useComputed } from "@preact/signals";
import { nowMs } from "../parts/clock.ts";
import type { Desk } from "./desk.ts";
import { makeHour } from "./hour.ts";
import { Plot } from "./plot.tsx";

/** Drawn anew once a minute, and when something was counted or told. */
export function Plots({ desk }: { readonly desk: Desk }) {
  const minute = useComputed(() => Math.floor(nowMs.value / 60_000) * 60_000);
  const hour = useComputed(() =>
    makeHour(desk.shop.value.value ?? [], desk.activity.minutes.value, minute.value),
  );
  const { atMs, orders, refusals, conflicts } = hour.value;
  return (
    <div class="plots">
      <Plot title="Orders a minute" atMs={atMs} lines={orders} sums="sums" />
      <Plot title="Refusals a minute, by reason" atMs={atMs} lines={refusals} sums="sums" />
      <Plot title="Conflicts and retries" atMs={atMs} lines={conflicts} />
    </div>
  );
}

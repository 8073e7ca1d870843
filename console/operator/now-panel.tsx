/** Now: how much is held and locked, who had to give way, and the latest orders. */
import { formatTime, nowMs } from "../parts/clock.ts";
import { Emptiness } from "../parts/emptiness.tsx";
import { formatMoney } from "../parts/money.ts";
import type { Desk } from "./desk.ts";
import { countPlaced, countRefused } from "./hour.ts";
import { Plots } from "./plots.tsx";
import { SubjectButton } from "./subject-button.tsx";

function Figure({ name, value }: { readonly name: string; readonly value: number | undefined }) {
  return (
    <div class="figure">
      <dt>{name}</dt>
      <dd>{value ?? "…"}</dd>
    </div>
  );
}

function countNow({ activity, shop }: Desk): number {
  const minute = Math.floor(nowMs.value / 60_000) * 60_000;
  return countPlaced(shop.value.value ?? [], activity.minutes.value, minute);
}

/** Of the latest that were told of, to a tenth. */
function averageUnits({ activity }: Desk): number | undefined {
  const units = activity.orders.value.flatMap((order) => order.units ?? []);
  const sum = units.reduce((all, one) => all + one, 0);
  return units.length === 0 ? undefined : Math.round((sum / units.length) * 10) / 10;
}

const countPaused = ({ webhooks }: Desk): number | undefined =>
  webhooks.value.value?.filter(({ pausedAtMs }) => pausedAtMs !== null).length;

function Orders({ desk }: { readonly desk: Desk }) {
  const orders = desk.latest.value;
  if (orders.length === 0)
    return (
      <Emptiness
        list={desk.found.value.value}
        problem={desk.found.problem.value}
        says="No order yet."
      />
    );
  return (
    <table>
      <caption>Latest orders told of, and before them any</caption>
      <thead>
        <tr>
          <th scope="col">Order</th>
          <th scope="col">At</th>
          <th scope="col">By</th>
          <th scope="col">Total</th>
          <th scope="col">Status</th>
        </tr>
      </thead>
      <tbody>
        {orders.map(({ orderId, createdAtMs, userId, totalMinor, currency, status }) => (
          <tr key={orderId}>
            <td>
              <SubjectButton desk={desk} subject={`order/${orderId}`} name={orderId} />
            </td>
            <td>{formatTime(createdAtMs)}</td>
            <td>{userId}</td>
            <td class="number">{formatMoney(totalMinor, currency)}</td>
            <td data-status={status}>{status}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** The first panel. */
export function NowPanel({ desk }: { readonly desk: Desk }) {
  const { value, problem } = desk.stats;
  const stats = value.value;
  const { value: shop } = desk.shop;
  const isMore = stats?.isMore ?? false;
  const gaveWay = Object.entries(desk.contention.value);
  return (
    <section aria-label="Now">
      <h2>Now</h2>
      {problem.value ? <p class="problem">{problem.value}</p> : null}
      <dl class="figures">
        <Figure name="holds" value={stats?.activeHolds} />
        <Figure name="units held" value={stats?.heldUnits} />
        <Figure name="document locks" value={stats?.byKind.document} />
        <Figure name="frozen carts" value={stats?.byKind.cart} />
        <Figure name="other locks" value={stats?.byKind.custom} />
        <Figure name="end within a minute" value={stats?.expiringSoon} />
        <Figure name="orders this minute" value={countNow(desk)} />
        <Figure name="units an order" value={averageUnits(desk)} />
        <Figure name="TRY_AGAIN this hour" value={countRefused(shop.value ?? [], "TRY_AGAIN")} />
        <Figure name="endpoints paused" value={countPaused(desk)} />
        {gaveWay.map(([name, count]) => (
          <Figure key={name} name={name} value={count} />
        ))}
      </dl>
      {isMore ? <p class="small">There are more: about 20,000 are counted.</p> : null}
      <Plots desk={desk} />
      <Orders desk={desk} />
    </section>
  );
}

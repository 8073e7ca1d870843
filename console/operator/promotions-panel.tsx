/** What lowers or raises prices: promotions by code, to make, change, end and delete. */
import { useSignal } from "@preact/signals";
import { useMemo } from "preact/hooks";
import { keepAsking } from "../parts/asked.ts";
import { Emptiness } from "../parts/emptiness.tsx";
import { openQuestion } from "./confirm-form.tsx";
import type { Desk } from "./desk.ts";
import { endPromotion, openPromotion, type Promotion } from "./promotion-form.tsx";

/** Each answer is one page; whoever wants more asks for it. */
const pageSize = 50;

function describe({ active, automatic, startsAtMs = 0, endsAtMs }: Promotion): string {
  const nowMs = Date.now();
  if (!active) return "off";
  if (endsAtMs !== undefined && endsAtMs <= nowMs) return "over";
  if (startsAtMs > nowMs) return `from ${new Date(startsAtMs).toLocaleString()}`;
  return automatic ? "on, by itself" : "on, by its code";
}

interface Shown {
  readonly desk: Desk;
  readonly promotion: Promotion;
  readonly again: () => Promise<void>;
}

function Actions({ desk, promotion, again }: Shown) {
  const { code, active } = promotion;
  const { notices, client } = desk;
  const thenAgain = async (work: () => Promise<string>): Promise<string> => {
    const told = await work();
    await again();
    return told;
  };
  // A list leaves out how often it was used; what is changed is what was read, whole.
  const change = () =>
    notices.attempt(async () => {
      openPromotion(desk, again, await client.getPromotion({ params: { code } }));
    });
  const end = () =>
    openQuestion({
      notices,
      title: `End ${code}`,
      warning: "No cart and no order has it from now on. Orders that have it keep it.",
      action: "End it",
      save: () => thenAgain(() => endPromotion(desk, promotion)),
    });
  const remove = () =>
    openQuestion({
      notices,
      title: `Delete ${code}`,
      warning: "It is gone, with the count of its uses. Orders that have it keep it.",
      action: "Delete it",
      save: () =>
        thenAgain(async () => {
          await client.deletePromotion({ params: { code } });
          return `The promotion ${code} is deleted.`;
        }),
    });
  return (
    <div class="actions">
      <button type="button" onClick={change} aria-label={`Change ${code}`}>
        Change…
      </button>
      {active ? (
        <button type="button" onClick={end} aria-label={`End ${code}`}>
          End…
        </button>
      ) : null}
      <button type="button" onClick={remove} aria-label={`Delete ${code}`}>
        Delete…
      </button>
    </div>
  );
}

/** Promotions by code. */
export function PromotionsPanel({ desk }: { readonly desk: Desk }) {
  const limit = useSignal(pageSize);
  const { value, problem, ask } = useMemo(
    () =>
      keepAsking(async () => {
        const query = { limit: limit.peek() };
        return desk.client.listPromotions({ query });
      }, 5_000),
    [desk],
  );
  const { promotions = [], cursor = null } = value.value ?? {};
  const more = (): void => {
    limit.value = 100;
    void ask();
  };
  return (
    <section aria-label="Promotions">
      <h2>Promotions</h2>
      <p>
        <button type="button" onClick={() => openPromotion(desk, ask)}>
          New promotion…
        </button>
      </p>
      <Emptiness
        list={value.value?.promotions}
        problem={problem.value}
        says="There is no promotion."
      />
      <table hidden={promotions.length === 0}>
        <caption>By code</caption>
        <thead>
          <tr>
            <th scope="col">Code</th>
            <th scope="col">What it does</th>
            <th scope="col">State</th>
            <th scope="col">Do</th>
          </tr>
        </thead>
        <tbody>
          {promotions.map((promotion) => (
            <tr key={promotion.code}>
              <th scope="row">{promotion.code}</th>
              <td>
                {promotion.name}: {promotion.value} on {promotion.itemId ?? promotion.target}
              </td>
              <td>{describe(promotion)}</td>
              <td>
                <Actions desk={desk} promotion={promotion} again={ask} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {cursor !== null && limit.value === pageSize ? (
        <button type="button" onClick={more}>
          Show 100
        </button>
      ) : null}
    </section>
  );
}

/** Promotions of a cart: what applies, and a code to enter. */
import { cartOf, type Visit } from "./visit.ts";

type Conditions = NonNullable<Visit["cart"]["value"]["value"]>["instances"][number]["conditions"];

const refusals: Readonly<Record<string, string>> = {
  unknown: "there is no such code",
  not_started: "it has not begun",
  ended: "it is over",
  used_up: "it is used up",
  used_by_you: "you have used it up",
  minimum_not_reached: "the cart is too small for it",
  not_applicable: "nothing here is cheaper by it",
  not_combinable: "it does not go with the other one",
};

function enter({ client, cart, notices }: Visit, form: HTMLFormElement): Promise<boolean> {
  return notices.attempt(async () => {
    const code = new FormData(form).get("code");
    await client.enterCartCode({ params: cartOf, body: { code: String(code).trim() } });
    form.reset();
    await cart.ask();
    return "The code counts.";
  });
}

function takeBack({ client, cart, notices }: Visit, code: string): Promise<boolean> {
  return notices.attempt(async () => {
    await client.removeCartCode({ params: { ...cartOf, code } });
    await cart.ask();
  });
}

/** What changes the price, and the field for a code; `isLocked` while the cart is being paid for. */
export function CodeEntry({
  visit,
  conditions,
  isLocked,
}: {
  readonly visit: Visit;
  readonly conditions: Conditions;
  readonly isLocked: boolean;
}) {
  return (
    <>
      <ul class="lines">
        {conditions.map(({ name, value, code, refused }) => (
          <li key={code ?? name}>
            <span>
              {name}
              {refused === undefined ? null : ` (${refusals[refused] ?? "not counted"})`}
            </span>
            <span>{value}</span>
            {code === undefined || isLocked ? null : (
              <button
                type="button"
                aria-label={`Take ${code} back`}
                onClick={() => takeBack(visit, code)}
              >
                ×
              </button>
            )}
          </li>
        ))}
      </ul>
      {isLocked ? null : (
        <form
          class="actions"
          onSubmit={(event) => {
            event.preventDefault();
            void enter(visit, event.currentTarget);
          }}
        >
          <label>
            Promotion code{" "}
            <input name="code" required maxLength={64} size={12} autocomplete="off" />
          </label>
          <button type="submit">Use it</button>
        </form>
      )}
    </>
  );
}

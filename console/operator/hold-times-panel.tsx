/** For how long orders hold their units by each payment method, and what was learned of it. */
import type { Desk } from "./desk.ts";
import { insightCalls, type MethodHold } from "./insight-calls.ts";
import { useAsked } from "./use-asked.ts";

/** Decisions are made once a day; more often than that nobody has to look. */
const everyMs = 300_000;

function describeLearned({ learned, isApplied }: MethodHold): string {
  if (!learned) return "nothing yet";
  const { seconds, scarceSeconds } = learned;
  return `${seconds} s, ${scarceSeconds} s when scarce: ${isApplied ? "applied" : "suggested"}`;
}

function Row({ hold }: { readonly hold: MethodHold }) {
  const { method, settingSeconds, learned } = hold;
  return (
    <tr>
      <th scope="row">{method}</th>
      <td class="number">{settingSeconds} s</td>
      <td>{describeLearned(hold)}</td>
      <td class="number">{learned?.observations ?? 0}</td>
      <td>{learned?.reason ?? ""}</td>
    </tr>
  );
}

/** The panel of hold times. */
export function HoldTimesPanel({ desk }: { readonly desk: Desk }) {
  const { value, problem } = useAsked("holds", everyMs, () => insightCalls.listHolds(desk));
  return (
    <section aria-label="Hold times">
      <h2>Hold times</h2>
      {problem.value ? <p class="problem">{problem.value}</p> : null}
      <table>
        <caption>By payment method: by settings, and as learned from those who paid</caption>
        <thead>
          <tr>
            <th scope="col">Method</th>
            <th scope="col">Setting</th>
            <th scope="col">Learned</th>
            <th scope="col">Orders seen</th>
            <th scope="col">Why</th>
          </tr>
        </thead>
        <tbody>
          {(value.value ?? []).map((hold) => (
            <Row key={hold.method} hold={hold} />
          ))}
        </tbody>
      </table>
    </section>
  );
}

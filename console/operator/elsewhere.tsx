/** What is at risk and in no list of the API: how one learns of it, and what to do then. */

const places = [
  [
    "Late payments",
    "pay back by themselves, and are above as refunds that are due; the providers' books show what was missed.",
  ],
  ["Disputes", "ring PaymentDisputed, which names the order: its page here shows how they stand."],
  [
    "Events that cannot be read",
    "ring UnreadablePaymentEvent; those of an order are in its history here.",
  ],
  [
    "Dead letters",
    "ring ChangesDeadLetters; npm run redrive -- --stage NAME hands all of them over again.",
  ],
] as const;

/** Folded away: it matters on bad days. */
export function Elsewhere() {
  return (
    <details>
      <summary>What else can be at risk</summary>
      <dl>
        {places.map(([what, how]) => (
          <div key={what}>
            <dt>{what}</dt>
            <dd>{how}</dd>
          </div>
        ))}
      </dl>
    </details>
  );
}

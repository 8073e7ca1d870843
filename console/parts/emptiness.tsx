/** What stands beside a list: what went wrong with asking for it, that it is asked for, or that nothing is in it. */

/** The list, undefined before it has come; why it did not come; and how it reads that there is nothing. */
export interface EmptinessProps {
  readonly list: readonly unknown[] | undefined;
  readonly problem: string | undefined;
  readonly says: string;
}

/** Never says that there is nothing before the list has come: an operator would believe that no refund is due. */
export function Emptiness({ list, problem, says }: EmptinessProps) {
  if (problem) return <p class="problem">{problem}</p>;
  if (!list) return <p>…</p>;
  return list.length === 0 ? <p>{says}</p> : null;
}

/** Asking once more before something ends, with a reason where one goes on record. */
import type { Notices } from "../parts/notices.ts";
import { openDialog } from "./dialog.tsx";
import type { Field, Values } from "./form-values.ts";
import { RecordForm } from "./record-form.tsx";

interface Question {
  readonly notices: Notices;
  readonly title: string;
  /** Who loses what. */
  readonly warning: string;
  /** What the button says. */
  readonly action: string;
  readonly fields?: readonly Field[];
  readonly save: (values: Values) => Promise<string>;
}

/** Opens the question; nothing happens before it is answered. */
export function openQuestion({ fields = [], ...question }: Question): void {
  openDialog(<RecordForm key={question.title} fields={fields} {...question} />);
}

/** Why, for the record. */
export const reasonField: Field = { name: "reason", label: "Reason", required: true };

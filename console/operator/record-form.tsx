/** A form in the dialog, from a list of its fields: what the API refuses stands beside the field that it names. */
import { useSignal } from "@preact/signals";
import type { Notices } from "../parts/notices.ts";
import { explain } from "../parts/problem.ts";
import { closeDialog, peekDialog } from "./dialog.tsx";
import { FieldInput } from "./field-input.tsx";
import { type Field, type Issue, parseIssues, type Values } from "./form-values.ts";

interface Props {
  readonly title: string;
  /** What it does that cannot be taken back, or has to be known first. */
  readonly warning?: string;
  readonly fields: readonly Field[];
  readonly initial?: Values;
  /** What the button says. */
  readonly action: string;
  /** Does it, and tells in a sentence what came of it. Whatever it throws stands in the form, which stays. */
  readonly save: (values: Values) => Promise<string>;
  readonly notices: Notices;
}

/** Puts the keyboard where something is wrong. */
const showFirstWrong = (form: HTMLFormElement): void =>
  form.querySelector<HTMLElement>("[aria-invalid=true], .problem[tabindex]")?.focus();

function findIssue(issues: readonly Issue[], { name }: Field): string | undefined {
  const isAbout = ({ path }: Issue): boolean =>
    path === name || path.startsWith(`${name}.`) || name.startsWith(`${path}.`);
  return issues.find(isAbout)?.message;
}

/** The form; its title names it. Closed only by a success, by Cancel or by Escape. */
export function RecordForm({ title, warning, fields, initial = {}, action, save, notices }: Props) {
  const values = useSignal<Values>(initial);
  const issues = useSignal<readonly Issue[]>([]);
  const problem = useSignal("");
  const isBusy = useSignal(false);
  const shown = fields.filter(({ isShown = () => true }) => isShown(values.value));
  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    if (isBusy.value) return;
    isBusy.value = true;
    const mine = peekDialog();
    try {
      notices.said.value = { text: await save(values.value), isProblem: false };
      closeDialog(mine);
    } catch (error) {
      issues.value = parseIssues(error);
      const isPlaced = shown.some((field) => findIssue(issues.value, field) !== undefined);
      problem.value = isPlaced ? "" : explain(error);
      setTimeout(() => showFirstWrong(form));
    } finally {
      isBusy.value = false;
    }
  };
  return (
    <form class="record" onSubmit={submit} aria-labelledby="dialog-title">
      <h2 id="dialog-title">{title}</h2>
      {warning ? <p>{warning}</p> : null}
      {shown.map((field) => (
        <FieldInput
          key={field.name}
          field={field}
          value={values.value[field.name] ?? ""}
          issue={findIssue(issues.value, field)}
          change={(value) => (values.value = { ...values.value, [field.name]: value })}
        />
      ))}
      {problem.value ? (
        <p class="problem" role="alert" tabIndex={-1}>
          {problem.value}
        </p>
      ) : null}
      <div class="actions">
        <button type="submit" class="main" disabled={isBusy.value}>
          {action}
        </button>
        <button type="button" onClick={() => closeDialog()}>
          Cancel
        </button>
      </div>
    </form>
  );
}

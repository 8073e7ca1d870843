/** One field of a form: its label, what it takes, a hint, and what is wrong with it. */
import type { TargetedEvent } from "preact";
import { type Field, readMany } from "./form-values.ts";

interface Props {
  readonly field: Field;
  readonly value: string;
  readonly issue: string | undefined;
  readonly change: (value: string) => void;
}

type Typed = TargetedEvent<HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement>;

/** What the element is, by the field's kind. */
function Control({ field, value, issue, change, described }: Props & { described: string }) {
  const { name, kind = "text", options = [], required = false } = field;
  const shared = {
    id: `field-${name}`,
    name,
    value,
    required,
    "aria-invalid": issue !== undefined,
    "aria-describedby": described,
    onInput: ({ currentTarget }: Typed) => change(currentTarget.value),
  };
  if (kind === "area") return <textarea rows={3} {...shared} />;
  if (kind === "choice") {
    return (
      <select {...shared}>
        {options.map((option) => (
          <option key={option}>{option}</option>
        ))}
      </select>
    );
  }
  if (kind === "number") return <input type="number" {...shared} />;
  if (kind === "time") return <input type="datetime-local" step={1} {...shared} />;
  return <input type="text" {...shared} />;
}

/** A box to tick, with its label behind it. */
function Tick({
  label,
  isOn,
  turn,
}: {
  label: string;
  isOn: boolean;
  turn: (on: boolean) => void;
}) {
  return (
    <label class="tick">
      <input
        type="checkbox"
        checked={isOn}
        onChange={({ currentTarget }) => turn(currentTarget.checked)}
      />{" "}
      {label}
    </label>
  );
}

function Many({ field, value, change }: Props) {
  const { name, label, options = [] } = field;
  const chosen = readMany({ [name]: value }, name);
  const turn = (option: string, isOn: boolean): void => {
    const wanted = options.filter((each) => (each === option ? isOn : chosen.includes(each)));
    change(wanted.join(" "));
  };
  return (
    <fieldset>
      <legend>{label}</legend>
      {options.map((option) => (
        <Tick
          key={option}
          label={option}
          isOn={chosen.includes(option)}
          turn={(isOn) => turn(option, isOn)}
        />
      ))}
    </fieldset>
  );
}

/** The field. */
export function FieldInput(props: Props) {
  const { field, value, issue, change } = props;
  const { name, label, kind = "text", hint, required } = field;
  const [hintId, issueId] = [`hint-${name}`, `issue-${name}`];
  const described = [hint && hintId, issue && issueId].filter(Boolean).join(" ");
  return (
    <div class="field">
      {kind === "many" ? (
        <Many {...props} />
      ) : kind === "check" ? (
        <Tick label={label} isOn={value === "true"} turn={(isOn) => change(isOn ? "true" : "")} />
      ) : (
        <>
          <label for={`field-${name}`}>
            {label}
            {required ? "" : <span class="small"> (may be empty)</span>}
          </label>
          <Control {...props} described={described} />
        </>
      )}
      {hint ? (
        <span class="small" id={hintId}>
          {hint}
        </span>
      ) : null}
      {issue ? (
        <span class="problem" id={issueId}>
          {issue}
        </span>
      ) : null}
    </div>
  );
}

/** A name that opens its history. */
import type { Desk } from "./desk.ts";
import { closeDialog } from "./dialog.tsx";

interface Shown {
  readonly desk: Desk;
  /** As the audit trail knows it: `order/…`, `item/…`, `lock/document/…`. */
  readonly subject: string;
  readonly name: string;
}

/** A button that looks like a link, because it leads to another part of the same page. */
export function SubjectButton({ desk, subject, name }: Shown) {
  const open = (): void => {
    closeDialog();
    desk.subject.value = subject;
    document.querySelector("#story")?.scrollIntoView({ block: "nearest" });
  };
  return (
    <button type="button" class="link" onClick={open}>
      {name}
    </button>
  );
}

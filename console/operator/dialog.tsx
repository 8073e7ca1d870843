/** The one dialog of the console: whatever is edited or confirmed is in front of everything else, and Escape leaves it. */
import { signal } from "@preact/signals";
import type { VNode } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";

const content = signal<VNode | undefined>(undefined);

/** Shows this, in place of what was there. */
export function openDialog(shown: VNode): void {
  content.value = shown;
}

/** Closes the dialog; the keyboard is back where it was opened. With `shown`, only while it still shows that. */
export function closeDialog(shown = content.peek()): void {
  if (content.peek() === shown) document.querySelector("dialog")?.close();
}

/** What the dialog shows now, to close just that later. */
export const peekDialog = (): VNode | undefined => content.peek();

/** The place of the dialog; once on the page. */
export function Dialog() {
  const place = useRef<HTMLDialogElement>(null);
  const shown = content.value;
  // At once: a later effect would open what was left by Escape meanwhile, with nothing in it.
  useLayoutEffect(() => {
    const dialog = place.current!;
    if (!shown) return;
    if (!dialog.open) dialog.showModal();
    dialog.querySelector<HTMLElement>("input, select, textarea, button")?.focus();
  }, [shown]);
  return (
    <dialog ref={place} aria-labelledby="dialog-title" onClose={() => (content.value = undefined)}>
      {shown}
    </dialog>
  );
}

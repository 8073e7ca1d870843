/** What a browser page tells about itself: that it is awake again, and that it goes away. */

/** What the session needs of `window`; there is none in Node. */
export type PageTarget = Pick<EventTarget, "addEventListener" | "removeEventListener">;

/** Each of these may be the first sign of life after a laptop slept or a tab was frozen. */
const signsOfLife = ["visibilitychange", "pageshow", "focus", "online", "resume"];

/** Calls back when the page wakes up or goes away; what it returns stops that. */
export function onPageEvents(
  page: PageTarget | undefined,
  awake: () => void,
  leaving: () => void,
): () => void {
  // Captured, because `visibilitychange` and `resume` happen at the document below.
  for (const sign of signsOfLife) page?.addEventListener(sign, awake, true);
  page?.addEventListener("pagehide", leaving);
  return () => {
    for (const sign of signsOfLife) page?.removeEventListener(sign, awake, true);
    page?.removeEventListener("pagehide", leaving);
  };
}

/**
 * Lets the browser ask its user before the page goes away, for as long as the work runs. Only meanwhile,
 * because browsers do not keep pages that listen for this event.
 */
export function askBeforeLeaving(page: PageTarget | undefined, work: Promise<unknown>): void {
  const ask = (event: Event): void => event.preventDefault();
  const stop = (): void => page?.removeEventListener("beforeunload", ask);
  page?.addEventListener("beforeunload", ask);
  work.then(stop, stop);
}

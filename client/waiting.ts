/** Waiting that can be given up, and work that is let go of when nobody wants it any more. */
import { onPageEvents, type PageTarget } from "./page-events.ts";
import { isFinal } from "./problem.ts";

/** Fails as soon as the signal is aborted, with its reason, whatever the work is doing. */
export function within<T>(signal: AbortSignal | undefined, work: Promise<T>): Promise<T> {
  if (!signal) return work;
  return new Promise((resolve, reject) => {
    const stop = (): void => reject(signal.reason as Error);
    if (signal.aborted) stop();
    signal.addEventListener("abort", stop, { once: true });
    void work.then(resolve, reject).finally(() => signal.removeEventListener("abort", stop));
  });
}

/** Lets time pass; fails as soon as the signal is aborted. */
export function pause(durationMs: number, signal: AbortSignal | undefined): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const passed = new Promise<void>((resume) => (timer = setTimeout(resume, durationMs)));
  return within(signal, passed).finally(() => clearTimeout(timer));
}

/**
 * Waits for something to be granted. Cancelled by the signal, or by the page going away, it lets go of
 * what is granted all the same, or may have been.
 */
export async function orLetGo<T>(
  asking: Promise<T>,
  { signal, page }: { signal: AbortSignal | undefined; page: PageTarget | undefined },
  letGo: () => Promise<unknown>,
): Promise<T> {
  const quietly = (): void => void letGo().catch(() => undefined);
  const stopListening = onPageEvents(page, () => undefined, quietly);
  try {
    return await within(signal, asking);
  } catch (error) {
    if (signal?.aborted) asking.then(quietly, (failed) => isFinal(failed) || quietly());
    throw error;
  } finally {
    stopListening();
  }
}

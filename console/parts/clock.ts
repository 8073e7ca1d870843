/** The time as pages show it: it moves by itself, and whatever reads it is drawn anew. */
import { signal } from "@preact/signals";

/** Now, to a quarter of a second. */
export const nowMs = signal(Date.now());

setInterval(() => {
  if (!document.hidden) nowMs.value = Date.now();
}, 250);

/** How long it is until an instant, as `1:05`; `0:00` when it is over. */
export function formatLeft(untilMs: number): string {
  const seconds = Math.max(0, Math.ceil((untilMs - nowMs.value) / 1_000));
  const [hours, minutes] = [Math.floor(seconds / 3_600), Math.floor((seconds % 3_600) / 60)];
  const rest = String(seconds % 60).padStart(2, "0");
  return hours > 0 ? `${hours}:${String(minutes).padStart(2, "0")}:${rest}` : `${minutes}:${rest}`;
}

/** The time of day of an instant. */
export function formatTime(atMs: number): string {
  return new Date(atMs).toLocaleTimeString(undefined, { hour12: false });
}

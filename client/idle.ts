/** An editor that was left open lets go by itself, and says so in time; loaded only where a session asks for it. */
import type { EditingEvents, EditingSession } from "./editing.ts";
import type { HeartbeatHost } from "./heartbeat.ts";
import type { PageTarget } from "./page-events.ts";

/** What people do in a page; anything else a page has to tell by `touch()`. */
const deeds = ["keydown", "pointerdown", "input"];
/** In the last part of the time it is told that the end is near. */
const nearShare = 1 / 4;
/** A timer is late after a sleep, and keeps a program alive that has closed its session. */
const longestPauseMs = 5_000;

/** What is watched, with which clocks and timers, and who is told. */
export interface IdleOptions {
  readonly session: EditingSession;
  readonly idleMs: number;
  readonly host: HeartbeatHost & { readonly page: PageTarget | undefined };
  readonly tell: <Kind extends keyof EditingEvents>(kind: Kind, data: EditingEvents[Kind]) => void;
}

/** Closes the session once nobody has done anything for so long; to be called whenever somebody does. */
export function letGoWhenIdle({ session, idleMs, host, tell }: IdleOptions): () => void {
  // By both clocks: one may be set, the other stands still while the machine sleeps.
  const read = () => [host.now(), host.steadyMs()] as const;
  let last = read();
  let isNear = false;

  function touch(): void {
    last = read();
    if (isNear) tell("renewed", { expiresAtMs: session.expiresAtMs });
    isNear = false;
  }

  function stop(): void {
    for (const deed of deeds) host.page?.removeEventListener(deed, touch, true);
  }

  /** Nobody is there to hear of a failure: then the lease ends by itself. */
  async function letGo(): Promise<void> {
    stop();
    await session.close().catch(() => undefined);
    if (session.state === "lost") return;
    tell("lost", { owner: null, reason: "Nobody was at work" });
  }

  function look(): void {
    if (session.state === "lost" || session.state === "closed") return stop();
    const [wallMs, steadyMs] = read();
    const leftMs = idleMs - Math.max(wallMs - last[0], steadyMs - last[1]);
    if (leftMs <= 0) return void letGo();
    const nearMs = idleMs * nearShare;
    if (leftMs <= nearMs && !isNear) {
      isNear = true;
      tell("ending", { endsAtMs: wallMs + leftMs, reason: "idle" });
    }
    host.setTimer(look, Math.min(isNear ? leftMs : leftMs - nearMs, longestPauseMs));
  }

  for (const deed of deeds) host.page?.addEventListener(deed, touch, true);
  look();
  return touch;
}

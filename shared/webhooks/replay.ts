/** A replay: an endpoint is told again what left since an instant, beside what is new. Pure. */
import { HoldfastError, InvalidRequest } from "../base/errors.ts";
import type { EventType } from "../base/event-type.ts";
import { randomId } from "../base/ids.ts";
import type { EpochMs } from "../base/time.ts";

/** What is asked for. */
export interface ReplayAsk {
  readonly fromMs: EpochMs;
  /** Of this resource alone. */
  readonly resource?: string | undefined;
  /** Of these types alone; nothing is told that the endpoint does not want. */
  readonly types?: readonly EventType[] | undefined;
}

/** How far it has come: looking for what there is, telling it, done. */
export const replayStatuses = ["searching", "telling", "told"] as const;

/** A replay, as its endpoint's row has it: there is one at a time. */
export interface Replay extends ReplayAsk {
  readonly replayId: string;
  readonly askedAtMs: EpochMs;
  readonly status: (typeof replayStatuses)[number];
  /** So many events are to be told, as far as it has looked. */
  readonly found: number;
  /** Counts what was looked through, and says where to go on. */
  readonly pages: number;
  readonly cursor?: string | undefined;
  readonly toldAtMs?: EpochMs;
}

/** Whether there is something to be done about it. */
export function isUnderWay(replay: Replay | undefined): replay is Replay {
  return replay !== undefined && replay.status !== "told";
}

/** Whether the same is asked for as is under way already. */
function isSameAsk(one: ReplayAsk, other: ReplayAsk): boolean {
  const listed = ({ types = [] }: ReplayAsk): string => [...new Set(types)].toSorted().join();
  return (
    one.fromMs === other.fromMs && one.resource === other.resource && listed(one) === listed(other)
  );
}

/** Another replay of the endpoint is under way; nothing was changed. */
class ReplayUnderWay extends HoldfastError {
  constructor(endpointId: string) {
    super("REPLAY_UNDER_WAY", `${endpointId} is being told something again already`);
  }
}

/**
 * The replay that was asked for: the one under way, where it is the same.
 *
 * @throws InvalidRequest, ReplayUnderWay
 */
export function beginReplay(
  { endpointId, replay: known }: { endpointId: string; replay?: Replay },
  ask: ReplayAsk,
  nowMs: EpochMs,
): Replay {
  if (ask.fromMs > nowMs) throw new InvalidRequest([{ path: "fromMs", message: "is yet to come" }]);
  if (isUnderWay(known)) {
    if (isSameAsk(known, ask)) return known;
    throw new ReplayUnderWay(endpointId);
  }
  const begun = { status: "searching", found: 0, pages: 0, askedAtMs: nowMs } as const;
  return { replayId: randomId("rpl"), ...ask, ...begun };
}

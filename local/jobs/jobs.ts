/** Starts what runs without a request: the pollers of the streams and the timers of the schedules. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { startSchedules } from "./schedules.ts";
import type { Checkpoints } from "./stream-reader.ts";
import { startStreams } from "./streams.ts";

type StreamParts = Parameters<typeof startStreams>[0];

/** What jobs need; with a file, streams go on after a restart where they were. */
export interface JobParts extends Omit<StreamParts, "checkpoints" | "onProgress"> {
  readonly checkpointFile: string | undefined;
}

function readCheckpoints(file: string | undefined): Record<string, Checkpoints> {
  if (!file || !existsSync(file)) return {};
  return JSON.parse(readFileSync(file, "utf8")) as Record<string, Checkpoints>;
}

/**
 * Starts them; `cleanup` stops them.
 * @throws Error when a mapping asks for what this runner cannot do, or its role may not read the stream.
 */
export async function startJobs(parts: JobParts, cleanup: AsyncDisposableStack) {
  const { checkpointFile } = parts;
  const checkpoints = readCheckpoints(checkpointFile);
  const streams = await startStreams({
    ...parts,
    checkpoints,
    onProgress() {
      if (checkpointFile) writeFileSync(checkpointFile, JSON.stringify(checkpoints));
    },
  });
  cleanup.defer(() => streams.stop());
  const schedules = startSchedules(parts);
  cleanup.defer(() => schedules.stop());
  return { streams, schedules };
}

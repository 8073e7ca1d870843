/** Hears every way in which this process is asked to end: signals, and the end of the bootstrap that started it. */

/**
 * Calls back once, at the first request to stop. Further ones change nothing: Ctrl-C in a terminal reaches us
 * twice, from the terminal and from the bootstrap.
 */
export function onStopRequest(stop: () => void): void {
  let asked = false;
  const once = () => {
    if (!asked) stop();
    asked = true;
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, once);
  if (process.channel) {
    process.once("disconnect", once);
    // The channel is there to be heard closing, not to keep us running.
    process.channel.unref();
  }
}

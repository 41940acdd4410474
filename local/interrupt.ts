// One way for a command to be told to end: Ctrl-C, SIGTERM, SIGHUP, or the launcher that started it being gone.

/** Aborted once with the exit code (130, 143, …) as reason. A second Ctrl-C is left to what cleans up after the first. */
export function interruption(): AbortSignal {
  const controller = new AbortController();
  const end = (code: number) => () => controller.abort(new Interrupted(code));
  process.on("SIGINT", end(130));
  process.on("SIGTERM", end(143));
  process.on("SIGHUP", end(129));
  process.on("disconnect", end(143));
  // The channel only tells that the launcher lives; it must not keep this process from ending.
  process.channel?.unref();
  return controller.signal;
}

export class Interrupted extends Error {
  constructor(readonly exitCode: number) {
    super("interrupted");
  }
}

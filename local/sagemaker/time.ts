/** Now, as the wire has it: epoch seconds with milliseconds. */
export function now(): number {
  return Date.now() / 1000;
}

/** Epoch seconds as events have them: epoch milliseconds. */
export function eventTime(seconds: number): number {
  return Math.round(seconds * 1000);
}

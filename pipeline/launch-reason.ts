/** The launcher's environment variable that says what it is launched for. Unset: by the clock, a merge, or a person. */
export const launchReasonVariable = "LAUNCH_REASON";

/** Raw data landed: what there is now must be read by some run, a later one if need be. */
export const newRawData = "new-raw-data";
export type LaunchReason = typeof newRawData;

/** @throws {Error} for a reason that there is none. */
export function readLaunchReason(environment: Readonly<Record<string, string | undefined>>): LaunchReason | undefined {
  const written = environment[launchReasonVariable];
  if (written === undefined || written === "") return undefined;
  if (written === newRawData) return written;
  throw new Error(
    `${launchReasonVariable}=${written} is no reason for a launch: give ${newRawData}, or leave it unset`,
  );
}

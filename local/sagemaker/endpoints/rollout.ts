import type { VariantStatus } from "@aws-sdk/client-sagemaker";
import type { Bake, RolloutStep } from "./deployment-config";

/** How far a rollout is. */
export interface RolloutStage {
  /** Index of the step. */
  step: number;
  status: Exclude<VariantStatus, "Deleting">;
  /** While it is baking. */
  bake?: Bake;
}

/** What a rollout is made of; all else is when. */
export interface RolloutActions {
  /** Brings the new fleet to a step's capacity. Rejects with the reason where that can't be. */
  provide(step: number): Promise<void>;
  /** Gives the new fleet a share of the requests, 0 to 1, from the very next one on. */
  route(share: number): void;
  /** Keeps how far it is, and tells. */
  report(stage: RolloutStage): void;
  /** What forbids going on, for example an alarm; undefined while nothing does. */
  trouble(): Promise<string | undefined>;
  /** Epoch seconds. */
  now(): number;
  /** Rejects when the rollout is to be left as it is, to be gone on with later. */
  sleep(seconds: number): Promise<void>;
}

/** The rollout must not go on: the old fleet has to serve everything again. */
export class RollbackError extends Error {}

/** How often a rollout looks for trouble, in seconds. */
const POLL_SECONDS = 0.5;

/**
 * Moves an endpoint's requests to a new fleet, step by step. After each step it waits for as long as the step bakes.
 * It looks for trouble from before the first instance is started to the end of the last bake.
 *
 * @param from the step to begin with: 0, or that in which the rollout was left
 * @param deadline epoch seconds after which it counts as failed
 * @throws RollbackError with the reason on trouble, and when the time is up; what `provide` and `sleep` reject with
 */
export async function rollOut(
  steps: readonly RolloutStep[],
  from: number,
  deadline: number,
  actions: RolloutActions,
): Promise<void> {
  const look = async (): Promise<void> => {
    const trouble = await actions.trouble();
    if (trouble !== undefined) throw new RollbackError(trouble);
    if (actions.now() > deadline)
      throw new RollbackError("The deployment took longer than its maximum execution time.");
  };
  const watched = async (work: Promise<void>): Promise<void> => {
    let done = false;
    const ended = work.finally(() => (done = true));
    // Trouble does not wait for the work, which then nobody waits for.
    ended.catch(() => undefined);
    for (;;) {
      await look();
      if (done) return ended;
      await Promise.race([ended, actions.sleep(POLL_SECONDS)]);
    }
  };
  await look();
  for (const [index, step] of steps.entries()) {
    if (index < from) continue;
    actions.report({ step: index, status: index === from ? "Creating" : "Updating" });
    await watched(actions.provide(index));
    actions.report({ step: index, status: "ActivatingTraffic" });
    actions.route(step.share);
    for (const bake of step.bakes) {
      actions.report({ step: index, status: "Baking", bake });
      await watched(actions.sleep(bake.seconds));
    }
  }
}

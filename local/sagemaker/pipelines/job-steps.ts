import { messageOf } from "../../server/errors";
import type { SageMakerContext } from "../state";
import { nameOf } from "../arns";
import { cacheKey, type CachedType } from "./cache";
import type { Json } from "./expressions";
import { exceptionOfReason } from "./retry";
import { jobRequest } from "./step-request";
import type { Runner, StepRun } from "./step-run";

/** A job that has ended. */
interface EndedJob {
  status: string | undefined;
  reason: string | undefined;
  description: object;
}

/** What a type of job differs in from the others. */
export interface JobKind {
  type: CachedType;
  roleMember?: "RoleArn";
  /** @returns the job's ARN */
  create(request: { [name: string]: Json }): string;
  /** Settles when the job has ended. */
  finished(name: string): Promise<EndedJob>;
  /** Whether the job is still known. */
  exists(name: string): boolean;
  /** Ends the job, if it runs. */
  end(name: string): void;
}

/** Runs a job, or takes a cached one's result. */
export function jobStep(context: SageMakerContext, kind: JobKind): Runner {
  const member = `${kind.type}Job` as const;
  return async (run) => {
    let arn = run.state.metadata[member]?.Arn;
    if (arn === undefined) {
      const request = await jobRequest(run, `Create${member}`, `${member}Name`, kind.roleMember);
      const key = cacheKey(kind.type, request);
      const hit = run.findCached(key, ({ metadata }) => kind.exists(nameOf(metadata[member]?.Arn ?? "")));
      if (hit) return { kind: "reused", hit };
      if (run.stop.aborted) return { kind: "stopped" };
      await run.acting.request(`Create${member}`, request);
      // The job and the step's knowledge of it are kept together: after a restart there is never another one.
      arn = context.store.transaction(() => {
        const created = kind.create(request);
        run.report({ metadata: { [member]: { Arn: created } }, cacheKey: key });
        return created;
      });
    }
    return outcome(run, kind, nameOf(arn));
  };
}

async function outcome(run: StepRun, kind: JobKind, name: string): ReturnType<Runner> {
  const named = { [`${kind.type}JobName`]: name };
  const end = (): void => {
    run.acting.request(`Stop${kind.type}Job`, named).then(
      () => kind.end(name),
      (error: unknown) => console.error(`${name} is not stopped: ${messageOf(error)}`),
    );
  };
  if (run.stop.aborted) end();
  else run.stop.addEventListener("abort", end, { once: true });
  const { status, reason, description } = await kind.finished(name);
  run.stop.removeEventListener("abort", end);
  await run.acting.request(`Describe${kind.type}Job`, named);
  if (status === "Completed") return { kind: "succeeded", properties: description as { [name: string]: Json } };
  if (run.stop.aborted) return { kind: "stopped" };
  return {
    kind: "failed",
    reason: `ClientError: ${kind.type}Job ended as ${status}: ${reason ?? "it was stopped"}`,
    exception: exceptionOfReason(reason ?? ""),
  };
}

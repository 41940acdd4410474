import { randomUUID } from "node:crypto";
import type { PutJobFailureResultInput, PutJobSuccessResultInput } from "@aws-sdk/client-codepipeline";
import { AwsError, type Wire } from "../server/json-service";

/** What a function has said of its job. */
export type JobResult =
  | { succeeded: true; result: Wire<PutJobSuccessResultInput> }
  | { succeeded: false; result: Wire<PutJobFailureResultInput> };

/** Jobs that functions were given, and their answers. */
export class Jobs {
  private readonly waiting = new Map<string, (result: JobResult) => void>();
  private readonly settled = new Set<string>();

  /** A new job: its id, and what will be said of it. */
  open(): { id: string; result: Promise<JobResult> } {
    const id = randomUUID();
    return { id, result: new Promise((done) => this.waiting.set(id, done)) };
  }

  /** A job that nobody waits for any more. */
  abandon(id: string): void {
    this.waiting.delete(id);
    this.settled.add(id);
  }

  putSuccess = (result: Wire<PutJobSuccessResultInput>): Promise<object> =>
    this.settle(result.jobId, { succeeded: true, result });

  putFailure = (result: Wire<PutJobFailureResultInput>): Promise<object> =>
    this.settle(result.jobId, { succeeded: false, result });

  private settle(id: string, result: JobResult): Promise<object> {
    if (this.settled.has(id)) {
      throw new AwsError("InvalidJobStateException", `The job ${id} has a result already.`);
    }
    const done = this.waiting.get(id);
    if (done === undefined) throw new AwsError("JobNotFoundException", `There is no job ${id}.`);
    this.waiting.delete(id);
    this.settled.add(id);
    done(result);
    return Promise.resolve({});
  }
}

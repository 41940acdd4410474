import { expect } from "chai";
import fc from "fast-check";
import { AwsError } from "../../../local/server/json-service";
import { cacheKey, findHit } from "../../../local/sagemaker/pipelines/cache";
import { expirySeconds } from "../../../local/sagemaker/pipelines/cache-config";
import type { Execution } from "../../../local/sagemaker/pipelines/execution";
import type { StepState } from "../../../local/sagemaker/pipelines/progress";
import { exceptionOf, exceptionOfReason, retryDelay, wrongPolicies } from "../../../local/sagemaker/pipelines/retry";

describe("retry policies", () => {
  const fresh = { started: 1000, retries: {} };

  it("wait longer each time, and end after as many retries as they allow", () => {
    const policy = { ExceptionType: ["SageMaker.CAPACITY_ERROR" as const], IntervalSeconds: 3, MaxAttempts: 2 };
    const delay = (done: number) =>
      retryDelay(
        [policy],
        "SageMaker.CAPACITY_ERROR",
        { started: 0, retries: { "SageMaker.CAPACITY_ERROR": done } },
        9,
      );
    expect([0, 1, 2].map(delay)).to.deep.equal([3, 6, undefined]);
  });

  it("end when their time is over", () => {
    const policy = { ExceptionType: ["Step.THROTTLING" as const], ExpireAfterMin: 1 };
    expect(retryDelay([policy], "Step.THROTTLING", fresh, 1059)).to.equal(1);
    expect(retryDelay([policy], "Step.THROTTLING", fresh, 1060)).to.equal(undefined);
  });

  it("are needed for jobs' failures; faults of services are retried without one, unless it says not to", () => {
    expect(retryDelay([], "SageMaker.JOB_INTERNAL_ERROR", fresh, 1000)).to.equal(undefined);
    expect(retryDelay([], "Step.SERVICE_FAULT", fresh, 1000)).to.equal(1);
    const never = { ExceptionType: ["Step.SERVICE_FAULT" as const], MaxAttempts: 0 };
    expect(retryDelay([never], "Step.SERVICE_FAULT", fresh, 1000)).to.equal(undefined);
  });

  it("count all retries that they gave, and no delay is above twelve hours", () => {
    const policy = {
      ExceptionType: ["SageMaker.CAPACITY_ERROR" as const, "SageMaker.RESOURCE_LIMIT" as const],
      MaxAttempts: 20,
    };
    fc.assert(
      fc.property(fc.nat(25), fc.nat(25), fc.double({ min: 0, max: 100, noNaN: true }), (one, other, BackoffRate) => {
        const retries = { "SageMaker.CAPACITY_ERROR": one, "SageMaker.RESOURCE_LIMIT": other };
        const delay = retryDelay([{ ...policy, BackoffRate }], "SageMaker.RESOURCE_LIMIT", { started: 0, retries }, 0);
        if (one + other >= 20) expect(delay).to.equal(undefined);
        else expect(delay).to.be.within(0, 43_200);
      }),
    );
  });

  it("are refused with every fault named", () => {
    const [interval, backoff, both] = wrongPolicies([
      { ExceptionType: ["Step.THROTTLING"], IntervalSeconds: 0.5, BackoffRate: -1, MaxAttempts: 1, ExpireAfterMin: 1 },
    ]);
    expect(interval).to.equal("RetryPolicies[0].IntervalSeconds = 0.5 is not an integer from 0 to 43200");
    expect(backoff).to.contain("BackoffRate = -1 is negative");
    expect(both).to.contain("only one of them");
  });

  it("tell what went wrong by the error, however deep, or the job's reason", () => {
    const refused = Object.assign(new Error("connect"), { code: "ECONNREFUSED" });
    expect(exceptionOf(new Error("s3://a/b can't be read", { cause: refused }))).to.equal("Step.SERVICE_FAULT");
    expect(exceptionOf(new AwsError("ThrottlingException", "slow down"))).to.equal("Step.THROTTLING");
    expect(exceptionOf(Object.assign(new Error(), { name: "TooManyRequestsException" }))).to.equal("Step.THROTTLING");
    expect(exceptionOf(new AwsError("InternalFailure", "broken", 500))).to.equal("Step.SERVICE_FAULT");
    expect(exceptionOf(new AwsError("ValidationException", "wrong"))).to.equal(undefined);
    expect(exceptionOfReason("InternalServerError: gone")).to.equal("SageMaker.JOB_INTERNAL_ERROR");
    expect(exceptionOfReason("AlgorithmError: InternalServerError")).to.equal(undefined);
  });
});

describe("step caching", () => {
  it("reads durations as SageMaker writes them", () => {
    const DAY = 86_400;
    const read = { P30D: 30 * DAY, "30d": 30 * DAY, "5y": 5 * 365 * DAY, T16m: 960, "30dT5h": 30 * DAY + 5 * 3600 };
    for (const [text, seconds] of Object.entries(read)) expect(expirySeconds(text), text).to.equal(seconds);
    for (const text of ["", "P", "T", "P1DT", "1", "a day", "PT1D"])
      expect(expirySeconds(text), text).to.equal(undefined);
  });

  const request = {
    AppSpecification: { ImageUri: "i", ContainerEntrypoint: ["a", "b"] },
    ProcessingInputs: [{ InputName: "x" }],
    Tags: [],
  };

  it("compares what the step does, in whatever order it is written", () => {
    const key = cacheKey("Processing", request);
    const turned = {
      ProcessingInputs: [{ InputName: "x" }],
      AppSpecification: { ContainerEntrypoint: ["a", "b"], ImageUri: "i" },
    };
    expect(cacheKey("Processing", turned)).to.equal(key);
    expect(cacheKey("Processing", { ...request, Environment: {} })).not.to.equal(key);
    expect(cacheKey("Processing", { ...request, AppSpecification: { ImageUri: "j" } })).not.to.equal(key);
  });

  it("takes the latest success that did the work itself and is young enough", () => {
    const state = (change: Partial<StepState>): StepState => ({
      name: "A",
      status: "Succeeded",
      started: 0,
      ended: 100,
      attempt: 1,
      metadata: {},
      properties: {},
      cacheKey: "k",
      ...change,
    });
    const executions = [
      state({ ended: 50 }),
      state({}),
      state({ ended: 120, status: "Failed" }),
      state({ ended: 120, cacheKey: "l" }),
      state({ ended: 120, name: "B" }),
      state({ ended: 120, reusedFrom: { executionArn: "0", by: "cache" } }),
    ].map((step, index) => ({ arn: String(index), steps: [step] }) as unknown as Execution);
    expect(findHit(executions, "A", "k", 60, 130)?.executionArn).to.equal("1");
    expect(findHit(executions, "A", "k", 29, 130)).to.equal(undefined);
  });
});

import { expect } from "chai";
import fc from "fast-check";
import { isRefusal } from "../../functions/deploy-model/logic";
import { turnOf } from "../../functions/deploy-model/start";
import { deploymentConfig, endpointConfig } from "../../functions/shared/endpoint-config";
import type { EndpointSettings, Instances } from "../../functions/shared/endpoint-settings";
import { outcomeOf, type EndpointState } from "../../functions/shared/outcome";
import { ENDPOINT_SETTINGS, onInstances } from "./support/endpoint-settings";

const nameOf = (modelName: string, changed: Partial<EndpointSettings> = {}, tags = { project: "fraud" }) =>
  endpointConfig({ modelName }, { ...ENDPOINT_SETTINGS, ...changed }, tags).EndpointConfigName;
const instances = (changed: Partial<Instances>) => nameOf("model-1", { capacity: onInstances(changed) });

describe("an endpoint config's name", () => {
  it("is the same for the same model and settings, and another for any other", () => {
    const names = [
      nameOf("model-1"),
      nameOf("model-2"),
      instances({ minCapacity: 2 }),
      instances({ instanceType: "ml.m5.xlarge" }),
      nameOf("model-1", { capacity: { serverless: { memoryMib: 2048, maxConcurrency: 5 } } }),
      endpointConfig({ modelName: "model-1", shadowModelName: "model-2" }, ENDPOINT_SETTINGS, {}).EndpointConfigName,
      nameOf("model-1", { kmsKeyArn: "arn:aws:kms:eu-west-1:1:key/a" }),
      nameOf("model-1", { dataCapture: { percent: 80, destinationUri: "s3://b/c" } }),
    ];
    expect(new Set(names)).to.have.property("size", names.length);
    expect(nameOf("model-1")).to.equal(names[0]);
    expect(nameOf("model-1", { dataCapture: { percent: 0, destinationUri: "s3://b/c" } })).to.equal(names[0]);
    expect(nameOf("model-1", {}, { project: "other" })).to.equal(names[0]);
    // What scales and rolls out is not in a config.
    expect(instances({ maxCapacity: 9, invocationsPerInstance: 5 })).to.equal(names[0]);
    const rollout = { type: "linear", stepPercent: 10, waitIntervalSeconds: 60 } as const;
    expect(nameOf("model-1", { rollout })).to.equal(names[0]);
  });

  it("is one that SageMaker takes, whatever the endpoint is called", () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}$/), (endpointName) => {
        expect(nameOf("model-1", { endpointName })).to.match(/^(?=.{1,63}$)[a-zA-Z0-9](-*[a-zA-Z0-9])*$/);
      }),
    );
  });
});

describe("a rollout", () => {
  it("routes the traffic as SageMaker writes it", () => {
    const routing = (rollout: Parameters<typeof deploymentConfig>[0]) =>
      deploymentConfig(rollout, 600).BlueGreenUpdatePolicy?.TrafficRoutingConfiguration;
    expect(routing({ type: "all-at-once" })).to.deep.equal({ Type: "ALL_AT_ONCE", WaitIntervalInSeconds: 0 });
    expect(routing({ type: "canary", canaryPercent: 10, waitIntervalSeconds: 300 })).to.deep.equal({
      Type: "CANARY",
      WaitIntervalInSeconds: 300,
      CanarySize: { Type: "CAPACITY_PERCENT", Value: 10 },
    });
    expect(routing({ type: "linear", stepPercent: 25, waitIntervalSeconds: 60 })).to.deep.equal({
      Type: "LINEAR",
      WaitIntervalInSeconds: 60,
      LinearStepSize: { Type: "CAPACITY_PERCENT", Value: 25 },
    });
  });
});

describe("a deployment's turn", () => {
  const pending = { PendingDeploymentSummary: { EndpointConfigName: "new" } };
  const cases: [EndpointState | undefined, string][] = [
    [undefined, "create"],
    [{ EndpointStatus: "InService", EndpointConfigName: "old" }, "update"],
    [{ EndpointStatus: "OutOfService", EndpointConfigName: "old" }, "update"],
    [{ EndpointStatus: "InService", EndpointConfigName: "new" }, "leave"],
    [{ EndpointStatus: "Creating", EndpointConfigName: "new" }, "leave"],
    [{ EndpointStatus: "Updating", EndpointConfigName: "old", ...pending }, "leave"],
    [{ EndpointStatus: "Creating", EndpointConfigName: "old" }, "wait"],
    [{ EndpointStatus: "Updating", EndpointConfigName: "old" }, "wait"],
    [{ EndpointStatus: "Deleting", EndpointConfigName: "new" }, "wait"],
    [{ EndpointStatus: "Failed", EndpointConfigName: "new" }, "replace"],
    [{ EndpointStatus: "UpdateRollbackFailed", EndpointConfigName: "old" }, "refuse"],
  ];
  for (const [endpoint, turn] of cases) {
    it(`at an endpoint ${endpoint?.EndpointStatus ?? "that is not there"} on "${endpoint?.EndpointConfigName ?? ""}" is ${turn}`, () => {
      expect(turnOf(endpoint, "new")).to.equal(turn);
    });
  }
});

describe("a deployment's outcome", () => {
  it("is a success only when the wanted config is live", () => {
    const live = (config: string) => outcomeOf({ EndpointStatus: "InService", EndpointConfigName: config }, "new");
    expect(live("new")).to.include({ succeeded: true });
    expect(live("old")).to.include({ succeeded: false });
    expect(live("old")?.reason).to.contain("rolled back; old is live");
  });

  it("is not known while the endpoint changes", () => {
    for (const EndpointStatus of ["Creating", "Updating", "RollingBack", "SystemUpdating", "Deleting"] as const) {
      expect(outcomeOf({ EndpointStatus, EndpointConfigName: "new" }, "new"), EndpointStatus).to.equal(undefined);
    }
  });

  it("is a failure with SageMaker's reason otherwise", () => {
    const failed = outcomeOf(
      { EndpointStatus: "Failed", EndpointConfigName: "new", FailureReason: "no capacity" },
      "new",
    );
    expect(failed).to.deep.equal({ succeeded: false, reason: "The endpoint is Failed. no capacity" });
    expect(outcomeOf(undefined, "new")).to.include({ succeeded: false });
  });
});

describe("an error of SageMaker", () => {
  const error = (name: string, httpStatusCode: number) =>
    Object.assign(new Error(name), { name, $metadata: { httpStatusCode } });
  it("is for good only when the request itself is refused", () => {
    expect(isRefusal(error("ValidationException", 400))).to.equal(true);
    expect(isRefusal(error("ResourceLimitExceeded", 400))).to.equal(true);
    expect(isRefusal(error("ThrottlingException", 400))).to.equal(false);
    expect(isRefusal(error("InternalFailure", 500))).to.equal(false);
    expect(isRefusal(Object.assign(new Error("connect"), { code: "ECONNREFUSED" }))).to.equal(false);
  });
});

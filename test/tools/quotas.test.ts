import { expect } from "chai";
import { Deployment } from "../../config";
import { decode } from "../../functions/shared/decode";
import { projectRoot } from "../../local/tools";
import { stackConfiguration } from "../../tools/environments-table";
import { describeNeeds, quotaNeeds } from "../../tools/quotas";

const SERVERLESS = decode(
  Deployment,
  { endpointName: "fraud", rollout: { type: "all-at-once" }, serverless: { maxConcurrency: 7 } },
  "deployment",
);

describe("what a stack needs of its account's quotas", () => {
  const prod = stackConfiguration(projectRoot, "prod");
  const needed = (config = prod) => Object.fromEntries(quotaNeeds(config).map(({ quota, needed }) => [quota, needed]));

  const { deployment } = prod;
  if ("serverless" in deployment) throw new Error("prod runs on instances");

  it("is two fleets at the endpoint's largest, and all jobs at once", () => {
    expect(needed()).to.deep.include({
      "ml.c5.xlarge for endpoint usage": 2 * deployment.maxCapacity,
      "ml.m5.2xlarge for training job usage": 1,
      "Fargate On-Demand vCPU resource count": 0.5,
    });
    const processing = quotaNeeds(prod).filter(({ quota }) => quota.endsWith("processing job usage"));
    const jobs = prod.preprocess.instanceCount + 2 + 4;
    expect(processing.reduce((sum, each) => sum + each.needed, 0)).to.equal(jobs);
  });

  it("grows with the configuration, and leaves out monitors that are off", () => {
    const larger = { ...prod, deployment: { ...deployment, maxCapacity: 20 } };
    expect(needed(larger)["ml.c5.xlarge for endpoint usage"]).to.equal(40);
    const serverless = { ...prod, deployment: SERVERLESS };
    expect(Object.keys(needed(serverless)).some((quota) => quota.endsWith("endpoint usage"))).to.equal(false);
    expect(needed(serverless)).to.deep.include({ "concurrency of all serverless endpoints together": 7 });
    const off = { ...prod.monitors.bias, enabled: false };
    const before = needed()[`${off.instanceType} for processing job usage`] ?? 0;
    const fewer = { ...prod, monitors: { ...prod.monitors, bias: off } };
    expect(needed(fewer)[`${off.instanceType} for processing job usage`]).to.equal(before - off.instanceCount);
  });

  it("is told with its causes, and refused of a stack that there is none of", () => {
    expect(describeNeeds("prod", quotaNeeds(prod))).to.match(/ml\.c5\.xlarge for endpoint usage +24 {2}\(the endpoint/);
    expect(() => stackConfiguration(projectRoot, "none")).to.throw(/Pulumi\.none\.yaml does not exist/);
  });
});

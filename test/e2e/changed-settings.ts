// Settings of the endpoint that a `pulumi up` changes, on the stack that a loop has left up with a model in service.
import { DescribeEndpointCommand, DescribeEndpointConfigCommand, SageMakerClient } from "@aws-sdk/client-sagemaker";
import { expect } from "chai";
import { run } from "../../local/engine";
import { until } from "../functions/support/platform";
import { liveCloud, withCapturePercent } from "./live-stack";

/** Whole percent of the requests that the stack captures otherwise. */
const PERCENT = 55;

/** An up with another capture rolls the live model out with it, and the next up says so and has nothing to do. */
export async function changedSettingsGoLive(): Promise<void> {
  const sagemaker = new SageMakerClient((await liveCloud()).client);
  const live = async () => {
    const found = await sagemaker.send(new DescribeEndpointCommand({ EndpointName: "fraud-local" }));
    const { EndpointConfigName } = found;
    const config = await sagemaker.send(new DescribeEndpointConfigCommand({ EndpointConfigName }));
    return { status: found.EndpointStatus, percent: config.DataCaptureConfig?.InitialSamplingPercentage, config };
  };
  await withCapturePercent(PERCENT, async (open) => {
    const up = async () => {
      const { changes, outputs } = await run(await open(), "up");
      return { changes, status: outputs.deploymentStatus?.value as unknown };
    };
    const before = await live();
    // It asks and returns; how far the rollout is by then, nobody knows.
    expect((await up()).status).to.be.oneOf(["pending", "live"]);
    const after = await until("the rollout", async () => {
      const now = await live();
      return now.status === "InService" && now.percent === PERCENT ? now : undefined;
    });
    const modelOf = ({ config }: typeof before) => config.ProductionVariants?.[0]?.ModelName;
    expect(modelOf(after)).to.equal(modelOf(before));
    await until("the settlement", async () => {
      const { changes, status } = await up();
      expect(changes).to.include({ create: 0, update: 0, replace: 0, delete: 0 });
      return status === "live" ? true : undefined;
    });
  });
}

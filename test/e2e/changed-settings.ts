// Settings of the endpoint that a `pulumi up` changes, on the stack that a loop has left up with a model in service.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DescribeEndpointCommand, DescribeEndpointConfigCommand, SageMakerClient } from "@aws-sdk/client-sagemaker";
import { expect } from "chai";
import program from "../../index";
import { environment, findCloud } from "../../local/cloud";
import { openStack, run } from "../../local/engine";
import { localDirectory, tools } from "../../local/tools";
import { until } from "../functions/support/platform";

/** Whole percent of the requests that the stack captures otherwise. */
const PERCENT = 55;

/** An up with another capture rolls the live model out with it, and the next up says so and has nothing to do. */
export async function changedSettingsGoLive(): Promise<void> {
  const cloud = await findCloud(join(localDirectory, "cloud"));
  if (!cloud) throw new Error("the cloud is not up");
  const directory = mkdtempSync(join(tmpdir(), "changed-settings-"));
  const given = readFileSync(join(localDirectory, "run", "Pulumi.local.yaml"), "utf8");
  const changed = given.replace(/dataCapturePercent: \d+/, `dataCapturePercent: ${PERCENT}`);
  expect(changed).not.to.equal(given);
  const configFile = join(directory, "Pulumi.local.yaml");
  writeFileSync(configFile, changed);
  const up = async () => {
    const stack = await openStack({
      stack: "local",
      program,
      configFile,
      directory: join(cloud.description.directory, "pulumi"),
      environment: environment(cloud.description),
      pulumiBinary: tools().pulumi,
      pluginDirectory: join(localDirectory, "plugin"),
    });
    const { changes, outputs } = await run(stack, "up");
    return { changes, status: outputs.deploymentStatus?.value as unknown };
  };
  const { awsEndpointUrl: endpoint, region } = cloud.description;
  const credentials = { accessKeyId: "local", secretAccessKey: "local" };
  const sagemaker = new SageMakerClient({ endpoint, region, credentials });
  const live = async () => {
    const found = await sagemaker.send(new DescribeEndpointCommand({ EndpointName: "fraud-local" }));
    const { EndpointConfigName } = found;
    const config = await sagemaker.send(new DescribeEndpointConfigCommand({ EndpointConfigName }));
    return { status: found.EndpointStatus, percent: config.DataCaptureConfig?.InitialSamplingPercentage, config };
  };
  try {
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
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

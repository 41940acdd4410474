// The end of a stack whose endpoint is just being changed, and its second life.
import { ApplicationAutoScalingClient, DescribeScalableTargetsCommand } from "@aws-sdk/client-application-auto-scaling";
import { CloudWatchClient, DescribeAlarmsCommand } from "@aws-sdk/client-cloudwatch";
import { ListObjectsV2Command, S3Client } from "@aws-sdk/client-s3";
import {
  ListEndpointConfigsCommand,
  ListEndpointsCommand,
  ListModelPackagesCommand,
  ListModelsCommand,
  ListPipelinesCommand,
  SageMakerClient,
} from "@aws-sdk/client-sagemaker";
import { expect } from "chai";
import { run } from "../../local/engine";
import { liveCloud, withCapturePercent } from "./live-stack";

/** Whole percent of the requests that the stack captures otherwise. */
const PERCENT = 45;
/** What an earlier test made by itself, to break the endpoint with: it carries no tags of the stack's, and stays. */
const BROKEN = "broken";

/**
 * A destroy that comes while settings are rolled out waits for the endpoint, removes whatever functions and pipelines made
 * at run time, under the teardown's own role, and leaves the data. The next up makes a whole stack again.
 */
export async function destroyedAndUpAgain(): Promise<void> {
  const { client } = await liveCloud();
  const sagemaker = new SageMakerClient(client);
  await withCapturePercent(PERCENT, async (open) => {
    const { outputs } = await run(await open(), "up");
    const bucket = String(outputs.bucketName?.value);
    expect((await run(await open(), "destroy")).resources).to.deep.equal([]);

    const left = await Promise.all([
      sagemaker.send(new ListEndpointsCommand({})).then(({ Endpoints = [] }) => Endpoints),
      sagemaker
        .send(new ListEndpointConfigsCommand({}))
        .then(({ EndpointConfigs = [] }) => EndpointConfigs.filter((each) => each.EndpointConfigName !== BROKEN)),
      sagemaker
        .send(new ListModelsCommand({}))
        .then(({ Models = [] }) => Models.filter((each) => each.ModelName !== BROKEN)),
      sagemaker.send(new ListPipelinesCommand({})).then(({ PipelineSummaries = [] }) => PipelineSummaries),
      new ApplicationAutoScalingClient(client)
        .send(new DescribeScalableTargetsCommand({ ServiceNamespace: "sagemaker" }))
        .then(({ ScalableTargets = [] }) => ScalableTargets),
      new CloudWatchClient(client).send(new DescribeAlarmsCommand({})).then(({ MetricAlarms = [] }) => MetricAlarms),
    ]);
    expect(left).to.deep.equal([[], [], [], [], [], []]);
    const { KeyCount } = await new S3Client({ ...client, forcePathStyle: true }).send(
      new ListObjectsV2Command({ Bucket: bucket }),
    );
    expect(KeyCount).to.be.greaterThan(0);

    const again = await run(await open(), "up");
    expect(again.changes).to.include({ update: 0, replace: 0, delete: 0 });
    const ModelPackageGroupName = String(again.outputs.modelPackageGroupName?.value);
    const packages = await sagemaker.send(new ListModelPackagesCommand({ ModelPackageGroupName }));
    expect(packages.ModelPackageSummaryList).to.deep.equal([]);
    const health = await fetch(`${String(again.outputs.apiUrl?.value)}/health`);
    expect(health.status).to.equal(503);
    expect(await health.json()).to.include({ code: "no-model" });
  });
}

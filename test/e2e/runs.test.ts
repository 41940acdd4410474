// Two runs at once, on the whole platform on the local cloud: neither touches the other, and one that is stopped goes on.
import { readFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ListObjectsV2Command, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import {
  DescribeModelPackageCommand,
  DescribeProcessingJobCommand,
  DescribeTrainingJobCommand,
  ListModelPackagesCommand,
  ListProcessingJobsCommand,
  ListTagsCommand,
  ListTrainingJobsCommand,
  SageMakerClient,
  StopPipelineExecutionCommand,
} from "@aws-sdk/client-sagemaker";
import { expect } from "chai";
import { environment, startCloud, type RunningCloud } from "../../local/cloud";
import { syntheticDataset } from "../../local/loop/data";
import { launchPipeline, resuming, runLauncher, type Launched } from "../../local/loop/launch-task";
import { PipelineWatch } from "../../local/loop/pipeline-watch";
import { writeStackFile } from "../../local/loop/settings";
import { bringUp, buildArtifacts, type StackUp } from "../../local/loop/stack";
import { waitFor } from "../../local/loop/wait";

const SETTINGS = [
  "ecs.overlappingRuns=allow",
  // Deployments take turns, which is their own tests' business.
  "registry.approval=manual",
  "evaluation.rocAucMinThreshold=0",
  "training.hyperparameters={num_round: 30}",
];
const ROWS = { one: 20_000, two: 20_500 };

/** What a run leaves, as far as it says whose it is. */
interface Left {
  /** Keys below the bucket's prefix, less the folder of the run. */
  objects: string[];
  /** Descriptions of its jobs, by the beginning of their names. */
  jobs: Map<string, object>;
}

describe("two runs at once", function () {
  this.timeout(900_000);
  const directory = mkdtempSync(join(tmpdir(), "runs-"));
  const environmentBefore = { ...process.env };
  let cloud: RunningCloud | undefined;
  let stack: StackUp;
  let one: Launched;
  let two: Launched;
  const watch = (run: Launched) => new PipelineWatch(new SageMakerClient(), run.pipelineExecutionArn);

  before(async () => {
    const file = writeStackFile("local", SETTINGS, join(directory, "run"));
    await buildArtifacts(() => undefined);
    cloud = await startCloud({ directory: join(directory, "cloud"), region: file.region });
    Object.assign(process.env, environment(cloud.description));
    stack = (await bringUp(file.path, cloud, () => undefined)).value;
    await cloud.mlflowReady;
    const launch = async (name: keyof typeof ROWS) => {
      const { path } = await syntheticDataset(ROWS[name], ROWS[name]);
      const key = `raw/${name}.csv`;
      const Key = `${stack.outputs.prefix}/${key}`;
      await new S3Client().send(
        new PutObjectCommand({ Bucket: stack.outputs.bucketName, Key, Body: readFileSync(path) }),
      );
      return launchPipeline(stack.outputs.launcher, { S3_RAW_DATA_KEY: key });
    };
    [one, two] = await Promise.all([launch("one"), launch("two")]);
  });
  after(async () => {
    await cloud?.stop();
    for (const name of Object.keys(process.env))
      if (!(name in environmentBefore)) Reflect.deleteProperty(process.env, name);
    Object.assign(process.env, environmentBefore);
    rmSync(directory, { recursive: true, force: true });
  });

  it("one is stopped in its middle, which the other does not notice", async () => {
    await waitFor(
      async () =>
        (await watch(two).steps()).find((step) => step.StepName === "Train" && step.StepStatus !== "Starting"),
      { what: "training to begin", timeoutSeconds: 120 },
    );
    await new SageMakerClient().send(
      new StopPipelineExecutionCommand({
        PipelineExecutionArn: two.pipelineExecutionArn,
        ClientRequestToken: crypto.randomUUID(),
      }),
    );
    expect(await watch(two).executionEnded(120)).to.include({ status: "Stopped" });
    expect(await watch(one).executionEnded(120)).to.include({ status: "Succeeded" });
  });

  it("the stopped one goes on on request from where it stood, and does nothing again that was done", async () => {
    const done = async () =>
      (await watch(two).steps())
        .filter((step) => step.StepStatus === "Succeeded")
        .map(({ StepName, StartTime, Metadata }) => ({ StepName, StartTime, Metadata }));
    const before = await done();
    expect(before.map(({ StepName }) => StepName))
      .to.include("Preprocess")
      .and.not.include("Evaluate");

    const { ended, lines } = await runLauncher(
      stack.outputs.launcher,
      { command: resuming(two.executionId) },
      { timeoutSeconds: 120 },
    );
    expect(ended, lines.join("\n")).to.equal(0);
    expect(JSON.parse(lines[0] ?? "")).to.deep.include({
      executionId: two.executionId,
      pipelineExecutionArn: two.pipelineExecutionArn,
    });
    expect(JSON.parse(lines.at(-1) ?? "")).to.deep.equal({ outcome: "succeeded" });
    const after = await done();
    expect(after).to.deep.include.members(before);
    expect(after.map(({ StepName }) => StepName)).to.include.members(["Train", "Evaluate", "Register"]);
  });

  it("each leaves everything under its own name, and has read nothing of the other's", async () => {
    const sagemaker = new SageMakerClient();
    const { bucketName: Bucket, prefix, modelPackageGroupName } = stack.outputs;
    const { Contents = [], IsTruncated } = await new S3Client().send(new ListObjectsV2Command({ Bucket }));
    expect(IsTruncated).to.equal(false);
    const shared = ["raw/", "scripts/"].map((folder) => `${prefix}/${folder}`);
    const keys = Contents.map(({ Key = "" }) => Key).filter((key) => !shared.some((each) => key.startsWith(each)));
    const training = (await sagemaker.send(new ListTrainingJobsCommand({}))).TrainingJobSummaries ?? [];
    const processing = (await sagemaker.send(new ListProcessingJobsCommand({}))).ProcessingJobSummaries ?? [];
    const jobs = await Promise.all([
      ...training.map(async ({ TrainingJobName = "", TrainingJobArn: arn }) => {
        const job = await sagemaker.send(new DescribeTrainingJobCommand({ TrainingJobName }));
        return { name: TrainingJobName, arn, job };
      }),
      ...processing.map(async ({ ProcessingJobName = "", ProcessingJobArn: arn }) => {
        const job = await sagemaker.send(new DescribeProcessingJobCommand({ ProcessingJobName }));
        return { name: ProcessingJobName, arn, job };
      }),
    ]);
    const owners = await Promise.all(
      jobs.map(async ({ arn }) => {
        const { Tags = [] } = await sagemaker.send(new ListTagsCommand({ ResourceArn: arn }));
        return Tags.find(({ Key }) => Key === "execution_id")?.Value;
      }),
    );
    const leftBy = ({ executionId }: Launched): Left => ({
      objects: keys.filter((key) => key.startsWith(`${prefix}/${executionId}/`)),
      jobs: new Map(jobs.filter((_, index) => owners[index] === executionId).map(({ name, job }) => [name, job])),
    });
    const [ofOne, ofTwo] = [leftBy(one), leftBy(two)];

    expect([...ofOne.objects, ...ofTwo.objects]).to.have.members(keys);
    const folders = ({ objects }: Left) => new Set(objects.map((key) => key.split("/")[2]));
    expect(folders(ofOne)).to.deep.equal(new Set(["processed", "model", "champion", "evaluation", "baselines"]));
    expect(folders(ofTwo)).to.deep.equal(folders(ofOne));

    expect([...ofOne.jobs.keys(), ...ofTwo.jobs.keys()]).to.have.members(jobs.map(({ name }) => name));
    expect(new Set(jobs.map(({ name }) => name)).size).to.equal(jobs.length);
    const completed = ({ jobs: described }: Left) =>
      [...described.values()].filter((job) => JSON.stringify(job).includes('JobStatus":"Completed"'));
    expect([completed(ofOne).length, ofOne.jobs.size]).to.deep.equal([4, 4]);
    // What was stopped is there beside what ran in its place.
    expect(completed(ofTwo)).to.have.length(4);
    const told = ({ jobs: described }: Left) => JSON.stringify([...described.values()]);
    expect(told(ofOne)).to.contain("raw/one.csv").and.not.contain("raw/two.csv").and.not.contain(two.executionId);
    expect(told(ofTwo)).to.contain("raw/two.csv").and.not.contain("raw/one.csv").and.not.contain(one.executionId);

    const { ModelPackageSummaryList: packages = [] } = await sagemaker.send(
      new ListModelPackagesCommand({ ModelPackageGroupName: modelPackageGroupName }),
    );
    const described = await Promise.all(
      packages.map(({ ModelPackageArn }) =>
        sagemaker.send(new DescribeModelPackageCommand({ ModelPackageName: ModelPackageArn })),
      ),
    );
    expect(described.map(({ CustomerMetadataProperties }) => CustomerMetadataProperties?.executionId)).to.have.members([
      one.executionId,
      two.executionId,
    ]);
    for (const each of described) {
      const own = each.CustomerMetadataProperties?.executionId;
      const other = own === one.executionId ? two.executionId : one.executionId;
      expect(JSON.stringify(each)).to.contain(`${prefix}/${own}/model/`).and.not.contain(other);
    }

    const runs = await mlflowRuns(cloud?.description.mlflowUrl ?? "");
    expect(runs.map(({ tags }) => tags.execution_id)).to.have.members([one.executionId, two.executionId]);
    for (const { tags } of runs) expect(tags.gate).to.equal("passed");
  });
});

/** Every MLflow run, whatever its experiment. */
async function mlflowRuns(url: string): Promise<{ tags: Record<string, string> }[]> {
  const ask = async (path: string, body: object): Promise<Record<string, unknown[]>> => {
    const answer = await fetch(`${url}/api/2.0/mlflow/${path}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });
    return (await answer.json()) as Record<string, unknown[]>;
  };
  const { experiments = [] } = await ask("experiments/search", { max_results: 100 });
  const experiment_ids = (experiments as { experiment_id: string }[]).map(({ experiment_id }) => experiment_id);
  const { runs = [] } = await ask("runs/search", { experiment_ids, max_results: 100 });
  return (runs as { data: { tags: { key: string; value: string }[] } }[]).map(({ data }) => ({
    tags: Object.fromEntries(data.tags.map(({ key, value }) => [key, value])),
  }));
}

import { GetObjectCommand, ListObjectsV2Command } from "@aws-sdk/client-s3";
import { ListModelPackagesCommand, UpdateModelPackageCommand } from "@aws-sdk/client-sagemaker";
import { expect } from "chai";
import { promote, type PromoteSettings } from "../../../functions/promote-model/promote";
import type { Registration } from "../../../functions/shared/registration";
import { dying } from "../support/dying";
import { TestStack } from "../support/test-stack";

const ASKER = { requestedBy: "arn:aws:iam::123456789012:user/o'p", because: "it's better\nby far" };

/** From the stack `dev` to `staging`, which deploys by itself, and to `prod`, where a person approves. */
export function promotions(): void {
  let dev: TestStack;
  let staging: TestStack;
  let prod: TestStack;
  let first: Registration;
  const settingsOf = (stack: TestStack, from: TestStack, approvalStatus: PromoteSettings["approvalStatus"]) => ({
    source: {
      accountId: "123456789012",
      modelPackageGroupName: from.name,
      bucketName: from.bucket,
      prefix: from.prefix,
    },
    promotedUri: `s3://${stack.bucket}/${stack.prefix}/promoted`,
    experimentName: stack.name,
    modelName: stack.name,
    groupName: stack.name,
    approvalStatus,
    queueUrl: stack.queueUrl,
    partition: "aws",
    region: "eu-west-1",
  });
  const toStaging = (modelPackage?: string, clients = staging.clients) =>
    promote(clients, settingsOf(staging, dev, "Approved"), { ...ASKER, ...(modelPackage && { modelPackage }) });
  const packagesOf = async (stack: TestStack) =>
    (await stack.clients.sagemaker.send(new ListModelPackagesCommand({ ModelPackageGroupName: stack.name })))
      .ModelPackageSummaryList ?? [];

  before(async () => {
    [dev, staging, prod] = await Promise.all([
      TestStack.make("dev"),
      TestStack.make("staging"),
      TestStack.make("prod"),
    ]);
    const rows = [100, 900].map((amount) => [...Array<number>(29).fill(0.5), amount].join(",")).join("\n");
    first = await dev.register("run-1", { golden: { rows, scores: [0.1, 0.9] } });
  });

  it("registers a copy, wherever it is killed, once: bytes, baselines, golden sample and all that is known", async () => {
    let kills = 0;
    for (let through = false; !through; kills++) {
      const killer = dying(kills);
      const { s3, sagemaker, sqs, mlflow } = staging.clients;
      const clients = { s3: killer(s3), sagemaker: killer(sagemaker), sqs: killer(sqs), mlflow };
      through = await toStaging("1", { ...staging.clients, ...clients }).then(
        () => true,
        (error: unknown) => {
          if (error instanceof Error && error.message === "killed") return false;
          throw error;
        },
      );
    }
    expect(kills).to.be.at.least(20);
    const promoted = await toStaging(first.modelPackageArn);
    expect(promoted).to.deep.include({ sourceArn: first.modelPackageArn, approvalStatus: "Approved" });
    expect(await packagesOf(staging)).to.have.length(1);

    const [theirs, ours] = [await dev.package(first.modelPackageArn), await staging.package(promoted.modelPackageArn)];
    const folder = `s3://${staging.bucket}/${staging.prefix}/promoted/123456789012/dev/1`;
    const moved = <A>(part: A): A =>
      JSON.parse(JSON.stringify(part).replaceAll(`s3://${dev.bucket}/${dev.prefix}`, folder)) as A;
    expect(ours.DriftCheckBaselines).to.deep.equal(moved(theirs.DriftCheckBaselines));
    expect(ours.ModelMetrics).to.deep.equal(moved(theirs.ModelMetrics));
    expect(ours.InferenceSpecification).to.deep.equal(moved(theirs.InferenceSpecification));
    const { mlflowVersion, promotedFrom, promotedBy, ...metadata } = ours.CustomerMetadataProperties ?? {};
    expect({ ...metadata, mlflowVersion: "1" }).to.deep.equal(moved(theirs.CustomerMetadataProperties));
    expect({ promotedFrom, promotedBy }).to.deep.equal({
      promotedFrom: first.modelPackageArn,
      promotedBy: "arn:aws:iam::123456789012:user/o_p",
    });
    const [version] = await staging.clients.mlflow.findVersions("staging", {
      key: "promoted_from",
      value: first.modelPackageArn,
    });
    expect(version).to.deep.include({ version: mlflowVersion });
    expect(version?.tags).to.include({ promoted_by: ASKER.requestedBy, promoted_because: ASKER.because });

    const { Contents = [] } = await staging.clients.s3.send(new ListObjectsV2Command({ Bucket: staging.bucket }));
    const root = folder.slice(`s3://${staging.bucket}/`.length);
    for (const { Key = "" } of Contents) {
      const read = async (Bucket: string, key: string) => {
        const { Body } = await staging.clients.s3.send(new GetObjectCommand({ Bucket, Key: key }));
        return Buffer.from((await Body?.transformToByteArray()) ?? []);
      };
      const original = await read(dev.bucket, Key.replace(root, dev.prefix));
      expect((await read(staging.bucket, Key)).equals(original), Key).to.equal(true);
    }
    // The archive, the baselines' seven files and the golden sample's two.
    expect(Contents).to.have.length(10);
  });

  it("deploys the copy by itself where nobody has to approve it, after it scored the golden sample; once", async () => {
    const { deploymentId = "", modelPackageArn } = await toStaging("1");
    const request = await staging.settled(deploymentId);
    expect(request).to.include({ succeeded: true, kind: "promotion", ...ASKER });
    expect((await staging.answersWith(300)).packageArn).to.equal(modelPackageArn);
    const { LastModifiedTime } = await staging.endpoint();
    await toStaging("1");
    await staging.drain();
    expect(await staging.endpoint()).to.deep.include({ LastModifiedTime });
  });

  it("waits for a person where one approves: a copy of the copy is pending, and as it was", async () => {
    const settings = settingsOf(prod, staging, "PendingManualApproval");
    // Without a package it is the one that was approved last.
    const promoted = await promote(prod.clients, settings, ASKER);
    expect(promoted).to.include({ approvalStatus: "PendingManualApproval" }).and.not.to.have.property("deploymentId");
    await prod.drain();
    expect(await prod.clients.deployments.current()).to.equal(undefined);
    const { CustomerMetadataProperties: metadata } = await prod.package(promoted.modelPackageArn);
    const original = (await dev.package(first.modelPackageArn)).CustomerMetadataProperties;
    expect(metadata?.artifactSha256)
      .to.equal(original?.artifactSha256)
      .and.to.match(/^[0-9a-f]{64}$/);
  });

  it("refuses what is not approved, not that stack's, or not told of, and says why", async () => {
    const pending = await dev.register("run-pending", { approvalStatus: "PendingManualApproval" });
    const refusal = (modelPackage: string) => toStaging(modelPackage).catch(String);
    expect(await refusal(pending.modelPackageArn)).to.contain("it is PendingManualApproval");
    expect(await refusal(pending.modelPackageArn.replace("/dev/", "/other/"))).to.contain("is no package that");
    expect(await refusal("latest")).to.contain("give the number of one in the group dev");
    expect(await refusal("99")).to.match(/does not exist/i);
    expect(await packagesOf(staging)).to.have.length(1);
  });

  it("stops with both digests where the artifact is not the one that was registered, and leaves none of it", async () => {
    const changed = await dev.register("run-changed");
    const { artifactSha256 = "" } = (await dev.package(changed.modelPackageArn)).CustomerMetadataProperties ?? {};
    await dev.put("run-changed/model/model.tar.gz", "another model");
    const refusal = await toStaging(changed.modelPackageArn).catch(String);
    expect(refusal).to.contain("is not the one that was registered");
    expect(refusal).to.contain(`Its SHA-256 is 93dc44381b526080`).and.to.contain(`not ${artifactSha256}`);
    const left = await staging.clients.s3.send(
      new ListObjectsV2Command({
        Bucket: staging.bucket,
        Prefix: `${staging.prefix}/promoted/123456789012/dev/3/run-changed/model`,
      }),
    );
    expect(left.KeyCount).to.equal(0);
    expect(await packagesOf(staging)).to.have.length(1);
  });

  it("is of no use to an archive that was changed here: the deployment stops with both digests", async () => {
    const registered = await dev.register("run-swapped");
    const { artifactSha256 = "" } = (await dev.package(registered.modelPackageArn)).CustomerMetadataProperties ?? {};
    await dev.put("run-swapped/model/model.tar.gz", "another model");
    const { succeeded, reason } = await dev.settled(await dev.command(registered.modelPackageArn));
    expect(succeeded).to.equal(false);
    expect(reason).to.contain("is not the one that was registered: its SHA-256 is 93dc44381b526080");
    expect(reason).to.contain(`not ${artifactSha256}`);
  });

  it("does not go on with what was rejected meanwhile", async () => {
    const registered = await dev.register("run-rejected");
    const { deploymentId = "", modelPackageArn } = await toStaging(registered.modelPackageArn);
    await staging.clients.sagemaker.send(
      new UpdateModelPackageCommand({ ModelPackageArn: modelPackageArn, ModelApprovalStatus: "Rejected" }),
    );
    const { succeeded, reason } = await staging.settled(deploymentId);
    expect({ succeeded, reason }).to.deep.equal({ succeeded: false, reason: "The package is Rejected by now." });
  });
}

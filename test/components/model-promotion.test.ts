import { expect } from "chai";
import { LauncherImage } from "../../components/launcher-image";
import { ModelPromotion } from "../../components/model-promotion";
import { ModelRegistry } from "../../components/model-registry";
import { Storage } from "../../components/storage";
import { endpointOn, foundations } from "./support/foundations";
import {
  actionsOf,
  everythingRegistered,
  inputsOf,
  ofType,
  permissionsOf,
  recording,
  startRecording,
  statementsOf,
  valueOf,
  variablesOf,
} from "./support/mocks";

const FROM = {
  accountId: "210987654321",
  modelPackageGroupName: "Fraud-Dev",
  bucketName: "their-bucket",
  prefix: "cards*",
  kmsKeyArn: "arn:aws:kms:eu-west-1:210987654321:key/0a",
};
const READERS = { AWS: ["arn:aws:iam::210987654321:root", "arn:aws:iam::321098765432:root"] };
const readerAccountIds = ["210987654321", "321098765432"];
const POLICIES = {
  bucket: "aws:s3/bucketPolicy:BucketPolicy",
  group: "aws:sagemaker/modelPackageGroupPolicy:ModelPackageGroupPolicy",
  repository: "aws:ecr/repositoryPolicy:RepositoryPolicy",
};

describe("the promotion of models to a stack", () => {
  beforeEach(startRecording);

  async function promotion(approval: "auto" | "manual" = "auto") {
    const base = foundations();
    const { deployQueue } = endpointOn(base);
    const made = new ModelPromotion(
      "promotion",
      { ...base, deployQueue, experimentName: "Fraud-Training", approval, from: FROM },
      recording,
    );
    await everythingRegistered();
    return made;
  }

  it("is a function that knows where models come from, and whether a person approves them", async () => {
    const { described } = await promotion();
    const { SOURCE, ...variables } = variablesOf("promotion-function");
    const { kmsKeyArn, ...source } = FROM;
    expect(kmsKeyArn).to.contain(FROM.accountId);
    expect(JSON.parse(SOURCE ?? "")).to.deep.equal(source);
    expect(variables).to.deep.equal({
      PROMOTED_URI: "s3://storage-bucket/fraud/promoted",
      MLFLOW_ARN: "arn:aws:sagemaker:eu-west-1:123456789012:mlflow-app/fraud",
      MLFLOW_EXPERIMENT_NAME: "Fraud-Training",
      MODEL_NAME: "fraud-model",
      MODEL_PACKAGE_GROUP_NAME: "fraud",
      APPROVAL_STATUS: "Approved",
      QUEUE_URL: "https://sqs.eu-west-1.amazonaws.com/123456789012/endpoint-deploy-queue",
    });
    expect(await valueOf(described)).to.deep.equal({
      functionName: "promotion-function",
      sourceGroupArn: "arn:aws:sagemaker:eu-west-1:210987654321:model-package-group/fraud-dev",
    });
  });

  it("leaves the decision to a person where the stack has one", async () => {
    await promotion("manual");
    expect(variablesOf("promotion-function").APPROVAL_STATUS).to.equal("PendingManualApproval");
  });

  it("may read the other stack's packages and what they refer to, and write here", async () => {
    await promotion();
    const there = permissionsOf("promotion").filter((each) => /210987654321|their-bucket/.test(each));
    const packages = "arn:aws:sagemaker:eu-west-1:210987654321:model-package/fraud-dev/*";
    expect(there).to.have.members([
      "kms:Decrypt arn:aws:kms:eu-west-1:210987654321:key/0a",
      "s3:GetObject arn:aws:s3:::their-bucket/cards${*}/*/baselines/*",
      "s3:GetObject arn:aws:s3:::their-bucket/cards${*}/*/evaluation/golden/*",
      "s3:GetObject arn:aws:s3:::their-bucket/cards${*}/*/model/*",
      "s3:ListBucket arn:aws:s3:::their-bucket",
      `sagemaker:DescribeModelPackage ${packages}`,
      "sagemaker:ListModelPackages arn:aws:sagemaker:eu-west-1:210987654321:model-package-group/fraud-dev",
      `sagemaker:ListModelPackages ${packages}`,
    ]);
    const objects = permissionsOf("promotion").filter((each) => each.includes("storage-bucket/"));
    expect(new Set(objects.map((each) => each.split(" ")[1]))).to.deep.equal(
      new Set(["arn:aws:s3:::storage-bucket/fraud/promoted/*"]),
    );
    expect(actionsOf("promotion")).to.include.members(["sagemaker:CreateModelPackage", "sqs:SendMessage"]);
    expect(actionsOf("promotion")).not.to.include("sagemaker:UpdateModelPackage");
  });
});

describe("the promotion of models to other accounts", () => {
  beforeEach(startRecording);

  it("lets nobody in unless accounts are named", async () => {
    const storage = new Storage("storage", { readerAccountIds: [] });
    new ModelRegistry("registry", { storage, groupName: "fraud", modelName: "fraud", readerAccountIds: [] });
    new LauncherImage("image", { storage, readerAccountIds: [] });
    await everythingRegistered();
    expect(ofType(POLICIES.group)).to.deep.equal([]);
    expect(ofType(POLICIES.repository)).to.deep.equal([]);
    expect(statementsOf(inputsOf(POLICIES.bucket, "storage-bucket").policy)).to.have.length(2);
    expect(statementsOf(inputsOf("aws:kms/key:Key", "storage-key").policy)).to.have.length(2);
  });

  it("lets them read models, baselines and golden samples, packages and the image, and decrypt through S3", async () => {
    const storage = new Storage("storage", { readerAccountIds, prefix: "fraud" });
    new ModelRegistry("registry", { storage, groupName: "fraud", modelName: "fraud", readerAccountIds });
    new LauncherImage("image", { storage, readerAccountIds });
    await everythingRegistered();
    const patterns = ["fraud/*/model/*", "fraud/*/baselines/*", "fraud/*/evaluation/golden/*"];
    const [, , reads, lists] = statementsOf(inputsOf(POLICIES.bucket, "storage-bucket").policy);
    expect(reads).to.deep.equal({
      Sid: "PromotionReads",
      Effect: "Allow",
      Principal: READERS,
      Action: ["s3:GetObject"],
      Resource: patterns.map((pattern) => `arn:aws:s3:::storage-bucket/${pattern}`),
    });
    expect(lists).to.deep.equal({
      Sid: "PromotionLists",
      Effect: "Allow",
      Principal: READERS,
      Action: ["s3:ListBucket"],
      Resource: ["arn:aws:s3:::storage-bucket"],
      Condition: { StringLike: { "s3:prefix": patterns } },
    });
    expect(statementsOf(inputsOf("aws:kms/key:Key", "storage-key").policy)[2]).to.deep.equal({
      Sid: "PromotionReads",
      Effect: "Allow",
      Principal: READERS,
      Action: ["kms:Decrypt", "kms:DescribeKey"],
      Resource: "*",
      Condition: { StringEquals: { "kms:ViaService": "s3.eu-west-1.amazonaws.com" } },
    });
    const { modelPackageGroupName, resourcePolicy } = inputsOf(POLICIES.group, "registry-packages");
    expect(modelPackageGroupName).to.equal("fraud");
    expect(statementsOf(resourcePolicy)).to.deep.equal([
      {
        Sid: "PromotionReads",
        Effect: "Allow",
        Principal: READERS,
        Action: [
          "sagemaker:DescribeModelPackageGroup",
          "sagemaker:DescribeModelPackage",
          "sagemaker:ListModelPackages",
        ],
        Resource: [
          "arn:aws:sagemaker:eu-west-1:123456789012:model-package-group/registry-packages",
          "arn:aws:sagemaker:eu-west-1:123456789012:model-package/registry-packages/*",
        ],
      },
    ]);
    const [pulls] = statementsOf(inputsOf(POLICIES.repository, "image-repository").policy);
    expect(pulls).to.deep.include({
      Principal: READERS,
      Action: ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
    });
  });
});

import { expect } from "chai";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { botocoreData, hasOperation, loadModel, validate, validationMessage } from "../../../local/aws-models";

const TRAINING = {
  TrainingJobName: "job-1",
  RoleArn: "arn:aws:iam::123456789012:role/r",
  AlgorithmSpecification: { TrainingInputMode: "File", TrainingImage: "image" },
  OutputDataConfig: { S3OutputPath: "s3://bucket/out" },
  ResourceConfig: { InstanceType: "ml.m5.large", InstanceCount: 1, VolumeSizeInGB: 10 },
  StoppingCondition: { MaxRuntimeInSeconds: 60 },
};

function reasons(service: string, operation: string, input: unknown): Record<string, string> {
  return Object.fromEntries(validate(service, operation, input).map(({ path, reason }) => [path, reason]));
}

/** botocore's own examples of requests, as published: these services have some. */
const SERVICES = ["dynamodb", "ecs", "iam", "kms", "lambda", "s3", "sns", "sqs", "sts"];

interface Example {
  name: string;
  service: string;
  operation: string;
  input: unknown;
}

function examples(service: string): Example[] {
  const directory = join(botocoreData(), service);
  const date = readdirSync(directory).sort().at(-1) ?? "";
  const file = JSON.parse(readFileSync(join(directory, date, "examples-1.json"), "utf8")) as {
    examples: Record<string, { input?: unknown }[]>;
  };
  return Object.entries(file.examples).flatMap(([operation, list]) =>
    list.map(({ input }) => ({
      name: `${service} ${operation}`,
      service,
      operation,
      input: withBytes(service, operation, input),
    })),
  );
}

/** Examples write bytes as plain text. */
function withBytes(service: string, operation: string, input: unknown): unknown {
  const { operations, shapes } = loadModel(service);
  const members = shapes[operations[operation]?.input ?? ""]?.members ?? {};
  const isBytes = (name: string, value: unknown) =>
    typeof value === "string" && shapes[members[name] ?? ""]?.type === "blob";
  const entries = Object.entries(input ?? {}).map(([name, value]: [string, unknown]) => [
    name,
    isBytes(name, value) ? Buffer.from(value as string) : value,
  ]);
  return Object.fromEntries(entries);
}

/** Examples that break the model that they are published with: numbers written as text, identifiers cut short. */
const WRONG_THEMSELVES = [
  "kms CreateCustomKeyStore",
  "kms UpdateCustomKeyStore",
  "lambda UpdateEventSourceMapping",
  "s3 CompleteMultipartUpload",
  "s3 ListMultipartUploads",
  "s3 ListObjects",
  "s3 ListObjectsV2",
  "s3 UploadPart",
  "s3 UploadPartCopy",
  "s3 UploadPartCopy",
];

describe("AWS's models", () => {
  it("accept a well-formed request", () => {
    expect(validate("sagemaker", "CreateTrainingJob", TRAINING)).to.deep.equal([]);
  });

  it("report every violation of a request, each with its path", () => {
    const found = reasons("sagemaker", "CreateTrainingJob", {
      ...TRAINING,
      TrainingJobName: "a_b",
      RoleArn: undefined,
      ResourceConfig: { InstanceType: "ml.m5.lage", InstanceCount: -1, VolumeSizeInGB: "10" },
      Tags: [{ Key: "a", Value: "b" }, { Key: "" }],
      HyperParameters: { ["k".repeat(300)]: "1" },
      Foo: 1,
    });
    expect(Object.keys(found)).to.have.members([
      "TrainingJobName",
      "RoleArn",
      "ResourceConfig.InstanceType",
      "ResourceConfig.InstanceCount",
      "ResourceConfig.VolumeSizeInGB",
      "Tags[1].Key",
      "Tags[1].Value",
      `HyperParameters["${"k".repeat(300)}"]`,
      "Foo",
    ]);
    expect(found["ResourceConfig.InstanceType"]).to.match(/"ml.m5.lage" is not one of ml.m5.large,/);
    expect(found["ResourceConfig.VolumeSizeInGB"]).to.equal('a whole number is wanted, not "10"');
  });

  it("word a violation as the services do", () => {
    const violations = validate("sagemaker", "DescribeTrainingJob", { TrainingJobName: "a_b" });
    expect(validationMessage(violations)).to.match(
      /^1 validation error detected: Value 'a_b' at 'trainingJobName' failed to satisfy constraint: Member must satisfy regular expression pattern: /,
    );
    const nested = validate("sagemaker", "AddTags", {
      ResourceArn: "arn:aws:sagemaker:eu-west-1:1:x/y",
      Tags: [{ Value: "v" }],
    });
    expect(validationMessage(nested)).to.include(
      "Value at 'tags.1.member.key' failed to satisfy constraint: Member must not be null",
    );
  });

  it("take times and bytes both as they are on the wire and as the SDK has them", () => {
    const times = [1.5e9, new Date(), "2026-11-21T01:00:00Z"];
    for (const CreationTimeAfter of times)
      expect(validate("sagemaker", "ListModels", { CreationTimeAfter })).to.deep.equal([]);
    expect(reasons("sagemaker", "ListModels", { CreationTimeAfter: "soon" })).to.have.property("CreationTimeAfter");
    expect(reasons("sagemaker", "ListModels", { CreationTimeAfter: new Date(NaN) })).to.have.property(
      "CreationTimeAfter",
    );
    const blobs = [Buffer.from("abc"), "YWJj"];
    for (const Plaintext of blobs) expect(validate("kms", "Encrypt", { KeyId: "k", Plaintext })).to.deep.equal([]);
    expect(reasons("kms", "Encrypt", { KeyId: "k", Plaintext: 1 })).to.have.property("Plaintext");
  });

  it("hide sensitive values", () => {
    const text = JSON.stringify(validate("kms", "Encrypt", { KeyId: "k", Plaintext: Buffer.alloc(5000) }));
    expect(text).to.include("above the maximum 4096").and.not.include("AAAA");
  });

  it("pass over what is not known yet", () => {
    const isUnknown = (value: unknown) => value === "?";
    expect(
      validate(
        "sagemaker",
        "CreateTrainingJob",
        { ...TRAINING, ResourceConfig: "?", TrainingJobName: "?" },
        { isUnknown },
      ),
    ).to.deep.equal([]);
  });

  it("match patterns against the whole text", () => {
    fc.assert(
      fc.property(
        fc.stringMatching(/^[a-zA-Z0-9](-{0,3}[a-zA-Z0-9]){0,9}$/),
        fc.constantFrom("_", " ", "/", "\n"),
        (name, wrong) => {
          expect(validate("sagemaker", "DescribeTrainingJob", { TrainingJobName: name })).to.deep.equal([]);
          expect(validate("sagemaker", "DescribeTrainingJob", { TrainingJobName: name + wrong })).to.have.length(1);
          expect(validate("sagemaker", "DescribeTrainingJob", { TrainingJobName: wrong + name })).to.have.length(1);
        },
      ),
    );
  });

  it("hold numbers to their limits", () => {
    const at = (MaxResults: number) => validate("sagemaker", "ListModels", { MaxResults }).length === 0;
    fc.assert(
      fc.property(fc.integer({ min: -1000, max: 1000 }), (count) => at(count) === (count >= 1 && count <= 100)),
    );
  });

  it("know which operations there are", () => {
    expect(hasOperation("sagemaker", "CreatePipeline")).to.equal(true);
    expect(hasOperation("sagemaker", "CreatePipe")).to.equal(false);
    expect(() => validate("sagemaker", "CreatePipe", {})).to.throw("sagemaker has no operation CreatePipe");
    expect(() => validate("sagemakr", "CreatePipeline", {})).to.throw(/no model of the service "sagemakr"/);
  });

  it("accept botocore's own examples, but for those that are wrong themselves", () => {
    const all = SERVICES.flatMap(examples);
    const refused = all.filter(({ service, operation, input }) => validate(service, operation, input).length > 0);
    expect(all.length).to.be.greaterThan(250);
    expect(refused.map(({ name }) => name).sort()).to.deep.equal(WRONG_THEMSELVES);
  });

  it("refuse any of those examples once a required member is taken away or one is added", () => {
    const good = SERVICES.flatMap(examples).filter(({ service, operation, input }) => {
      const shape = loadModel(service).operations[operation]?.input;
      const required = shape === undefined ? [] : (loadModel(service).shapes[shape]?.required ?? []);
      return required.length > 0 && validate(service, operation, input).length === 0;
    });
    fc.assert(
      fc.property(fc.constantFrom(...good), fc.nat(), ({ service, operation, input }, pick) => {
        const model = loadModel(service);
        const required = model.shapes[model.operations[operation]?.input ?? ""]?.required ?? [];
        const name = required[pick % required.length] ?? "";
        expect(reasons(service, operation, { ...(input as object), [name]: undefined })).to.have.property(
          name,
          "is required",
        );
        expect(reasons(service, operation, { ...(input as object), NoSuchMember: 1 })).to.have.property("NoSuchMember");
      }),
    );
  });
});

describe("the cache of trimmed models", () => {
  const before = process.env["AWS_MODELS_CACHE"];
  afterEach(() => {
    if (before === undefined) delete process.env["AWS_MODELS_CACHE"];
    else process.env["AWS_MODELS_CACHE"] = before;
  });

  it("is written whole, and says the same as the source", () => {
    const directory = mkdtempSync(join(tmpdir(), "models-"));
    process.env["AWS_MODELS_CACHE"] = directory;
    const model = loadModel("sagemaker-runtime");
    const files = readdirSync(directory);
    expect(files).to.have.length(1);
    expect(JSON.parse(readFileSync(join(directory, files[0] ?? ""), "utf8"))).to.deep.equal(model);
    rmSync(directory, { recursive: true });
  });
});

import { expect } from "chai";
import fc from "fast-check";
import { decideRelease } from "../../delivery/release";
import { failureOf, imageOf, judge, nextRevision, requestOf } from "../../functions/run-pipeline/logic";
import { DecodeError } from "../../functions/shared/decode";

const TASK = "arn:aws:ecs:eu-west-1:123456789012:task/fraud/0a";
const IMAGE = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/fraud:1.0.0";
const DELIVERED = { image: IMAGE, revision: "0123456789abcdef0123456789abcdef01234567", pipeline: "fraud-ci" };

/** As CodePipeline sends it. */
function eventWith(UserParameters: string | undefined, continuationToken?: string) {
  const s3Location = { bucketName: "artifacts", objectKey: "fraud/Source/0" };
  return {
    "CodePipeline.job": {
      id: "11111111-abcd-1111-abcd-111111abcdef",
      accountId: "123456789012",
      data: {
        actionConfiguration: { configuration: { FunctionName: "run", UserParameters } },
        inputArtifacts: [{ location: { s3Location, type: "S3" }, revision: null, name: "Source" }],
        outputArtifacts: [],
        artifactCredentials: { secretAccessKey: "SECRET", sessionToken: "SECRET", accessKeyId: "SECRET" },
        ...(continuationToken === undefined ? {} : { continuationToken }),
        encryptionKey: { id: "arn:aws:kms:eu-west-1:123456789012:key/0", type: "KMS" },
      },
    },
  };
}

describe("the run-pipeline function's logic", () => {
  it("reads what was delivered from the action's parameters, and what to follow from the token", () => {
    const delivery = DELIVERED;
    expect(requestOf(eventWith(JSON.stringify(delivery)))).to.deep.equal({ delivery });
    const continuation = { taskArn: TASK, startedAtSeconds: 1 };
    expect(requestOf(eventWith(JSON.stringify(delivery), JSON.stringify(continuation)))).to.deep.equal({
      delivery,
      continuation,
    });
  });

  for (const [what, parameters] of [
    ["no parameters", undefined],
    ["text that is no JSON", "image"],
    ["a variable that nobody filled in", JSON.stringify({ ...DELIVERED, image: "#{Image.IMAGE}" })],
    ["an image without a tag", JSON.stringify({ ...DELIVERED, image: "registry.example/fraud" })],
    ["a branch in place of a revision", JSON.stringify({ ...DELIVERED, revision: "main" })],
  ] as const) {
    it(`refuses ${what} as a mistake of configuration, and tells no credentials`, () => {
      let thrown: unknown;
      try {
        requestOf(eventWith(parameters));
      } catch (error) {
        thrown = error;
      }
      expect(thrown).to.be.instanceOf(DecodeError);
      const failure = failureOf(thrown);
      expect(failure).to.deep.include({ kind: "failed", type: "ConfigurationError" });
      expect(JSON.stringify(failure)).not.to.contain("SECRET");
    });
  }

  it("changes the container's image alone, and nothing that ECS makes itself", () => {
    const definition = {
      taskDefinitionArn: "arn:aws:ecs:eu-west-1:123456789012:task-definition/fraud:3",
      family: "fraud",
      revision: 3,
      status: "ACTIVE" as const,
      registeredAt: new Date(0),
      registeredBy: "somebody",
      compatibilities: ["FARGATE" as const],
      requiresAttributes: [{ name: "x" }],
      cpu: "512",
      containerDefinitions: [
        { name: "launcher", image: "old", environment: [{ name: "A", value: "b" }] },
        { name: "side", image: "other" },
      ],
    };
    const tags = [{ key: "project", value: "fraud" }];
    const next = nextRevision(definition, tags, "launcher", IMAGE);
    expect(next).to.deep.equal({
      family: "fraud",
      cpu: "512",
      containerDefinitions: [
        { name: "launcher", image: IMAGE, environment: [{ name: "A", value: "b" }] },
        { name: "side", image: "other" },
      ],
      tags,
    });
    expect(imageOf(next, "launcher")).to.equal(IMAGE);
    expect(() => nextRevision(definition, [], "missing", IMAGE)).to.throw(/no container "missing"/);
  });

  it("ends when the task runs or has stopped, and asks to be called again until then", () => {
    const of = { taskArn: TASK, startedAtSeconds: 0 };
    const judged = (lastStatus: string, container: object = {}, waited = 1) =>
      judge(of, { lastStatus, containers: [{ name: "launcher", ...container }] }, "launcher", waited, 600);
    expect(judged("RUNNING").kind).to.equal("succeeded");
    expect(judged("STOPPED", { exitCode: 0 }).kind).to.equal("succeeded");
    expect(judged("STOPPED", { reason: "CannotPullContainerError" })).to.deep.include({ kind: "failed" });
    const pending = judged("PENDING");
    expect(pending.kind === "continued" && JSON.parse(pending.token)).to.deep.equal(of);
    expect(judged("PENDING", {}, 601).kind).to.equal("failed");
    expect(judge(of, undefined, "launcher", 1, 600).kind).to.equal("failed");
  });
});

describe("the release of an image", () => {
  const revisions = fc.constantFrom(..."abc".split("").map((letter) => letter.repeat(40)));

  it("is one revision for a version, whatever was cut off before", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.constantFrom("1.0.0", "1.1.0"), revisions, fc.boolean())), (attempts) => {
        const byVersion = new Map<string, Set<string>>();
        const built = new Set<string>();
        for (const [version, revision, cutOff] of attempts) {
          const tags = byVersion.get(version);
          const decision = decideRelease({
            version,
            revision,
            versionTags: tags && [version, ...tags],
            revisionBuilt: built.has(revision),
          });
          const known = tags?.has(revision) ?? false;
          expect(decision.kind === "reuse").to.equal(known);
          expect(decision.kind === "refuse").to.equal(tags !== undefined && !known);
          if (decision.kind === "build") built.add(revision);
          if ((decision.kind === "build" || decision.kind === "tag") && !cutOff) {
            byVersion.set(version, new Set([revision]));
          }
        }
      }),
    );
  });

  it("says what to do where the version is another revision's", () => {
    const decision = decideRelease({
      version: "1.0.0",
      revision: "b".repeat(40),
      versionTags: ["1.0.0", "a".repeat(40)],
      revisionBuilt: false,
    });
    expect(decision).to.deep.equal({
      kind: "refuse",
      reason:
        `version 1.0.0 is released already, as ${"a".repeat(40)}, and this is ${"b".repeat(40)}: ` +
        "bump the version in package.json",
    });
  });
});

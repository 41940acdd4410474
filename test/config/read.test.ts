import * as pulumi from "@pulumi/pulumi";
import { expect } from "chai";
import { readStackConfig } from "../../config";
import { minimal } from "./samples";

async function withStack(config: Record<string, string>, test: () => void): Promise<void> {
  await pulumi.runtime.setMocks(
    { newResource: ({ name }) => ({ id: name, state: {} }), call: () => ({}) },
    "fraud",
    "try",
    true,
  );
  const before = pulumi.runtime.allConfig();
  pulumi.runtime.setAllConfig(config);
  try {
    test();
  } finally {
    pulumi.runtime.setAllConfig(before);
  }
}

const asPulumi = (groups: Readonly<Record<string, unknown>>): Record<string, string> =>
  Object.fromEntries(Object.entries(groups).map(([key, value]) => [`fraud:${key}`, JSON.stringify(value)]));

describe("readStackConfig", () => {
  it("reads the project's namespace and nothing else", async () => {
    await withStack({ ...asPulumi(minimal), "aws:region": "eu-west-1", "other:key": "x" }, () => {
      expect(readStackConfig().global.pipelineName).to.equal("fraud");
    });
  });

  it("throws one error that lists everything, unknown groups too", async () => {
    await withStack({ ...asPulumi(minimal), "fraud:stream": "x", "fraud:deploymen": "{}" }, () => {
      expect(readStackConfig)
        .to.throw(Error)
        .with.property("message")
        .that.matches(/Pulumi\.try\.yaml has 2 errors/)
        .and.contains('fraud:stream = "x" is not an object')
        .and.contains('fraud:deploymen = {} is not a known key: did you mean "deployment"?');
    });
  });

  it("does not show what may be a secret", async () => {
    await withStack({ ...asPulumi({ ...minimal, source: { type: "s3", password: "hunter2" } }) }, () => {
      expect(readStackConfig).to.throw("fraud:source.password (value not shown)");
      expect(readStackConfig).to.not.throw("hunter2");
    });
  });
});

import * as aws from "@pulumi/aws";
import { expect } from "chai";
import { Workbench } from "../support/stack";
import { accountRefusal, decodeConfiguration } from "../../../local/provider/configuration";

describe("the accounts that a stack may be deployed to", () => {
  const refusal = (allowedAccountIds: unknown) =>
    accountRefusal(decodeConfiguration({ region: "eu-west-1", allowedAccountIds }), "123456789012");

  it("are all where none is listed, else those that are", () => {
    expect(refusal(undefined)).to.equal(undefined);
    expect(refusal('["210987654321","123456789012"]')).to.equal(undefined);
    expect(refusal('["210987654321"]')).to.equal(
      "account 123456789012 is not one of aws:allowedAccountIds (210987654321)",
    );
  });

  it("keep the engine from making anything elsewhere, and a plan is of none", async function () {
    this.timeout(120_000);
    const bench = new Workbench({ AWS_ACCOUNT_ID: "123456789012", AWS_REGION: "eu-west-1" });
    try {
      await bench.prepare();
      const configuration = 'config:\n  aws:region: eu-west-1\n  aws:allowedAccountIds: ["210987654321"]\n';
      const program = () => Promise.resolve(void new aws.sqs.Queue("queue"));
      const live = await bench.open("elsewhere", program, { configuration });
      const failure = await live.up().catch((error: unknown) => error);
      expect(String(failure)).to.contain("account 123456789012 is not one of aws:allowedAccountIds (210987654321)");
      const planned = await bench.open("plan", program, { configuration, planOnly: true });
      expect((await planned.preview()).changeSummary.create).to.equal(2);
    } finally {
      bench.clean();
    }
  });

  it("are 12 digits each", () => {
    expect(() => refusal('["prod"]')).to.throw(/12 digits/);
    expect(() => refusal('"123456789012"')).to.throw(/12 digits/);
  });
});

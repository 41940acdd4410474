import { expect } from "chai";
import { ShadowComparison } from "../../components/shadow-comparison";
import { DEPLOYMENT, endpointOn, foundations } from "./support/foundations";
import { everythingRegistered, inputsOf, permissionsOf, startRecording, variablesOf } from "./support/mocks";

describe("the comparison of an endpoint's shadow", () => {
  before(async () => {
    await startRecording();
    const base = foundations();
    const rollout = { type: "shadow", samplePercent: 50 } as const;
    const endpoint = endpointOn(base, { deployment: { ...DEPLOYMENT, rollout } });
    new ShadowComparison("shadow", { ...base, endpoint });
    await everythingRegistered();
  });

  it("knows what was captured and where its reports go", () => {
    expect(variablesOf("shadow-function")).to.deep.equal({
      ENDPOINT_NAME: "Fraud-Scores",
      ENDPOINT_VARIANT_NAME: "main",
      CAPTURE_URI: "s3://storage-bucket/fraud/data-capture",
      REPORTS_URI: "s3://storage-bucket/fraud/shadow",
    });
  });

  it("is made every hour", () => {
    const { scheduleExpression, target } = inputsOf("aws:scheduler/schedule:Schedule", "shadow-hourly-schedule");
    expect(scheduleExpression).to.equal("rate(1 hour)");
    expect(target).to.include({ input: "{}", arn: "arn:aws:lambda:eu-west-1:123456789012:function:shadow-function" });
  });

  it("may read the captures of the two variants alone, and write nothing but reports", () => {
    const objects = permissionsOf("shadow").filter((each) => each.includes("storage-bucket/"));
    const captures = ["main", "shadow"].map(
      (variant) => `arn:aws:s3:::storage-bucket/fraud/data-capture/Fraud-Scores/${variant}/*`,
    );
    const reports = "arn:aws:s3:::storage-bucket/fraud/shadow/*";
    expect(objects).to.have.members([
      ...captures.flatMap((capture) => [`s3:GetObject ${capture}`, `s3:GetObjectVersion ${capture}`]),
      `s3:PutObject ${reports}`,
      `s3:AbortMultipartUpload ${reports}`,
    ]);
    expect(permissionsOf("shadow").filter((each) => /InvokeEndpoint|UpdateEndpoint|UpdateModel/.test(each))).to.be
      .empty;
  });
});

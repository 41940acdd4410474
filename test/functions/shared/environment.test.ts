import { expect } from "chai";
import { DecodeError } from "../../../functions/shared/decode";
import { readEnvironment } from "../../../functions/shared/environment";
import { DeployModelEnvironment, type DeployModelVariables } from "../../../functions/deploy-model/env";
import { RegisterModelEnvironment } from "../../../functions/register-model/env";

const variables: DeployModelVariables = {
  ENDPOINT_NAME: "fraud",
  ENDPOINT_VARIANT_NAME: "live",
  ENDPOINT_INSTANCE_TYPE: "ml.m5.large",
  ENDPOINT_INSTANCE_COUNT: "2",
  ENDPOINT_ROLLOUT: '{"type":"canary","canaryPercent":10,"waitIntervalSeconds":300}',
  DEPLOYMENT_TIMEOUT_SECONDS: "3600",
  DEPLOYMENTS_TABLE_NAME: "deployments",
  QUEUE_URL: "https://queue",
  MLFLOW_ARN: "arn:aws:sagemaker:eu-west-1:123456789012:mlflow-app/app-1",
  MODEL_NAME: "fraud",
  RESOURCE_TAGS: '{"project":"fraud"}',
};

describe("a function's environment", () => {
  it("is decoded, optional variables left out", () => {
    const environment = readEnvironment(DeployModelEnvironment, { ...variables, PATH: "/bin" });
    expect(environment.ENDPOINT_INSTANCE_COUNT).to.equal(2);
    expect(environment.ENDPOINT_ROLLOUT).to.deep.equal({ type: "canary", canaryPercent: 10, waitIntervalSeconds: 300 });
    expect(environment.DATA_CAPTURE).to.equal(undefined);
  });

  it("names everything that is missing or wrong, at once, with value and remedy", () => {
    const wrong = {
      ...variables,
      ENDPOINT_NAME: undefined,
      ENDPOINT_INSTANCE_COUNT: "two",
      ENDPOINT_ROLLOUT: "{type}",
      MLFLOW_ARN: "mlflow",
      RESOURCE_TAGS: "{}",
      KMS_KEY_ARN: "",
    };
    expect(() => readEnvironment(DeployModelEnvironment, wrong))
      .to.throw(DecodeError)
      .with.property("message")
      .that.satisfies((message: string) =>
        [
          "ENDPOINT_NAME is missing: it must be a non-empty string",
          'ENDPOINT_INSTANCE_COUNT = "two" must be a whole number from 1 to 1000',
          'ENDPOINT_ROLLOUT = "{type}" must be JSON',
          'MLFLOW_ARN = "mlflow" must be an ARN',
          "RESOURCE_TAGS = {} must be a record of strings with at least one entry",
          'KMS_KEY_ARN = "" must be an ARN',
        ].every((problem) => message.includes(problem)),
      );
  });

  it("says once what a variable with alternatives may be", () => {
    expect(() => readEnvironment(RegisterModelEnvironment, { APPROVAL_STATUS: "Maybe" })).to.throw(
      'APPROVAL_STATUS = "Maybe" must be "Approved" or "PendingManualApproval"',
    );
  });
});

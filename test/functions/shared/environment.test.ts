import { expect } from "chai";
import { DecodeError } from "../../../functions/shared/decode";
import { readEnvironment } from "../../../functions/shared/environment";
import { RegisterModelEnvironment } from "../../../functions/register-model/env";
import { SettleDeploymentEnvironment, type SettleDeploymentVariables } from "../../../functions/settle-deployment/env";
import { TeardownEnvironment } from "../../../functions/teardown/env";
import { ENDPOINT_SETTINGS } from "../support/endpoint-settings";

const variables: SettleDeploymentVariables = {
  ENDPOINT_SETTINGS: JSON.stringify(ENDPOINT_SETTINGS),
  DEPLOYMENTS_TABLE_NAME: "deployments",
  QUEUE_URL: "https://queue",
  MLFLOW_ARN: "arn:aws:sagemaker:eu-west-1:123456789012:mlflow-app/app-1",
  MODEL_NAME: "fraud",
};

describe("a function's environment", () => {
  it("is decoded, JSON and all", () => {
    const environment = readEnvironment(SettleDeploymentEnvironment, { ...variables, PATH: "/bin" });
    expect(environment.ENDPOINT_SETTINGS).to.deep.equal(ENDPOINT_SETTINGS);
  });

  it("names everything that is missing or wrong, at once, with value and remedy", () => {
    const { alarms, ...settings } = ENDPOINT_SETTINGS;
    const wrong = {
      ...variables,
      MODEL_NAME: undefined,
      MLFLOW_ARN: "mlflow",
      ENDPOINT_SETTINGS: JSON.stringify({ ...settings, alarms: { ...alarms, scoreShift: "much" } }),
    };
    expect(() => readEnvironment(SettleDeploymentEnvironment, wrong))
      .to.throw(DecodeError)
      .with.property("message")
      .that.satisfies((message: string) =>
        [
          "MODEL_NAME is missing: it must be a non-empty string",
          'MLFLOW_ARN = "mlflow" must be an ARN',
          'ENDPOINT_SETTINGS.alarms.scoreShift = "much" must be number',
        ].every((problem) => message.includes(problem)),
      );
    expect(() => readEnvironment(SettleDeploymentEnvironment, { ...variables, ENDPOINT_SETTINGS: "{type}" })).to.throw(
      'ENDPOINT_SETTINGS = "{type}" must be JSON',
    );
    const teardown = {
      ENDPOINT_NAME: "a",
      ENDPOINT_VARIANT_NAME: "v",
      PIPELINE_NAME: "b",
      MODEL_PACKAGE_GROUP_NAME: "c",
      RESOURCE_TAGS: "{}",
    };
    expect(() => readEnvironment(TeardownEnvironment, teardown)).to.throw(
      "RESOURCE_TAGS = {} must be a record of strings with at least one entry",
    );
  });

  it("says once what a variable with alternatives may be", () => {
    expect(() => readEnvironment(RegisterModelEnvironment, { APPROVAL_STATUS: "Maybe" })).to.throw(
      'APPROVAL_STATUS = "Maybe" must be "Approved" or "PendingManualApproval"',
    );
  });
});

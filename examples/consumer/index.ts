// Another team's stack: an alarm on the endpoint's load, and the API's key where its service
// finds it. All that it knows of the platform are the stack's outputs.
import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { platformApiKey, platformOutputs } from "fraud-platform/outputs";

export = () => {
  const reference = new pulumi.StackReference(new pulumi.Config("fraud-consumer").require("platform"));
  const fraud = platformOutputs(reference);

  const key = new aws.ssm.Parameter("scoring-key", {
    name: "/scoring/fraud-api-key",
    description: "Key of the fraud API",
    type: "SecureString",
    value: platformApiKey(reference),
  });

  new aws.cloudwatch.MetricAlarm("scoring-load", {
    alarmDescription: "The fraud endpoint answers more than we planned for",
    namespace: "AWS/SageMaker",
    metricName: "Invocations",
    dimensions: { EndpointName: fraud.endpointName, VariantName: "main" },
    statistic: "Sum",
    period: 300,
    evaluationPeriods: 3,
    threshold: 100_000,
    comparisonOperator: "GreaterThanThreshold",
    alarmActions: [fraud.alertsTopicArn],
  });

  return {
    predictUrl: pulumi.interpolate`${fraud.apiUrl}/predict`,
    table: fraud.scorer.tableName,
    keyParameter: key.name,
  };
};

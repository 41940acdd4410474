import * as aws from "@pulumi/aws";
import type * as pulumi from "@pulumi/pulumi";
import type { ComponentArgs, Transform } from "./component";
import { PlatformComponent } from "./component";
import { VARIANT } from "./endpoint-settings";

export interface EndpointAlarmsArgs extends ComponentArgs {
  endpointName: string;
  alertsTopicArn: pulumi.Input<string>;
  transform?: {
    serverErrorsAlarm?: Transform<aws.cloudwatch.MetricAlarmArgs> | undefined;
    latencyAlarm?: Transform<aws.cloudwatch.MetricAlarmArgs> | undefined;
  };
}

/** A thousand rows take the model some 10 ms. */
const LATENCY_P99_MILLISECONDS = 500;

/** Tell people that an endpoint is in trouble. Both are quiet while there is no traffic, and before there is an endpoint. */
export class EndpointAlarms extends PlatformComponent {
  constructor(name: string, args: EndpointAlarmsArgs, options?: pulumi.ComponentResourceOptions) {
    super("EndpointAlarms", name, args, options);
    const { endpointName } = args;
    const common = {
      namespace: "AWS/SageMaker",
      dimensions: { EndpointName: endpointName, VariantName: VARIANT },
      period: 60,
      evaluationPeriods: 3,
      datapointsToAlarm: 2,
      comparisonOperator: "GreaterThanThreshold",
      treatMissingData: "notBreaching",
      alarmActions: [args.alertsTopicArn],
      tags: this.tags,
    };
    this.child(
      aws.cloudwatch.MetricAlarm,
      "server-errors",
      {
        ...common,
        alarmDescription: `Endpoint ${endpointName} answers with server errors: read its log, /aws/sagemaker/Endpoints/${endpointName}.`,
        metricName: "Invocation5XXErrors",
        statistic: "Sum",
        threshold: 5,
      },
      args.transform?.serverErrorsAlarm,
    );
    this.child(
      aws.cloudwatch.MetricAlarm,
      "latency",
      {
        ...common,
        alarmDescription: `Endpoint ${endpointName} is slow: one request in a hundred takes more than ${LATENCY_P99_MILLISECONDS} ms in the model's container.`,
        metricName: "ModelLatency",
        extendedStatistic: "p99",
        // The metric is in microseconds.
        threshold: LATENCY_P99_MILLISECONDS * 1000,
      },
      args.transform?.latencyAlarm,
    );
    this.registerOutputs({});
  }
}

import type * as pulumi from "@pulumi/pulumi";
import type { ComponentArgs } from "./component";
import { PlatformComponent } from "./component";
import { EventAlert } from "./event-alert";

export interface DeploymentAlertsArgs extends ComponentArgs {
  endpointName: string;
  pipelineName: string;
  alertsTopicArn: pulumi.Input<string>;
}

/** Tells of deployments that failed or were rolled back, however they were asked for. */
export class DeploymentAlerts extends PlatformComponent {
  constructor(name: string, args: DeploymentAlertsArgs, options?: pulumi.ComponentResourceOptions) {
    super("DeploymentAlerts", name, args, options);
    const { alertsTopicArn, endpointName, pipelineName } = args;
    const told = { ...this.shared, alertsTopicArn };
    new EventAlert(
      this.childName("refused"),
      {
        ...told,
        description: `Deploy steps of ${pipelineName} that failed`,
        pattern: {
          source: ["aws.sagemaker"],
          "detail-type": ["SageMaker Model Building Pipeline Execution Step Status Change"],
          // SageMaker writes names into ARNs in lower case.
          detail: {
            pipelineArn: [this.arnOf("sagemaker", `pipeline/${pipelineName.toLowerCase()}`)],
            stepName: ["Deploy"],
            currentStepStatus: ["Failed"],
          },
        },
        paths: { execution: "$.detail.pipelineExecutionArn", reason: "$.detail.failureReason" },
        text: `The model of <execution> was not deployed to ${endpointName}: <reason>`,
      },
      { parent: this },
    );
    new EventAlert(
      this.childName("rolled-back"),
      {
        ...told,
        description: `Deployments to ${endpointName} that fail or are rolled back`,
        pattern: {
          source: ["aws.sagemaker"],
          "detail-type": ["SageMaker Endpoint State Change"],
          detail: {
            EndpointName: [endpointName],
            EndpointStatus: ["ROLLING_BACK", "UPDATE_ROLLBACK_FAILED", "FAILED"],
          },
        },
        paths: { status: "$.detail.EndpointStatus", config: "$.detail.EndpointConfigName", at: "$.time" },
        text: `Endpoint ${endpointName} is <status> since <at>; it serves <config>. The record in the deployments table has the reason.`,
      },
      { parent: this },
    );
    this.registerOutputs({});
  }
}

import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import type { Ci } from "../config/platform";
import { DELIVERED } from "../functions/shared/delivered";
import type { ComponentArgs } from "./component";
import { PlatformComponent } from "./component";
import { ServiceRole } from "./iam";

export interface DeliveryTriggersArgs extends ComponentArgs {
  pipelineName: pulumi.Input<string>;
  pipelineArn: pulumi.Input<string>;
  ci: Pick<Ci, "after" | "notifyEventBusArns">;
}

/** The source action's name, which an execution that is started with a revision of its own calls it by. */
export const SOURCE = "Source";

/** Events of a pipeline's deliveries that succeeded. */
function successOf(pipeline: pulumi.Input<string>) {
  return { source: [DELIVERED.source], "detail-type": [DELIVERED.detailType], detail: { pipeline: [pipeline] } };
}

/** Input of `StartPipelineExecution`: the revision that the delivery before this one found good, not the branch's head. */
const withItsRevision = {
  inputPaths: { revision: "$.detail.revision" },
  inputTemplate: `{"sourceRevisions":[{"actionName":"${SOURCE}","revisionType":"COMMIT_ID","revisionValue":"<revision>"}]}`,
};

/** How deliveries of several stacks follow one another: one's success starts the next, in another account as a rule. */
export class DeliveryTriggers extends PlatformComponent {
  constructor(name: string, args: DeliveryTriggersArgs, options?: pulumi.ComponentResourceOptions) {
    super("DeliveryTriggers", name, args, options);
    if (args.ci.notifyEventBusArns.length > 0) this.notify(args);
    if (args.ci.after !== undefined) this.startAfter(args.ci.after, args);
    this.registerOutputs({});
  }

  private notify({ pipelineName, ci }: DeliveryTriggersArgs): void {
    const role = this.eventsRole("notify", [{ actions: ["events:PutEvents"], resources: ci.notifyEventBusArns }]);
    const rule = this.child(aws.cloudwatch.EventRule, "succeeded", {
      description: "Tells other accounts of a delivery that succeeded",
      eventPattern: pulumi.jsonStringify(successOf(pipelineName)),
      tags: this.tags,
    });
    ci.notifyEventBusArns.forEach((arn, index) => {
      this.child(aws.cloudwatch.EventTarget, `bus-${index}`, { rule: rule.name, arn, roleArn: role.arn }, undefined, {
        dependsOn: [...role.ready],
      });
    });
  }

  private startAfter(after: NonNullable<Ci["after"]>, { pipelineArn }: DeliveryTriggersArgs): void {
    const role = this.eventsRole("start", [
      { actions: ["codepipeline:StartPipelineExecution"], resources: [pipelineArn] },
    ]);
    this.child(aws.cloudwatch.EventPermission, "sender", {
      principal: after.accountId,
      statementId: this.childName("sender"),
      action: "events:PutEvents",
    });
    const rule = this.child(aws.cloudwatch.EventRule, "before", {
      description: `Starts the delivery once ${after.pipelineName} has succeeded`,
      eventPattern: JSON.stringify({ ...successOf(after.pipelineName), account: [after.accountId] }),
      tags: this.tags,
    });
    this.child(
      aws.cloudwatch.EventTarget,
      "pipeline",
      { rule: rule.name, arn: pipelineArn, roleArn: role.arn, inputTransformer: withItsRevision },
      undefined,
      { dependsOn: [...role.ready] },
    );
  }

  private eventsRole(
    name: string,
    statements: ConstructorParameters<typeof ServiceRole>[1]["statements"],
  ): ServiceRole {
    return new ServiceRole(
      this.childName(name),
      { ...this.shared, services: ["events.amazonaws.com"], statements },
      { parent: this },
    );
  }
}

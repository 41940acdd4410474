import { randomUUID } from "node:crypto";
import { DescribeScalableTargetsCommand } from "@aws-sdk/client-application-auto-scaling";
import { CloudWatchClient, DescribeAlarmsCommand, SetAlarmStateCommand } from "@aws-sdk/client-cloudwatch";
import { DynamoDBClient, UpdateItemCommand } from "@aws-sdk/client-dynamodb";
import { EventBridgeClient, PutRuleCommand, PutTargetsCommand } from "@aws-sdk/client-eventbridge";
import {
  CreatePipelineCommand,
  DescribeEndpointConfigCommand,
  DescribePipelineExecutionCommand,
  ListPipelineExecutionStepsCommand,
  StartPipelineExecutionCommand,
  UpdateModelPackageCommand,
} from "@aws-sdk/client-sagemaker";
import { GetQueueAttributesCommand } from "@aws-sdk/client-sqs";
import { expect } from "chai";
import { deploy } from "../../../functions/deploy-model/deploy";
import { readMessage } from "../../../functions/deploy-model/logic";
import { Deployments } from "../../../functions/shared/deployments";
import type { EndpointSettings } from "../../../functions/shared/endpoint-settings";
import { rolloutAlarmNames } from "../../../functions/shared/rollout-alarms";
import { settleDeployment } from "../../../functions/shared/settlement";
import { dying } from "../support/dying";
import { onInstances } from "../support/endpoint-settings";
import { ROLE, until } from "../support/platform";
import { TestStack } from "../support/test-stack";

const MINUTE = 60_000;

/** The cloud of these tests has none of this type. */
export const SCARCE_INSTANCES = "ml.c5.18xlarge";

/** Changes what the deployments table knows of the deployment that a stack is at, as the passing of time does. */
async function rewrite(stack: TestStack, change: string, values?: Record<string, { S: string }>): Promise<void> {
  await new DynamoDBClient().send(
    new UpdateItemCommand({
      TableName: "deployments",
      Key: { endpointName: { S: stack.name }, record: { S: "current" } },
      UpdateExpression: change,
      ExpressionAttributeValues: values,
    }),
  );
}

const championOf = async ({ clients, name }: TestStack) =>
  (await clients.mlflow.versionOfAlias(name, "champion"))?.version;

export function settlements(): void {
  const cloudwatch = new CloudWatchClient();

  it("goes on wherever its functions are killed, from a package's first message to the alias", async () => {
    const stack = await TestStack.make("killed");
    const { modelPackageArn, mlflowModelVersion } = await stack.register("run-1");
    const command = { id: "command-1", kind: "command", modelPackageArn, requestedBy: "a person", because: "a test" };
    const message = readMessage(JSON.stringify({ command }), new Date());
    let kills = 0;
    for (let through = false; !through; kills++) {
      const killer = dying(kills);
      const { sagemaker, cloudwatch, autoscaling, s3, mlflow } = stack.clients;
      const clients = {
        ...{ sagemaker: killer(sagemaker), cloudwatch: killer(cloudwatch), autoscaling: killer(autoscaling) },
        ...{ s3: killer(s3), mlflow },
        deployments: new Deployments(killer(new DynamoDBClient()), "deployments", stack.name),
      };
      // SageMaker may be at work for longer than the functions are.
      const current = await stack.clients.deployments.current();
      if (current?.phase === "started") await stack.inService();
      // Whoever was killed holds the right to settle until its lease is over.
      if (current !== undefined && current.phase !== "settled") await rewrite(stack, "REMOVE leaseUntil");
      try {
        await deploy(clients, stack.settings, message);
        await settleDeployment(clients, stack.settings);
        through = (await stack.clients.deployments.request("command-1"))?.state === "settled";
      } catch (error) {
        if (!(error instanceof Error && error.message === "killed")) throw error;
      }
    }
    expect(kills).to.be.at.least(20);
    expect(await stack.clients.deployments.request("command-1")).to.include({ succeeded: true });
    expect(await championOf(stack)).to.equal(mlflowModelVersion);
    expect((await stack.answersWith()).packageArn).to.equal(modelPackageArn);
  });

  it("is done by the sweep where its event was lost, and by an approval's event where a person approves", async () => {
    const stack = await TestStack.make("swept");
    const { modelPackageArn, mlflowModelVersion } = await stack.register("run-1", {
      approvalStatus: "PendingManualApproval",
    });
    const { Attributes } = await stack.clients.sqs.send(
      new GetQueueAttributesCommand({ QueueUrl: stack.queueUrl, AttributeNames: ["QueueArn"] }),
    );
    const events = new EventBridgeClient();
    const EventPattern = JSON.stringify({
      source: ["aws.sagemaker"],
      "detail-type": ["SageMaker Model Package State Change"],
      detail: { ModelPackageGroupName: [stack.name], ModelApprovalStatus: ["Approved"] },
    });
    await events.send(new PutRuleCommand({ Name: "approved", EventPattern }));
    const Targets = [{ Id: "queue", Arn: Attributes?.QueueArn }];
    await events.send(new PutTargetsCommand({ Rule: "approved", Targets }));
    const approve = new UpdateModelPackageCommand({
      ModelPackageArn: modelPackageArn,
      ModelApprovalStatus: "Approved",
    });
    await stack.clients.sagemaker.send(approve);
    await until("the deployment that the approval asks for", async () => {
      await stack.drain();
      return (await stack.clients.deployments.current())?.phase === "started" || undefined;
    });
    await stack.inService();
    // No event of the endpoint comes.
    expect(await stack.sweep()).to.equal("settled");
    expect(await stack.sweep()).to.equal("nothing");
    const [request, ...others] = await stack.clients.deployments.history();
    expect(others).to.deep.equal([]);
    expect(request).to.include({ kind: "approval", succeeded: true });
    expect(await championOf(stack)).to.equal(mlflowModelVersion);
  });

  it("that alarms rolled back rejects the package with the reason; what came meanwhile waits its turn, none is lost", async () => {
    const stack = await TestStack.make("alarmed", { rollout: { type: "all-at-once", bakeSeconds: 120 } });
    const [first, second, third] = [
      await stack.register("run-1"),
      await stack.register("run-2"),
      await stack.register("run-3"),
    ];
    await stack.settled(await stack.command(first.modelPackageArn));
    const live = (await stack.endpoint()).EndpointConfigName;
    const rolledBack = await stack.command(second.modelPackageArn);
    /** The config of a deployment that is baking. */
    const baking = (id: string): Promise<string> =>
      until(`${id} baking`, async () => {
        await stack.drain();
        const current = await stack.clients.deployments.current();
        const { PendingDeploymentSummary: pending } = await stack.endpoint();
        const statuses = pending?.ProductionVariants?.[0]?.VariantStatus ?? [];
        const bakes = current?.phase === "started" && statuses.some(({ Status }) => Status === "Baking");
        return bakes && current.id === id ? current.configName : undefined;
      });
    /** An alarm goes off, again and again: CloudWatch, which sees no traffic, would soon clear it. */
    const trip = (AlarmName: string) =>
      until("the rollback", async () => {
        const { EndpointStatus } = await stack.endpoint();
        if (EndpointStatus !== "Updating") return true;
        const state = { AlarmName, StateValue: "ALARM", StateReason: "the new model fails" } as const;
        await cloudwatch.send(new SetAlarmStateCommand(state));
        return undefined;
      });
    const configName = await baking(rolledBack);
    const waiting = await stack.command(third.modelPackageArn);
    await stack.drain();
    // Events of the deployment before come late, and this one's before its end.
    expect(await Promise.all(Array.from({ length: 20 }, () => stack.settle()))).to.deep.equal(
      Array(20).fill("waiting"),
    );
    expect((await stack.clients.deployments.current())?.id).to.equal(rolledBack);
    const [errors = ""] = rolloutAlarmNames(configName);
    await trip(errors);
    const { succeeded, reason } = await stack.settled(rolledBack);
    expect({ succeeded, live: (await stack.package(first.modelPackageArn)).ModelApprovalStatus }).to.deep.equal({
      succeeded: false,
      live: "Approved",
    });
    expect(reason).to.contain(`Alarms fired (${errors})`).and.contain(`${live} is live`);
    const rejected = await stack.package(second.modelPackageArn);
    expect(rejected).to.deep.include({ ModelApprovalStatus: "Rejected", ApprovalDescription: reason });
    expect(await championOf(stack)).to.equal(first.mlflowModelVersion);
    const left = await cloudwatch.send(new DescribeAlarmsCommand({ AlarmNames: rolloutAlarmNames(configName) }));
    expect(left.MetricAlarms).to.deep.equal([]);

    // The one that waited has its turn; it bakes, and is taken back the same way: nothing of it is left over.
    await trip(rolloutAlarmNames(await baking(waiting))[1] ?? "");
    expect(await stack.settled(waiting)).to.include({ succeeded: false });
    expect((await stack.package(third.modelPackageArn)).ModelApprovalStatus).to.equal("Rejected");
    expect((await stack.answersWith()).packageArn).to.equal(first.modelPackageArn);
  });

  it("on the other kind of capacity, serverless or instances, makes a new endpoint, and there and back", async () => {
    const stack = await TestStack.make("switched");
    const { modelPackageArn } = await stack.register("run-1");
    const { sagemaker, autoscaling } = stack.clients;
    const scaled = async () =>
      (
        await autoscaling.send(
          new DescribeScalableTargetsCommand({
            ServiceNamespace: "sagemaker",
            ResourceIds: ["endpoint/switched/variant/live"],
          }),
        )
      ).ScalableTargets?.length;
    const made = async (capacity: EndpointSettings["capacity"]) => {
      stack.settings = { ...stack.settings, endpoint: { ...stack.settings.endpoint, capacity } };
      expect(await stack.settled(await stack.command(modelPackageArn))).to.include({ succeeded: true });
      expect((await stack.answersWith()).packageArn).to.equal(modelPackageArn);
      const { CreationTime, EndpointConfigName } = await stack.endpoint();
      const config = await sagemaker.send(new DescribeEndpointConfigCommand({ EndpointConfigName }));
      return { created: Number(CreationTime), variant: config.ProductionVariants?.[0] };
    };
    const first = await made(onInstances({}));
    const serverless = await made({ serverless: { memoryMib: 2048, maxConcurrency: 5 } });
    expect(serverless.variant?.ServerlessConfig).to.deep.equal({ MemorySizeInMB: 2048, MaxConcurrency: 5 });
    expect(await scaled()).to.equal(0);
    const last = await made(onInstances({}));
    expect(await scaled()).to.equal(1);
    const times = [first, serverless, last].map(({ created }) => created);
    expect(new Set(times).size).to.equal(3);
    expect(times).to.deep.equal(times.toSorted((a, b) => a - b));
    const names = [first, serverless, last].map(({ variant }) => variant?.VariantName);
    expect(new Set(names)).to.deep.equal(new Set(["live"]));
  });

  it("for which there are no instances is tried again, and its package is not rejected", async () => {
    const stack = await TestStack.make("scarce");
    const [first, second] = [await stack.register("run-1"), await stack.register("run-2")];
    await stack.settled(await stack.command(first.modelPackageArn));
    const id = await stack.command(second.modelPackageArn);
    stack.resize({ instanceType: SCARCE_INSTANCES });
    const retry = await until("the failure", async () => {
      await stack.drain();
      await stack.settle();
      const request = await stack.clients.deployments.request(id);
      return request?.state === "queued" && request.reason !== undefined ? request : undefined;
    });
    expect(retry.reason).to.contain("InsufficientInstanceCapacity").and.contain("It is tried again after");
    expect((await stack.package(second.modelPackageArn)).ModelApprovalStatus).to.equal("Approved");
    expect((await stack.answersWith()).packageArn).to.equal(first.modelPackageArn);
    // Not before its time.
    await stack.deploy({ nudge: true });
    expect((await stack.clients.deployments.request(id))?.state).to.equal("queued");
    stack.resize({});
    await stack.clients.deployments.begin(new Date(Date.now() + 11 * MINUTE), () => true);
    await stack.deploy({ nudge: true });
    expect(await stack.settled(id)).to.include({ succeeded: true });
    expect((await stack.answersWith()).packageArn).to.equal(second.modelPackageArn);
  });

  it("that takes longer than it can is answered by our own timeout, once, and still settled when it ends", async () => {
    const stack = await TestStack.make("overdue", { rollout: { type: "all-at-once", bakeSeconds: 4 } });
    const { sagemaker, deployments } = stack.clients;
    const [first, second] = [await stack.register("run-1"), await stack.register("run-2")];
    await stack.settled(await stack.command(first.modelPackageArn));
    const definition = {
      Version: "2020-12-01",
      Steps: [
        {
          Name: "Deploy",
          Type: "Callback",
          Arguments: { modelName: await stack.model(second.modelPackageArn), modelPackageArn: second.modelPackageArn },
          SqsQueueUrl: stack.queueUrl,
          OutputParameters: [],
        },
      ],
    };
    const common = { PipelineName: stack.name, PipelineDefinition: JSON.stringify(definition), RoleArn: ROLE };
    await sagemaker.send(new CreatePipelineCommand({ ...common, ClientRequestToken: randomUUID() }));
    const { PipelineExecutionArn } = await sagemaker.send(
      new StartPipelineExecutionCommand({ PipelineName: stack.name, ClientRequestToken: randomUUID() }),
    );
    const current = await until("the deployment", async () => {
      await stack.drain();
      const deployment = await deployments.current();
      return deployment?.kind === "pipeline" && deployment.phase === "started" ? deployment : undefined;
    });
    await rewrite(stack, "SET begunAt = :then", { ":then": { S: new Date(Date.now() - 180 * MINUTE).toISOString() } });
    expect(await stack.sweep()).to.equal("waiting");
    const execution = await until("the execution's end", async () => {
      const found = await sagemaker.send(new DescribePipelineExecutionCommand({ PipelineExecutionArn }));
      return found.PipelineExecutionStatus === "Executing" ? undefined : found;
    });
    expect(execution.PipelineExecutionStatus).to.equal("Failed");
    const { PipelineExecutionSteps } = await sagemaker.send(
      new ListPipelineExecutionStepsCommand({ PipelineExecutionArn }),
    );
    expect(PipelineExecutionSteps?.[0]?.FailureReason).to.contain("has not ended; the endpoint is still being changed");
    const { overdueAt } = (await deployments.current()) ?? {};
    expect(overdueAt).not.to.equal(undefined);
    await stack.sweep();
    expect((await deployments.current())?.overdueAt).to.equal(overdueAt);
    expect(await stack.settled(current.id)).to.include({ succeeded: true });
    expect(await championOf(stack)).to.equal(second.mlflowModelVersion);
  });
}

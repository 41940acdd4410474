import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { DescribeModelPackageCommand, type SageMakerClient } from "@aws-sdk/client-sagemaker";
import { SendMessageCommand, type SQSClient } from "@aws-sdk/client-sqs";
import type { CommandMessage } from "../functions/deploy-model/logic";
import type { Outcome } from "../functions/shared/deployment-records";
import type { Deployments } from "../functions/shared/deployments";

export interface OperationClients {
  sagemaker: Pick<SageMakerClient, "send">;
  sqs: SQSClient;
  deployments: Deployments;
}

/** Who asks, and why: kept with what they asked for. */
export interface Asker {
  requestedBy: string;
  because: string;
}

/**
 * The ARN of a package that a person names: by the ARN itself, or by its number in the stack's group.
 *
 * @param mlflowArn of the stack, whose account and region are the group's
 * @throws Error when it is neither
 */
export function packageArn(name: string, groupName: string, mlflowArn: string): string {
  if (/^arn:[a-z-]+:sagemaker:[a-z0-9-]+:\d{12}:model-package\/.+\/\d+$/.test(name)) return name;
  if (!/^[1-9]\d*$/.test(name)) {
    throw new Error(`"${name}" is no model package: give its ARN, or its number in the group ${groupName}`);
  }
  const [partition, region, account] = [1, 3, 4].map((part) => mlflowArn.split(":")[part] ?? "");
  return `arn:${partition}:sagemaker:${region}:${account}:model-package/${groupName.toLowerCase()}/${name}`;
}

/**
 * Asks for a package to go live, with the stack's rollout, whatever is frozen. It waits its turn behind what is under
 * way.
 *
 * @returns the request's id
 * @throws Error when there is no such package
 */
export async function requestRollback(
  { sagemaker, sqs }: OperationClients,
  queueUrl: string,
  modelPackageArn: string,
  asker: Asker,
): Promise<string> {
  // SageMaker says that it does not exist.
  await sagemaker.send(new DescribeModelPackageCommand({ ModelPackageName: modelPackageArn }));
  const id = `command-${randomUUID()}`;
  const message: CommandMessage = { command: { id, kind: "command", modelPackageArn, ...asker } };
  await sqs.send(new SendMessageCommand({ QueueUrl: queueUrl, MessageBody: JSON.stringify(message) }));
  return id;
}

/** Waits until a request is settled. @throws Error when it is not by `until`. */
export async function settlementOf(deployments: Deployments, id: string, until: Date): Promise<Outcome> {
  for (;;) {
    const request = await deployments.request(id);
    if (request?.state === "settled") {
      return { succeeded: request.succeeded === true, reason: request.reason ?? "" };
    }
    if (new Date() > until) {
      throw new Error(`the request ${id} is ${request?.state ?? "not taken up yet"}; it goes on without this command`);
    }
    await delay(POLL_MILLISECONDS);
  }
}

const POLL_MILLISECONDS = 1_000;

/** Holds all deployments but those that a person asks for, or lets them go on. */
export async function setFreeze(
  { sqs, deployments }: OperationClients,
  queueUrl: string,
  frozen: boolean,
  asker: Asker,
): Promise<void> {
  await deployments.setFreeze({ frozen, ...asker, requestedAt: new Date().toISOString() });
  if (frozen) return;
  const MessageBody = JSON.stringify({ nudge: true });
  await sqs.send(new SendMessageCommand({ QueueUrl: queueUrl, MessageBody }));
}

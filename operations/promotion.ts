import type { LambdaClient } from "@aws-sdk/client-lambda";
import { Promotion, type PromoteEvent } from "../functions/promote-model/logic";
import { invoke } from "./invoke";

/** What of a stack says which models are its own. */
export interface GroupOutputs {
  modelPackageGroupName: string;
  /** Its account and region are the group's. */
  mlflowArn: string;
}

/** ARN of a stack's group of model packages; SageMaker writes names into ARNs in lower case. */
export function groupArn({ modelPackageGroupName, mlflowArn }: GroupOutputs): string {
  const [partition, region, account] = [1, 3, 4].map((part) => mlflowArn.split(":")[part] ?? "");
  return `arn:${partition}:sagemaker:${region}:${account}:model-package-group/${modelPackageGroupName.toLowerCase()}`;
}

/** Has a stack's function register a copy of a package of the stack before it. */
export const requestPromotion = (
  lambda: Pick<LambdaClient, "send">,
  functionName: string,
  event: PromoteEvent,
): Promise<Promotion> => invoke(lambda, functionName, event, Promotion);

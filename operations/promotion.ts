import { InvokeCommand, type LambdaClient } from "@aws-sdk/client-lambda";
import { Promotion, type PromoteEvent } from "../functions/promote-model/logic";
import { decodeJson } from "../functions/shared/decode";

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

/**
 * Has a stack's function register a copy of a package of the stack before it.
 *
 * @throws Error with the function's reason when it refuses
 */
export async function requestPromotion(
  lambda: Pick<LambdaClient, "send">,
  functionName: string,
  event: PromoteEvent,
): Promise<Promotion> {
  const answer = await lambda.send(new InvokeCommand({ FunctionName: functionName, Payload: JSON.stringify(event) }));
  const text = Buffer.from(answer.Payload ?? []).toString("utf8");
  if (answer.FunctionError === undefined) return decodeJson(Promotion, text, `The answer of ${functionName}`);
  const { errorMessage = text } = JSON.parse(text) as { errorMessage?: string };
  throw new Error(errorMessage);
}

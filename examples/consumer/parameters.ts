// The same outputs for who has no access to the stack's state: out of Systems Manager.
import * as aws from "@pulumi/aws";
import type { PlatformOutputs } from "fraud-platform/outputs";
import { outputsFromParameters } from "fraud-platform/outputs";

/** @param path `/<project>/<stack>` of the platform, such as `/fraud/prod` */
export async function platformParameters(path: string): Promise<PlatformOutputs> {
  // Those directly below the path: the API key is one level deeper, and encrypted.
  const { names, values } = await aws.ssm.getParametersByPath({ path });
  return outputsFromParameters(Object.fromEntries(names.map((name, index) => [name, values[index] ?? ""])));
}

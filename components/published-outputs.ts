import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import type { ComponentArgs } from "./component";
import { PlatformComponent } from "./component";
import { outputNames, type PublishedOutputValues } from "./outputs";

export interface PublishedOutputsArgs extends ComponentArgs {
  outputs: PublishedOutputValues;
  /** Key that encrypts the secret one. */
  keyArn: pulumi.Input<string>;
  /** Comes last in the path, for a stack that holds more than one platform. Default: nothing does. */
  name?: string;
}

/**
 * A stack's outputs as parameters of Systems Manager, for who is not Pulumi or may not read its state:
 * `/<project>/<stack>/<output>`, text as it is and all else as JSON. The API key is a SecureString one level below,
 * `/<project>/<stack>/secret/apiKey`, so that what reads the others, not recursively, needs no key.
 */
export class PublishedOutputs extends PlatformComponent {
  /** Of the parameters, without a slash at its end. */
  readonly path: string;

  constructor(name: string, args: PublishedOutputsArgs, options?: pulumi.ComponentResourceOptions) {
    super("PublishedOutputs", name, args, options);
    const place = [pulumi.getProject(), pulumi.getStack(), ...(args.name === undefined ? [] : [args.name])];
    this.path = `/${place.join("/")}`;
    for (const output of outputNames) {
      const value: unknown = args.outputs[output];
      if (value === undefined) continue;
      this.child(aws.ssm.Parameter, output, {
        name: `${this.path}/${output}`,
        description: `Output ${output} of ${pulumi.getProject()}, stack ${pulumi.getStack()}`,
        type: "String",
        insecureValue: pulumi.output(value).apply((known) => parameterText(known)),
        tags: this.tags,
      });
    }
    this.child(aws.ssm.Parameter, "apiKey", {
      name: `${this.path}/secret/apiKey`,
      description: `API key of ${pulumi.getProject()}, stack ${pulumi.getStack()}`,
      type: "SecureString",
      value: args.outputs.apiKey,
      keyId: args.keyArn,
      tags: this.tags,
    });
    this.registerOutputs({ path: this.path });
  }
}

/** Text as it is; all else as JSON, its keys in their own order. */
function parameterText(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

import { existsSync } from "node:fs";
import path from "node:path";
import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { isLeft } from "fp-ts/Either";
import type * as t from "io-ts";
import type { ComponentArgs, Transform } from "./component";
import { PlatformComponent } from "./component";
import type { Grantee, Statement } from "./iam";
import { ServiceRole } from "./iam";

/** The functions of the platform: one folder each under functions/, one bundle each under dist/functions/. */
export type FunctionName =
  | "authorize"
  | "run-pipeline"
  | "find-champion"
  | "gate-model"
  | "register-model"
  | "promote-model"
  | "compare-shadow"
  | "deploy-model"
  | "settle-deployment"
  | "request-deployment"
  | "launch-soon"
  | "inference"
  | "inference-health"
  | "scorer"
  | "run-monitor"
  | "settle-monitor"
  | "merge-labels"
  | "reconcile-monitors"
  | "teardown";

/** The codec of a function's environment, as functions/<name>/env.ts exports it. */
export interface EnvironmentCodec {
  readonly _O: object;
  decode(input: unknown): t.Validation<object>;
}

/** The variables that a codec wants, as Lambda takes them: strings, known now or after other resources are made. */
export type Variables<Codec extends EnvironmentCodec> = {
  [Name in keyof Codec["_O"]]: pulumi.Input<NonNullable<Codec["_O"][Name]>>;
};

/** What a user may choose of a function that a component makes. */
export interface FunctionOverrides {
  /** An existing role to run under. Default: a role is made. */
  roleArn?: string;
  /** The function's name on AWS. Default: Pulumi names it. */
  physicalName?: string;
  transform?: {
    function?: Transform<aws.lambda.FunctionArgs>;
    logGroup?: Transform<aws.cloudwatch.LogGroupArgs>;
  };
}

export interface LambdaFunctionArgs<Codec extends EnvironmentCodec> extends ComponentArgs, FunctionOverrides {
  functionName: FunctionName;
  description: string;
  environment: Codec;
  /** One value for every variable of `environment`; a missing one does not compile. */
  variables: Variables<Codec>;
  /** What the function may do beyond writing its own log. */
  statements: readonly Statement[];
  /** Longest run, 1–900 seconds. */
  timeoutSeconds: number;
  /** Memory, 128–10,240 MiB; the CPU share grows with it. */
  memoryMib: number;
  /** Queue that takes events which failed for good, where the function is invoked asynchronously. */
  deadLetterQueueArn?: pulumi.Input<string>;
}

/** Where the bundles are: dist/functions under the project's folder, wherever the program is run from. */
const BUNDLES = path.join(__dirname, "..", "dist", "functions");

/**
 * The archive that Lambda runs: the bundle alone, so that an unchanged bundle is an unchanged function.
 *
 * @throws Error when the bundle was not built.
 */
export function functionArchive(functionName: FunctionName): pulumi.asset.AssetArchive {
  const bundle = path.join(BUNDLES, functionName, "index.js");
  if (!existsSync(bundle)) {
    throw new Error(
      `The function "${functionName}" has no bundle: dist/functions/${functionName}/index.js does not exist. ` +
        "Build the bundles with `npm run build` and try again.",
    );
  }
  return new pulumi.asset.AssetArchive({ "index.js": new pulumi.asset.FileAsset(bundle) });
}

/**
 * The variables, once they are known to be what the function will accept at its start.
 *
 * @throws Error naming every variable that the function would refuse.
 */
export function acceptedVariables(
  functionName: FunctionName,
  codec: EnvironmentCodec,
  variables: Record<string, string | undefined>,
): Record<string, string> {
  const given = Object.fromEntries(
    Object.entries(variables).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
  const decoded = codec.decode(given);
  if (!isLeft(decoded)) return given;
  const problems = decoded.left.map((error) => {
    const name = error.context.map((entry) => entry.key).find((key) => key !== "" && !/^\d+$/.test(key)) ?? "";
    return `  - ${name} = ${String(JSON.stringify(given[name]))}: ${error.message ?? "is not acceptable"}`;
  });
  throw new Error(
    `The function "${functionName}" would not start with this environment; correct the component's arguments:\n` +
      [...new Set(problems)].join("\n"),
  );
}

/**
 * A Lambda function with a role of its own that may do what `statements` say, and a log group with retention.
 *
 * @example
 * new LambdaFunction("api-health", {
 *   functionName: "inference-health", description: "Tells whether a model is served",
 *   environment: InferenceHealthEnvironment, variables: { ENDPOINT_NAME: endpoint.name, MODEL_NAME: "fraud" },
 *   statements: [], timeoutSeconds: 10, memoryMib: 256,
 * });
 * @throws Error when the bundle is missing, a statement has a wildcard, or the function would refuse a variable.
 */
export class LambdaFunction<Codec extends EnvironmentCodec> extends PlatformComponent implements Grantee {
  readonly arn: pulumi.Output<string>;
  readonly invokeArn: pulumi.Output<string>;
  readonly name: pulumi.Output<string>;
  readonly function: aws.lambda.Function;
  readonly role: ServiceRole;

  constructor(name: string, args: LambdaFunctionArgs<Codec>, options?: pulumi.ComponentResourceOptions) {
    super("LambdaFunction", name, args, options);

    const logGroup = this.child(
      aws.cloudwatch.LogGroup,
      "logs",
      { retentionInDays: this.shared.logRetentionDays, tags: this.tags },
      args.transform?.logGroup,
    );
    this.role = new ServiceRole(
      name,
      {
        ...this.shared,
        services: ["lambda.amazonaws.com"],
        existingArn: args.roleArn,
        statements: [
          {
            actions: ["logs:CreateLogStream", "logs:PutLogEvents"],
            resources: [pulumi.interpolate`${logGroup.arn}:*`],
          },
          ...(args.deadLetterQueueArn === undefined
            ? []
            : [{ actions: ["sqs:SendMessage"], resources: [args.deadLetterQueueArn] }]),
          ...args.statements,
        ],
      },
      { parent: this },
    );

    const variables = args.variables as Record<string, pulumi.Input<string>>;
    const accepted = pulumi
      .output(variables)
      .apply((known) => acceptedVariables(args.functionName, args.environment, known));
    this.function = this.child(
      aws.lambda.Function,
      "function",
      {
        name: args.physicalName,
        description: args.description,
        role: this.role.arn,
        runtime: "nodejs22.x",
        architectures: ["arm64"],
        handler: "index.handler",
        code: functionArchive(args.functionName),
        timeout: args.timeoutSeconds,
        memorySize: args.memoryMib,
        // Each variable stays by itself, so that a preview shows the known ones while others are still unknown.
        environment: { variables },
        loggingConfig: { logFormat: "JSON", logGroup: logGroup.name },
        deadLetterConfig: args.deadLetterQueueArn === undefined ? undefined : { targetArn: args.deadLetterQueueArn },
        tags: this.tags,
      },
      args.transform?.function,
      { dependsOn: [...this.role.ready] },
    );

    this.arn = this.function.arn;
    this.invokeArn = this.function.invokeArn;
    this.name = this.function.name;
    this.registerOutputs({ arn: this.arn, name: this.name, variables: accepted });
  }

  /** Lets the function's role do more, e.g. invoke an endpoint. */
  grant(name: string, statements: readonly Statement[]): void {
    this.role.grant(name, statements);
  }
}

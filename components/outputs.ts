import type * as pulumi from "@pulumi/pulumi";
import * as t from "io-ts";

/**
 * Of the outputs' contract, `docs/outputs.v1.json`. It goes up where an output goes away or changes its type; a consumer
 * that was written for one version refuses another.
 */
export const OUTPUTS_VERSION = 1;

const Always = t.type({
  outputsVersion: t.literal(OUTPUTS_VERSION),
  stack: t.string,
  /** The project's version that the stack was brought up from. */
  version: t.string,
  bucketName: t.string,
  /** Beginning of every key in the bucket. */
  prefix: t.string,
  /** The key that encrypts what the stack keeps. */
  kmsKeyArn: t.string,
  sagemakerRoleArn: t.string,
  pipelineName: t.string,
  modelPackageGroupName: t.string,
  mlflowArn: t.string,
  /** The ECS task that compiles and starts the pipeline. */
  launcher: t.type({
    clusterArn: t.string,
    taskDefinitionArn: t.string,
    taskFamily: t.string,
    containerName: t.string,
    subnetIds: t.array(t.string),
    securityGroupIds: t.array(t.string),
  }),
  endpointName: t.string,
  /** Without a slash at its end: `{apiUrl}/predict`. */
  apiUrl: t.string,
  scorer: t.type({
    tableName: t.string,
    queueUrl: t.string,
    dlqUrl: t.string,
    inputUri: t.string,
    quarantineUri: t.string,
    predictionsUri: t.string,
    manifestsUri: t.string,
  }),
  /** Where SQL finds the predictions, and the workgroup that offers queries of them. */
  athena: t.type({ databaseName: t.string, tableName: t.string, workgroupName: t.string }),
  monitors: t.type({
    /** The function that runs a monitor on a period. */
    runFunctionName: t.string,
    /** Folder of what the monitors found, without a slash at its end. */
    outputUri: t.string,
  }),
  deploymentsTableName: t.string,
  /** Takes what asks for deployments. */
  deployQueueUrl: t.string,
  alertsTopicArn: t.string,
});

const Sometimes = t.partial({
  /** Where the next run reads transactions from; none where it reads a database. */
  rawDataUri: t.string,
  /** Where CSVs of labels are dropped, with a slash at its end; none where another stack or system keeps them. */
  labelsUri: t.string,
  /** How models are promoted to this stack: by which function, of which group. None where it takes none. */
  promotion: t.type({ functionName: t.string, sourceGroupArn: t.string }),
  /** The function that compares the endpoint's shadow with what was answered; none where the rollout is another. */
  compareShadowFunctionName: t.string,
  /** The CodePipeline that delivers merges; none where the stack has no `ci`. */
  ciPipelineName: t.string,
});

/** What a stack tells those who build on it, secrets apart: `apiKey` is an output of its own, and secret. */
export const PlatformOutputs = t.intersection([Always, Sometimes], "PlatformOutputs");
export type PlatformOutputs = t.TypeOf<typeof PlatformOutputs>;

/** The outputs as a program makes them; what is missing or of another type does not compile. */
export type PublishedOutputValues = {
  [Name in keyof PlatformOutputs]: pulumi.Input<
    PlatformOutputs[Name] extends string
      ? string
      : PlatformOutputs[Name] extends object
        ? { [Part in keyof PlatformOutputs[Name]]: pulumi.Input<PlatformOutputs[Name][Part]> }
        : PlatformOutputs[Name]
  >;
} & { apiKey: pulumi.Output<string> };

/** The codecs of the outputs that every stack has, and of those that a stack need not have. */
export const outputProps = { always: Always.props, sometimes: Sometimes.props };

export type PlatformOutputValues = PublishedOutputValues & {
  /**
   * How the endpoint stood at the last `pulumi up`, and why: for who runs it, not for who builds on it. `none`, `pending`,
   * `live`, `rolledBack` or `idle`; `unknown` in a plan without AWS. The next `up` reads it anew.
   */
  deploymentStatus: pulumi.Output<string>;
  deploymentReason: pulumi.Output<string>;
};

const props = { ...Always.props, ...Sometimes.props };

/** The outputs' names, the secret one apart. */
export const outputNames = Object.keys(props) as (keyof PlatformOutputs)[];

/** Whether an output is text, and not a number or an object. */
export const isText = (name: string): boolean =>
  Object.entries(props).some(([n, { _tag }]) => n === name && _tag === "StringType");

/**
 * The outputs' contract: the type of each by its path, `?` after those that a stack need not have.
 *
 * @example
 * outputTypes()["launcher.subnetIds"] // "Array<string>"
 */
export function outputTypes(): Record<string, string> {
  return { ...typesIn(Always.props, ""), ...typesIn(Sometimes.props, "?"), apiKey: "secret string" };
}

function typesIn(props: t.Props, mark: string, path = ""): Record<string, string> {
  return Object.fromEntries(
    Object.entries(props).flatMap(([name, codec]) =>
      codec instanceof t.InterfaceType
        ? Object.entries(typesIn(codec.props as t.Props, mark, `${path}${name}.`))
        : [[`${path}${name}`, `${codec.name}${mark}`]],
    ),
  );
}

import type * as pulumi from "@pulumi/pulumi";
import * as t from "io-ts";

const Always = t.type({
  stack: t.string,
  /** The project's version that the stack was brought up from. */
  version: t.string,
  bucketName: t.string,
  /** Beginning of every key in the bucket. */
  prefix: t.string,
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
  }),
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

/** What a stack tells those who build on it, secrets apart: `apiKey` is an output of its own, and secret. */
export const PlatformOutputs = t.intersection(
  [
    Always,
    t.partial({
      /** Where the next run reads transactions from; none where it reads a database. */
      rawDataUri: t.string,
      /** Where CSVs of labels are dropped, with a slash at its end; none where another stack or system keeps them. */
      labelsUri: t.string,
      /** The CodePipeline that delivers merges; none where the stack has no `ci`. */
      ciPipelineName: t.string,
    }),
  ],
  "PlatformOutputs",
);
export type PlatformOutputs = t.TypeOf<typeof PlatformOutputs>;

/** The outputs as a program makes them; what is missing or of another type does not compile. */
export type PlatformOutputValues = {
  [Name in keyof PlatformOutputs]: pulumi.Input<
    PlatformOutputs[Name] extends string
      ? string
      : PlatformOutputs[Name] extends object
        ? { [Part in keyof PlatformOutputs[Name]]: pulumi.Input<PlatformOutputs[Name][Part]> }
        : PlatformOutputs[Name]
  >;
} & { apiKey: pulumi.Output<string> };

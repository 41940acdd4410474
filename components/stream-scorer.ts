import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { isPlatformSchema, schemaOf, type Stream } from "../config/serving";
import { ScorerEnvironment } from "../functions/scorer/env";
import { FEATURES } from "../functions/shared/transactions";
import type { Alerts } from "./alerts";
import type { CanaryEndpoint } from "./canary-endpoint";
import type { ComponentArgs, Transform } from "./component";
import { PlatformComponent, refuse } from "./component";
import { literally, type Statement } from "./iam";
import type { FunctionOverrides } from "./lambda-function";
import { LambdaFunction } from "./lambda-function";
import type { ModelRegistry } from "./model-registry";
import type { Storage } from "./storage";
import { tableArgs } from "./table";
import { WorkQueue } from "./work-queue";

export interface StreamScorerArgs extends ComponentArgs {
  storage: Storage;
  alerts: Alerts;
  registry: ModelRegistry;
  /** Scores the files, unless `stream` names another endpoint. */
  endpoint: CanaryEndpoint;
  stream: Stream;
  /** Begins the names of transform jobs: at most 28 characters. */
  jobNamePrefix: string;
  /** On what is made at run time. */
  runTimeTags: Record<string, string>;
  functions?: { scorer?: FunctionOverrides };
  transform?: {
    table?: Transform<aws.dynamodb.TableArgs>;
    files?: Transform<aws.dynamodb.TableArgs>;
    eventSource?: Transform<aws.lambda.EventSourceMappingArgs>;
  };
}

const TIMEOUT_SECONDS = 300;
/** One whole processor: reading CSV is what the function does itself. */
export const SCORER_MEMORY_MIB = 1769;
const MAX_RECEIVES = 5;
const QUARANTINE = "quarantine";
/** Folder of the predictions' objects under the storage prefix. */
export const PREDICTIONS = "predictions";
const MANIFESTS = "manifests";
const TRANSFORM = "transform";
/** More than S3 takes: no file goes to Batch Transform. */
const NEVER_BYTES = 5_000_000_000_000;

/**
 * Files that land under the stream prefix are scored, in batches by the endpoint or, if they are large, by a transform
 * job, into a table and objects for Athena; rows that cannot be scored go to quarantine with the reason, and a manifest
 * per file says how many of each. Before there is a model, files wait. docs/streaming.md says what is written where.
 *
 * @example
 * new StreamScorer("stream", {
 *   storage, alerts, registry, endpoint, stream: configuration.stream, jobNamePrefix: "fraud", runTimeTags,
 * });
 * @throws Error for a schema that the endpoint's model does not take.
 */
export class StreamScorer extends PlatformComponent {
  readonly tableName: pulumi.Output<string>;
  readonly tableArn: pulumi.Output<string>;
  /** Of the function that scores files. */
  readonly functionName: pulumi.Output<string>;
  readonly queue: WorkQueue;
  readonly inputUri: pulumi.Output<string>;
  readonly quarantineUri: pulumi.Output<string>;
  readonly predictionsUri: pulumi.Output<string>;
  readonly manifestsUri: pulumi.Output<string>;

  constructor(name: string, args: StreamScorerArgs, options?: pulumi.ComponentResourceOptions) {
    const { storage, alerts, endpoint, stream } = args;
    const schema = schemaOf(stream);
    refuse("StreamScorer", name, schemaProblems(stream));
    super("StreamScorer", name, args, options);

    const table = this.child(
      aws.dynamodb.Table,
      "predictions",
      tableArgs({
        // A transaction may stand in several rows: each has an item of its own.
        key: [
          { name: "TransactionID", type: "S" },
          { name: "RowId", type: "S" },
        ],
        kmsKeyArn: storage.keyArn,
        tags: this.tags,
      }),
      args.transform?.table,
      storage.dataOptions,
    );
    const files = this.child(
      aws.dynamodb.Table,
      "progress",
      tableArgs({
        key: [
          { name: "FileId", type: "S" },
          { name: "Chunk", type: "N" },
        ],
        expiresBy: "ExpiresAt",
        kmsKeyArn: storage.keyArn,
        tags: this.tags,
      }),
      args.transform?.files,
      storage.dataOptions,
    );
    const rule = this.child(aws.cloudwatch.EventRule, "files", {
      description: "Files that land under the stream prefix",
      eventPattern: pulumi.jsonStringify(storage.created({ prefix: `${stream.prefix}/` })),
      tags: this.tags,
    });
    const jobsRule = this.child(aws.cloudwatch.EventRule, "jobs", {
      description: "Transform jobs of the stream that ended",
      eventPattern: pulumi.jsonStringify({
        source: ["aws.sagemaker"],
        "detail-type": ["SageMaker Transform Job State Change"],
        detail: {
          TransformJobName: [{ prefix: `${args.jobNamePrefix}-stream-` }],
          TransformJobStatus: ["Completed", "Failed", "Stopped"],
        },
      }),
      tags: this.tags,
    });
    this.queue = new WorkQueue(
      this.childName("files"),
      {
        ...this.shared,
        consumerTimeoutSeconds: TIMEOUT_SECONDS,
        maxReceiveCount: MAX_RECEIVES,
        alertsTopicArn: alerts.topicArn,
        eventRuleArns: [rule.arn, jobsRule.arn],
      },
      { parent: this },
    );
    this.child(aws.cloudwatch.EventTarget, "files", { rule: rule.name, arn: this.queue.arn });
    this.child(aws.cloudwatch.EventTarget, "jobs", { rule: jobsRule.name, arn: this.queue.arn });

    const scorer = new LambdaFunction(
      this.childName("scorer"),
      {
        ...this.shared,
        ...args.functions?.scorer,
        functionName: "scorer",
        description: "Scores files of transactions",
        environment: ScorerEnvironment,
        variables: {
          ENDPOINT_NAME: stream.endpointName ?? endpoint.endpointName,
          DYNAMODB_TABLE_NAME: table.name,
          FILES_TABLE_NAME: files.name,
          STREAM_SCHEMA: JSON.stringify(schema),
          STREAM_PREFIX: `${storage.prefix}/${stream.prefix}`,
          QUARANTINE_PREFIX: `${storage.prefix}/${QUARANTINE}`,
          PREDICTIONS_PREFIX: `${storage.prefix}/${PREDICTIONS}`,
          MANIFESTS_PREFIX: `${storage.prefix}/${MANIFESTS}`,
          TRANSFORM_PREFIX: `${storage.prefix}/${TRANSFORM}`,
          CHUNK_ROWS: String(stream.chunkRows),
          BATCH_ROWS: String(stream.batchRows),
          ENDPOINT_CONCURRENCY: String(stream.endpointConcurrency),
          BATCH_TRANSFORM_BYTES: String(
            stream.endpointName === undefined ? stream.batchTransform.fromBytes : NEVER_BYTES,
          ),
          TRANSFORM_JOB_PREFIX: args.jobNamePrefix,
          TRANSFORM_INSTANCE_TYPE: stream.batchTransform.instanceType,
          TRANSFORM_INSTANCE_COUNT: String(stream.batchTransform.instanceCount),
          RESOURCE_TAGS: JSON.stringify(args.runTimeTags),
          QUEUE_URL: this.queue.url,
          NO_MODEL_RETRY_SECONDS: String(stream.noModelRetrySeconds),
        },
        statements: [
          ...storage.reading(
            ...[literally(stream.prefix), PREDICTIONS, MANIFESTS, TRANSFORM].map((folder) => `${folder}/*`),
          ),
          ...storage.writing(...[QUARANTINE, PREDICTIONS, MANIFESTS, TRANSFORM].map((folder) => `${folder}/*`)),
          this.queue.receiving(),
          this.queue.sending(),
          { actions: ["sqs:ChangeMessageVisibility"], resources: [this.queue.arn] },
          { actions: ["dynamodb:BatchWriteItem"], resources: [table.arn] },
          {
            actions: ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query", "dynamodb:UpdateItem"],
            resources: [files.arn],
          },
          ...(stream.endpointName === undefined ? this.transforming(args) : []),
        ],
        timeoutSeconds: TIMEOUT_SECONDS,
        memoryMib: SCORER_MEMORY_MIB,
      },
      { parent: this },
    );
    if (stream.endpointName === undefined) endpoint.grantInvoke("invoke", scorer);
    else {
      const resource = `endpoint/${stream.endpointName.toLowerCase()}`;
      scorer.grant("invoke", [
        { actions: ["sagemaker:InvokeEndpoint"], resources: [this.arnOf("sagemaker", resource)] },
      ]);
    }
    this.child(
      aws.lambda.EventSourceMapping,
      "files",
      {
        eventSourceArn: this.queue.arn,
        functionName: scorer.arn,
        batchSize: 1,
        functionResponseTypes: ["ReportBatchItemFailures"],
        scalingConfig: { maximumConcurrency: stream.maxConcurrency },
        tags: this.tags,
      },
      args.transform?.eventSource,
      { dependsOn: [...scorer.role.ready] },
    );

    this.tableName = table.name;
    this.tableArn = table.arn;
    this.functionName = scorer.name;
    this.inputUri = storage.uri(`${stream.prefix}/`);
    this.quarantineUri = storage.uri(`${QUARANTINE}/`);
    this.predictionsUri = storage.uri(`${PREDICTIONS}/`);
    this.manifestsUri = storage.uri(`${MANIFESTS}/`);
    this.registerOutputs({ tableName: this.tableName, inputUri: this.inputUri });
  }

  /** What starting transform jobs with the live model, and following them, takes. */
  private transforming({ endpoint, registry, jobNamePrefix }: StreamScorerArgs): Statement[] {
    const jobs = this.arnOf("sagemaker", `transform-job/${jobNamePrefix.toLowerCase()}-stream-*`);
    return [
      endpoint.describing(),
      endpoint.describingModel(),
      registry.describing(),
      {
        actions: ["sagemaker:CreateTransformJob"],
        resources: [jobs, this.arnOf("sagemaker", "model/*")],
      },
      { actions: ["sagemaker:DescribeTransformJob", "sagemaker:AddTags"], resources: [jobs] },
    ];
  }
}

/** The stack's own endpoint serves models of the platform's features and no others. */
function schemaProblems(stream: Stream): string[] {
  if (stream.endpointName !== undefined || isPlatformSchema(schemaOf(stream))) return [];
  const { features } = schemaOf(stream);
  return [
    `stream.schema has the features ${features.join(", ")}; the models that the stack trains and serves take ` +
      `${FEATURES[0]}, ${FEATURES[1]} … ${FEATURES.at(-1)}. Give stream.endpointName: an endpoint whose model takes those`,
  ];
}

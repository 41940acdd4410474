import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import type { Stream } from "../config/serving";
import { ScorerEnvironment } from "../functions/scorer/env";
import type { Alerts } from "./alerts";
import type { CanaryEndpoint } from "./canary-endpoint";
import type { ComponentArgs, Transform } from "./component";
import { PlatformComponent, refuse } from "./component";
import { literally } from "./iam";
import type { FunctionOverrides } from "./lambda-function";
import { LambdaFunction } from "./lambda-function";
import type { Storage } from "./storage";
import { WorkQueue } from "./work-queue";

export interface StreamScorerArgs extends ComponentArgs {
  storage: Storage;
  alerts: Alerts;
  endpoint: CanaryEndpoint;
  stream: Stream;
  functions?: { scorer?: FunctionOverrides };
  transform?: {
    table?: Transform<aws.dynamodb.TableArgs>;
    eventSource?: Transform<aws.lambda.EventSourceMappingArgs>;
  };
}

const TIMEOUT_SECONDS = 300;
const MAX_RECEIVES = 5;
const QUARANTINE = "quarantine";
/** Folder of the predictions' objects under the storage prefix. */
export const PREDICTIONS = "predictions";

/**
 * Files that land under the stream prefix are scored row by row into a table; rows that cannot be scored go to
 * quarantine with the reason, and a manifest per file says how many of each. Before there is a model, files wait.
 *
 * @example
 * new StreamScorer("stream", { storage, alerts, endpoint, stream: configuration.stream });
 * @throws Error for a schema that no model of the platform takes.
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

  constructor(name: string, args: StreamScorerArgs, options?: pulumi.ComponentResourceOptions) {
    const { storage, alerts, endpoint, stream } = args;
    refuse(
      "StreamScorer",
      name,
      stream.schema === "creditcard" ? [] : [`stream.schema is "${stream.schema}": only "creditcard" is built so far`],
    );
    super("StreamScorer", name, args, options);

    const table = this.child(
      aws.dynamodb.Table,
      "predictions",
      {
        hashKey: "TransactionID",
        attributes: [{ name: "TransactionID", type: "S" }],
        billingMode: "PAY_PER_REQUEST",
        pointInTimeRecovery: { enabled: true },
        serverSideEncryption: { enabled: true, kmsKeyArn: storage.keyArn },
        tags: this.tags,
      },
      args.transform?.table,
      storage.dataOptions,
    );
    const rule = this.child(aws.cloudwatch.EventRule, "files", {
      description: "Files that land under the stream prefix",
      eventPattern: pulumi.jsonStringify({
        source: ["aws.s3"],
        "detail-type": ["Object Created"],
        detail: {
          bucket: { name: [storage.bucketName] },
          object: { key: [{ prefix: `${storage.prefix}/${stream.prefix}/` }] },
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
        eventRuleArns: [rule.arn],
      },
      { parent: this },
    );
    this.child(aws.cloudwatch.EventTarget, "files", { rule: rule.name, arn: this.queue.arn });

    const scorer = new LambdaFunction(
      this.childName("scorer"),
      {
        ...this.shared,
        ...args.functions?.scorer,
        functionName: "scorer",
        description: "Scores files of transactions",
        environment: ScorerEnvironment,
        variables: {
          ENDPOINT_NAME: endpoint.endpointName,
          DYNAMODB_TABLE_NAME: table.name,
          STREAM_SCHEMA: stream.schema,
          STREAM_PREFIX: `${storage.prefix}/${stream.prefix}`,
          QUARANTINE_PREFIX: `${storage.prefix}/${QUARANTINE}`,
          PREDICTIONS_PREFIX: `${storage.prefix}/${PREDICTIONS}`,
          BATCH_ROWS: String(stream.batchRows),
          QUEUE_URL: this.queue.url,
          NO_MODEL_RETRY_SECONDS: String(stream.noModelRetrySeconds),
        },
        statements: [
          ...storage.reading(`${literally(stream.prefix)}/*`),
          ...storage.writing(`${QUARANTINE}/*`, `${PREDICTIONS}/*`),
          this.queue.receiving(),
          this.queue.sending(),
          { actions: ["dynamodb:BatchWriteItem"], resources: [table.arn] },
        ],
        timeoutSeconds: TIMEOUT_SECONDS,
        memoryMib: 1024,
      },
      { parent: this },
    );
    endpoint.grantInvoke("invoke", scorer);
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
    this.registerOutputs({ tableName: this.tableName, inputUri: this.inputUri });
  }
}

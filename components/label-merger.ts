import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { MergeLabelsEnvironment } from "../functions/merge-labels/env";
import type { Alerts } from "./alerts";
import type { ComponentArgs, Transform } from "./component";
import { PlatformComponent } from "./component";
import type { FunctionOverrides } from "./lambda-function";
import { LambdaFunction } from "./lambda-function";
import type { Storage } from "./storage";
import type { StreamScorer } from "./stream-scorer";
import { WorkQueue } from "./work-queue";

export interface LabelMergerArgs extends ComponentArgs {
  storage: Storage;
  alerts: Alerts;
  /** Knows the inference ids of the transactions that it scored. */
  stream: StreamScorer;
  functions?: { mergeLabels?: FunctionOverrides };
  transform?: { eventSource?: Transform<aws.lambda.EventSourceMappingArgs> };
}

const TIMEOUT_SECONDS = 300;
const MAX_RECEIVES = 5;
/** Below the prefix; `merged` is where monitors read labels. */
const GROUND_TRUTH = "ground-truth";

/**
 * Labels that are dropped as CSV are merged into AWS's ground-truth format by event and hour, late and corrected ones
 * included; rows that are no labels go to quarantine with the reason, and a manifest says how many of each.
 *
 * @example
 * new LabelMerger("labels", { storage, alerts, stream });
 */
export class LabelMerger extends PlatformComponent {
  readonly queue: WorkQueue;
  /** Where labels are dropped, with a slash at its end. */
  readonly inputUri: pulumi.Output<string>;

  constructor(name: string, args: LabelMergerArgs, options?: pulumi.ComponentResourceOptions) {
    super("LabelMerger", name, args, options);
    const { storage, alerts, stream } = args;
    const folder = (kind: string): string => `${storage.prefix}/${GROUND_TRUTH}/${kind}`;
    const rule = this.child(aws.cloudwatch.EventRule, "files", {
      description: "Files of labels",
      eventPattern: pulumi.jsonStringify(storage.created({ prefix: `${GROUND_TRUTH}/raw/` })),
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
    const written = ["merged", "quarantine", "manifests"].map((kind) => `${GROUND_TRUTH}/${kind}/*`);
    const merge = new LambdaFunction(
      this.childName("merge"),
      {
        ...this.shared,
        ...args.functions?.mergeLabels,
        functionName: "merge-labels",
        description: "Merges labels that were dropped",
        environment: MergeLabelsEnvironment,
        variables: {
          LABELS_PREFIX: folder("raw"),
          MERGED_PREFIX: folder("merged"),
          QUARANTINE_PREFIX: folder("quarantine"),
          MANIFESTS_PREFIX: folder("manifests"),
          PREDICTIONS_TABLE_NAME: stream.tableName,
        },
        statements: [
          ...storage.reading(`${GROUND_TRUTH}/raw/*`, `${GROUND_TRUTH}/merged/*`),
          ...storage.writing(...written),
          this.queue.receiving(),
          { actions: ["dynamodb:Query"], resources: [stream.tableArn] },
        ],
        timeoutSeconds: TIMEOUT_SECONDS,
        memoryMib: 1024,
      },
      { parent: this },
    );
    this.child(
      aws.lambda.EventSourceMapping,
      "files",
      {
        eventSourceArn: this.queue.arn,
        functionName: merge.arn,
        batchSize: 1,
        functionResponseTypes: ["ReportBatchItemFailures"],
        // The fewest that SQS allows: more would only wait for each other.
        scalingConfig: { maximumConcurrency: 2 },
        tags: this.tags,
      },
      args.transform?.eventSource,
      { dependsOn: [...merge.role.ready] },
    );
    this.inputUri = storage.uri(`${GROUND_TRUTH}/raw/`);
    this.registerOutputs({ inputUri: this.inputUri });
  }
}

import type { ResourceRule, StackRule } from "../rule";
import { about, at } from "../rule";
import { limitsOf } from "../stacks";

const level = "mandatory";

/** Types that hold what can't be made again. */
const DATA = ["aws:dynamodb/table:Table", "aws:s3/bucket:Bucket", "aws:kms/key:Key"];
/** Names of tables that can be made again: what is deployed stands in SageMaker too. So can those whose rows expire. */
const REBUILT = ["endpoint-deployments"];

export const keptLogs = about(
  "aws:cloudwatch/logGroup:LogGroup",
  {
    name: "kept-logs",
    description: "Log groups keep their events as long as the stack wants, and not for ever.",
    level,
  },
  (props, { stack }) => {
    const { logRetentionDays } = limitsOf(stack);
    const days = props["retentionInDays"];
    if (typeof days !== "number" || days === 0) return ["keeps events for ever: set retentionInDays"];
    return days < logRetentionDays
      ? [`keeps events ${days} days, and ${stack} wants ${logRetentionDays}: raise logs.retentionDays`]
      : [];
  },
);

export const keptData: ResourceRule = {
  name: "kept-data",
  description: "Where a stack keeps its data, storage is protected and never emptied by force.",
  level,
  check({ type, name, props, protect, stack }) {
    if (!limitsOf(stack).keepsData || !DATA.includes(type) || REBUILT.includes(name)) return [];
    if (at(props["ttl"], "enabled") === true) return [];
    return [
      ...(protect ? [] : [`can be deleted with ${stack}: set storage.protect`]),
      ...(props["forceDestroy"] === true ? ["is emptied when it is deleted: unset forceDestroy"] : []),
    ];
  },
};

export const recoverableTables = about(
  "aws:dynamodb/table:Table",
  { name: "recoverable-tables", description: "Tables can be restored to any second of the last weeks.", level },
  (props) =>
    at(props["pointInTimeRecovery"], "enabled") === true ? [] : ["can't be restored: set pointInTimeRecovery"],
);

export const versionedBuckets: StackRule = {
  name: "versioned-buckets",
  description: "Buckets keep the versions of what is overwritten or deleted.",
  level,
  checkStack(resources) {
    const versioned = new Set(
      resources
        .filter(({ type }) => type === "aws:s3/bucketVersioning:BucketVersioning")
        .filter(({ props }) => at(props["versioningConfiguration"], "status") === "Enabled")
        .map(({ props }) => props["bucket"]),
    );
    return resources
      .filter(({ type, props }) => type === "aws:s3/bucket:Bucket" && !versioned.has(props["bucket"]))
      .map(({ urn }) => ({ urn, problem: "what is overwritten is lost: add its BucketVersioning" }));
  },
};

export const keptMessages = about(
  "aws:sqs/queue:Queue",
  { name: "kept-messages", description: "Queues keep a message for four days or longer.", level },
  (props) => {
    const seconds = props["messageRetentionSeconds"];
    return typeof seconds === "number" && seconds < 345_600
      ? [`loses messages after ${seconds} seconds: set messageRetentionSeconds to 345600 or more`]
      : [];
  },
);

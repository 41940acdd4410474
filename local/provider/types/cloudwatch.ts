import type { Dimension, MetricDataQuery } from "@aws-sdk/client-cloudwatch";
import type * as aws from "@pulumi/aws";
import { arn, oneOf } from "../../aws-models";
import type { Context } from "../context";
import { resource, type ResourceTable } from "../resource";
import { changed, omit, type Plain } from "../values";
import { ownTags, retag, tagList, tagMap } from "./shared";

const RETENTION_DAYS = [
  0, 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
];

const logGroup = resource<aws.cloudwatch.LogGroupArgs>({
  cloudFormation: { type: "AWS::Logs::LogGroup", names: { name: "LogGroupName" }, own: ["skipDestroy"] },
  inputs: ["name", "logGroupClass", "kmsKeyId", "retentionInDays", "skipDestroy", "tags"],
  autoName: { property: "name", maxLength: 512 },
  checks: { kmsKeyId: arn, retentionInDays: (days) => oneOf(days, RETENTION_DAYS) },
  async create(c, { name = "", kmsKeyId, logGroupClass, retentionInDays, tags }) {
    // The service takes no empty map.
    const given = Object.keys(tags ?? {}).length === 0 ? {} : { tags };
    await c.call("logs", "CreateLogGroup", { logGroupName: name, kmsKeyId, logGroupClass, ...given });
    const created = c.exists({ id: name, arn: c.arn("logs", `log-group:${name}`) });
    if (retentionInDays) await c.call("logs", "PutRetentionPolicy", { logGroupName: name, retentionInDays });
    return created;
  },
  async read(c, id, { kmsKeyId, logGroupClass, retentionInDays }) {
    const { logGroups } = await c.call("logs", "DescribeLogGroups", { logGroupNamePrefix: id });
    const found = logGroups?.find(({ logGroupName }) => logGroupName === id);
    if (!found) return undefined;
    // No retention at the service is what the program writes as 0.
    const current = { ...found, retentionInDays: found.retentionInDays ?? 0 };
    const arn = c.arn("logs", `log-group:${id}`);
    const { tags } = await c.call("logs", "ListTagsForResource", { resourceArn: arn });
    return { ...c.mirror({ kmsKeyId, logGroupClass, retentionInDays }, current), name: id, arn, tags: ownTags(tags) };
  },
  async update(c, id, now, before) {
    const { retentionInDays, kmsKeyId } = now;
    if (changed(now, before, "retentionInDays")) {
      await (retentionInDays
        ? c.call("logs", "PutRetentionPolicy", { logGroupName: id, retentionInDays })
        : c.call("logs", "DeleteRetentionPolicy", { logGroupName: id }));
    }
    if (changed(now, before, "kmsKeyId")) {
      await (kmsKeyId
        ? c.call("logs", "AssociateKmsKey", { logGroupName: id, kmsKeyId })
        : c.call("logs", "DisassociateKmsKey", { logGroupName: id }));
    }
    const resourceArn = c.arn("logs", `log-group:${id}`);
    await retag(
      now.tags,
      before.tags,
      (tags) => c.call("logs", "TagResource", { resourceArn, tags }),
      (tagKeys) => c.call("logs", "UntagResource", { resourceArn, tagKeys }),
    );
  },
  async delete(c, id, { skipDestroy }) {
    if (!skipDestroy) await c.call("logs", "DeleteLogGroup", { logGroupName: id });
  },
});

type AlarmArgs = aws.cloudwatch.MetricAlarmArgs;

function dimensionList(dimensions: Record<string, string> | undefined) {
  return dimensions && Object.entries(dimensions).map(([Name, Value]) => ({ Name, Value }));
}

function metricQueries(queries: Plain<AlarmArgs>["metricQueries"]) {
  return queries?.map(({ id, accountId, expression, label, metric, period, returnData }) => ({
    Id: id,
    AccountId: accountId,
    Expression: expression,
    Label: label,
    Period: period,
    ReturnData: returnData,
    MetricStat: metric && {
      Metric: {
        Namespace: metric.namespace,
        MetricName: metric.metricName,
        Dimensions: dimensionList(metric.dimensions),
      },
      Period: metric.period,
      Stat: metric.stat,
      Unit: metric.unit,
    },
  }));
}

/** The reverse of {@link metricQueries}. */
function fromMetricQueries(queries: MetricDataQuery[] | undefined) {
  return queries?.map(({ Id, AccountId, Expression, Label, Period, ReturnData, MetricStat: stat }) => ({
    id: Id,
    accountId: AccountId,
    expression: Expression,
    label: Label,
    period: Period,
    returnData: ReturnData,
    metric: stat && {
      namespace: stat.Metric?.Namespace,
      metricName: stat.Metric?.MetricName,
      dimensions: dimensionMap(stat.Metric?.Dimensions),
      period: stat.Period,
      stat: stat.Stat,
      unit: stat.Unit,
    },
  }));
}

function dimensionMap(dimensions: Dimension[] | undefined): Record<string, unknown> {
  return Object.fromEntries((dimensions ?? []).map(({ Name = "", Value }) => [Name, Value]));
}

async function putAlarm(c: Context, { name, dimensions, metricQueries: queries, tags, ...inputs }: Plain<AlarmArgs>) {
  const own = {
    AlarmName: name,
    Dimensions: dimensionList(dimensions),
    EvaluateLowSampleCountPercentile: inputs.evaluateLowSampleCountPercentiles,
    Metrics: metricQueries(queries),
    Tags: tagList(tags),
  };
  await c.call("cloudwatch", "PutMetricAlarm", own, inputs);
}

const metricAlarm = resource<AlarmArgs>({
  cloudFormation: {
    type: "AWS::CloudWatch::Alarm",
    names: {
      name: "AlarmName",
      metricQueries: "Metrics",
      evaluateLowSampleCountPercentiles: "EvaluateLowSampleCountPercentile",
    },
  },
  inputs: [
    "name",
    "actionsEnabled",
    "alarmActions",
    "alarmDescription",
    "comparisonOperator",
    "datapointsToAlarm",
    "dimensions",
    "evaluateLowSampleCountPercentiles",
    "evaluationPeriods",
    "extendedStatistic",
    "insufficientDataActions",
    "metricName",
    "metricQueries",
    "namespace",
    "okActions",
    "period",
    "statistic",
    "tags",
    "threshold",
    "thresholdMetricId",
    "treatMissingData",
    "unit",
  ],
  autoName: { property: "name", maxLength: 255 },
  required: ["comparisonOperator", "evaluationPeriods"],
  blocks: {
    metricQueries: ["accountId", "expression", "id", "label", "metric", "period", "returnData"],
    "metricQueries.metric": ["dimensions", "metricName", "namespace", "period", "stat", "unit"],
  },
  checks: {
    period: (seconds) =>
      [10, 20, 30].includes(seconds) || seconds % 60 === 0
        ? undefined
        : `is ${seconds} seconds, neither 10, 20 or 30 nor a multiple of 60`,
    datapointsToAlarm: (datapoints, { evaluationPeriods }) =>
      typeof evaluationPeriods === "number" && datapoints > evaluationPeriods
        ? `is ${datapoints}, more than the ${evaluationPeriods} evaluation periods`
        : undefined,
    treatMissingData: (treatment) => oneOf(treatment, ["breaching", "notBreaching", "ignore", "missing"]),
  },
  async create(c, inputs) {
    await putAlarm(c, inputs);
    const { name = "" } = inputs;
    return { id: name, arn: c.arn("cloudwatch", `alarm:${name}`) };
  },
  async read(c, id, state) {
    const { MetricAlarms: alarms } = await c.call("cloudwatch", "DescribeAlarms", { AlarmNames: [id] });
    const found = alarms?.[0];
    if (!found) return undefined;
    const current = {
      ...omit(found, "Dimensions", "Metrics"),
      dimensions: dimensionMap(found.Dimensions),
      evaluateLowSampleCountPercentiles: found.EvaluateLowSampleCountPercentile,
      metricQueries: fromMetricQueries(found.Metrics),
    };
    const ResourceARN = c.arn("cloudwatch", `alarm:${id}`);
    const { Tags } = await c.call("cloudwatch", "ListTagsForResource", { ResourceARN });
    return { ...c.mirror(omit(state, "name", "tags"), current), tags: tagMap(Tags) };
  },
  async update(c, id, now, before) {
    await putAlarm(c, now);
    // The service ignores the tags of an alarm that exists already.
    const ResourceARN = c.arn("cloudwatch", `alarm:${id}`);
    await retag(
      now.tags,
      before.tags,
      (tags) => c.call("cloudwatch", "TagResource", { ResourceARN, Tags: tagList(tags) }),
      (TagKeys) => c.call("cloudwatch", "UntagResource", { ResourceARN, TagKeys }),
    );
  },
  delete: (c, id) => c.call("cloudwatch", "DeleteAlarms", { AlarmNames: [id] }),
});

const dashboard = resource<aws.cloudwatch.DashboardArgs>({
  cloudFormation: { type: "AWS::CloudWatch::Dashboard" },
  inputs: ["dashboardName", "dashboardBody"],
  required: ["dashboardName", "dashboardBody"],
  json: ["dashboardBody"],
  checks: {
    dashboardName: (name) =>
      /^[\w-]{1,255}$/.test(name) ? undefined : `"${name}" is not 1 to 255 letters, digits, - and _`,
  },
  async create(c, { dashboardName, dashboardBody }) {
    await c.call("cloudwatch", "PutDashboard", { DashboardName: dashboardName, DashboardBody: dashboardBody });
    return { id: dashboardName, dashboardArn: dashboardArn(c, dashboardName) };
  },
  async read(c, id, { dashboardBody }) {
    const { DashboardBody } = await c.call("cloudwatch", "GetDashboard", { DashboardName: id });
    return {
      ...c.mirror({ dashboardBody }, { dashboardBody: DashboardBody }),
      dashboardName: id,
      dashboardArn: dashboardArn(c, id),
    };
  },
  async update(c, id, { dashboardBody }) {
    await c.call("cloudwatch", "PutDashboard", { DashboardName: id, DashboardBody: dashboardBody });
  },
  delete: (c, id) => c.call("cloudwatch", "DeleteDashboards", { DashboardNames: [id] }),
});

/** Dashboards are of an account, in no region. */
const dashboardArn = (c: Context, name: string): string => `arn:aws:cloudwatch::${c.account}:dashboard/${name}`;

export const CLOUDWATCH: ResourceTable = {
  "aws:cloudwatch/dashboard:Dashboard": dashboard,
  "aws:cloudwatch/logGroup:LogGroup": logGroup,
  "aws:cloudwatch/metricAlarm:MetricAlarm": metricAlarm,
};

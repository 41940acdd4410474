import type * as aws from "@pulumi/aws";
import { jsonObject, scheduleExpression, schedulerExpression } from "../../aws-models";
import type { Context } from "../context";
import { resource, type ResourceTable } from "../resource";
import { omit, type Plain } from "../values";
import { awsvpc, fromAwsvpc, NETWORK, retag, tagList, tagMap } from "./shared";

type RuleArgs = aws.cloudwatch.EventRuleArgs;

function ruleArn(c: Context, { name, eventBusName }: Plain<RuleArgs>): string {
  const bus = eventBusName && eventBusName !== "default" ? `${eventBusName}/` : "";
  return c.arn("events", `rule/${bus}${name}`);
}

const eventRule = resource<RuleArgs>({
  cloudFormation: { type: "AWS::Events::Rule" },
  inputs: ["name", "eventBusName", "description", "eventPattern", "roleArn", "scheduleExpression", "state", "tags"],
  autoName: { property: "name", maxLength: 64 },
  json: ["eventPattern"],
  checks: {
    name: (_name, { eventPattern, scheduleExpression: schedule }) =>
      eventPattern === undefined && schedule === undefined
        ? "needs an eventPattern or a scheduleExpression"
        : undefined,
    eventPattern: jsonObject,
    scheduleExpression,
  },
  async create(c, { tags, ...inputs }) {
    await c.call("events", "PutRule", { Tags: tagList(tags) }, inputs);
    return { id: inputs.name ?? "", arn: ruleArn(c, inputs) };
  },
  async read(c, id, { eventBusName, ...state }) {
    const found = await c.call("events", "DescribeRule", { Name: id, EventBusName: eventBusName });
    const { Tags } = await c.call("events", "ListTagsForResource", {
      ResourceARN: ruleArn(c, { name: id, eventBusName }),
    });
    return { ...c.mirror(omit(state, "tags"), found), tags: tagMap(Tags) };
  },
  async update(c, _id, { tags, ...inputs }, before) {
    await c.call("events", "PutRule", {}, inputs);
    const ResourceARN = ruleArn(c, inputs);
    await retag(
      tags,
      before.tags,
      (put) => c.call("events", "TagResource", { ResourceARN, Tags: tagList(put) }),
      (TagKeys) => c.call("events", "UntagResource", { ResourceARN, TagKeys }),
    );
  },
  delete: (c, id, { eventBusName }) => c.call("events", "DeleteRule", { Name: id, EventBusName: eventBusName }),
});

type TargetArgs = aws.cloudwatch.EventTargetArgs;

async function putTarget(c: Context, { rule, eventBusName, targetId, ...inputs }: Plain<TargetArgs>): Promise<void> {
  const { inputTransformer, sqsTarget, ecsTarget, ...rest } = inputs;
  const target = {
    ...rest,
    id: targetId,
    sqsParameters: sqsTarget,
    inputTransformer: inputTransformer && {
      inputPathsMap: inputTransformer.inputPaths,
      inputTemplate: inputTransformer.inputTemplate,
    },
    ecsParameters: ecsTarget && {
      ...ecsTarget,
      networkConfiguration: awsvpc(ecsTarget.networkConfiguration),
      tags: tagList(ecsTarget.tags),
    },
  };
  const answer = await c.call(
    "events",
    "PutTargets",
    { Rule: rule, EventBusName: eventBusName },
    { targets: [target] },
  );
  const failed = answer.FailedEntries?.[0];
  if (failed) throw new Error(`target ${targetId} of rule ${rule}: ${failed.ErrorCode} ${failed.ErrorMessage}`);
}

const eventTarget = resource<TargetArgs>({
  cloudFormation: {
    type: "AWS::Events::Rule",
    part: "Targets",
    address: ["rule", "eventBusName", "targetId"],
    names: { targetId: "Targets/Id", ecsTarget: "Targets/EcsParameters", sqsTarget: "Targets/SqsParameters" },
  },
  inputs: [
    "rule",
    "eventBusName",
    "targetId",
    "arn",
    "deadLetterConfig",
    "ecsTarget",
    "input",
    "inputPath",
    "inputTransformer",
    "retryPolicy",
    "roleArn",
    "sqsTarget",
  ],
  autoName: { property: "targetId", maxLength: 64 },
  blocks: { inputTransformer: ["inputPaths", "inputTemplate"], "ecsTarget.networkConfiguration": NETWORK },
  async create(c, inputs) {
    await putTarget(c, inputs);
    return { id: `${inputs.rule}-${inputs.targetId}` };
  },
  async read(c, _id, { rule, eventBusName, targetId, ...state }) {
    const { Targets: targets } = await c.call("events", "ListTargetsByRule", {
      Rule: rule,
      EventBusName: eventBusName,
    });
    const found = targets?.find(({ Id }) => Id === targetId);
    if (!found) return undefined;
    const { InputTransformer: transformer, EcsParameters: task } = found;
    const current = {
      ...omit(found, "InputTransformer"),
      sqsTarget: found.SqsParameters,
      inputTransformer: transformer && {
        inputPaths: transformer.InputPathsMap,
        inputTemplate: transformer.InputTemplate,
      },
      ecsTarget: task && {
        ...omit(task, "NetworkConfiguration", "Tags"),
        networkConfiguration: fromAwsvpc(task.NetworkConfiguration?.awsvpcConfiguration),
        tags: tagMap(task.Tags),
      },
    };
    return c.mirror(state, current);
  },
  async update(c, _id, now) {
    await putTarget(c, now);
  },
  delete: (c, _id, { rule, eventBusName, targetId }) =>
    c.call("events", "RemoveTargets", { Rule: rule, EventBusName: eventBusName, Ids: [targetId ?? ""] }),
});

type ScheduleArgs = aws.scheduler.ScheduleArgs;

const DEFAULT_GROUP = "default";

/** The schedule with its target as the service has it. */
function scheduleInput({ target, ...inputs }: Plain<ScheduleArgs>): object {
  const { ecsParameters, sagemakerPipelineParameters, ...rest } = target;
  return {
    ...inputs,
    target: {
      ...rest,
      ecsParameters: ecsParameters && {
        ...ecsParameters,
        networkConfiguration: awsvpc(ecsParameters.networkConfiguration),
        tags: ecsParameters.tags && Object.entries(ecsParameters.tags).map(([key, value]) => ({ key, value })),
      },
      sageMakerPipelineParameters: sagemakerPipelineParameters && {
        pipelineParameterList: sagemakerPipelineParameters.pipelineParameters,
      },
    },
  };
}

interface Dates<T> {
  startDate?: T;
  endDate?: T;
}

/** Times as the program wrote them, where they are the same. */
function sameDates(written: Dates<string>, found: Dates<Date>): Dates<string> {
  const text = (one: string | undefined, other: Date | undefined) =>
    other && (one !== undefined && Date.parse(one) === other.getTime() ? one : other.toISOString());
  return { startDate: text(written.startDate, found.startDate), endDate: text(written.endDate, found.endDate) };
}

const schedule = resource<ScheduleArgs>({
  cloudFormation: { type: "AWS::Scheduler::Schedule" },
  inputs: [
    "name",
    "groupName",
    "actionAfterCompletion",
    "description",
    "endDate",
    "flexibleTimeWindow",
    "kmsKeyArn",
    "scheduleExpression",
    "scheduleExpressionTimezone",
    "startDate",
    "state",
    "target",
  ],
  autoName: { property: "name", maxLength: 64 },
  required: ["target"],
  blocks: {
    "target.ecsParameters.networkConfiguration": NETWORK,
    "target.sagemakerPipelineParameters": ["pipelineParameters"],
  },
  checks: { scheduleExpression: schedulerExpression },
  async create(c, inputs) {
    const { name = "", groupName = DEFAULT_GROUP } = inputs;
    await c.call("scheduler", "CreateSchedule", {}, scheduleInput(inputs));
    return { id: `${groupName}/${name}`, arn: c.arn("scheduler", `schedule/${groupName}/${name}`) };
  },
  async read(c, _id, { name, groupName, ...state }) {
    const found = await c.call("scheduler", "GetSchedule", { Name: name, GroupName: groupName });
    const { EcsParameters: task, SageMakerPipelineParameters: pipeline, ...rest } = found.Target ?? {};
    const target = {
      ...rest,
      ecsParameters: task && {
        ...omit(task, "NetworkConfiguration"),
        networkConfiguration: fromAwsvpc(task.NetworkConfiguration?.awsvpcConfiguration),
      },
      sagemakerPipelineParameters: pipeline && { pipelineParameters: pipeline.PipelineParameterList },
    };
    const current = { ...omit(found, "Target", "StartDate", "EndDate"), target };
    const dates = { startDate: found.StartDate, endDate: found.EndDate };
    return c.mirror(state, { ...current, ...sameDates(state, dates) });
  },
  async update(c, _id, now) {
    await c.call("scheduler", "UpdateSchedule", {}, scheduleInput(now));
  },
  delete: (c, _id, { name, groupName }) => c.call("scheduler", "DeleteSchedule", { Name: name, GroupName: groupName }),
});

type ScheduleGroupArgs = aws.scheduler.ScheduleGroupArgs;

/** Schedules in it that somebody made at run time go with it. */
const scheduleGroup = resource<ScheduleGroupArgs>({
  cloudFormation: { type: "AWS::Scheduler::ScheduleGroup" },
  inputs: ["name", "tags"],
  autoName: { property: "name", maxLength: 64 },
  async create(c, { name = "", tags }) {
    await c.call("scheduler", "CreateScheduleGroup", { Name: name, Tags: tagList(tags) });
    return { id: name, arn: c.arn("scheduler", `schedule-group/${name}`) };
  },
  async read(c, id, state) {
    const found = await c.call("scheduler", "GetScheduleGroup", { Name: id });
    const { Tags } = await c.call("scheduler", "ListTagsForResource", { ResourceArn: found.Arn ?? "" });
    return { ...c.mirror(omit(state, "tags"), found), tags: tagMap(Tags) };
  },
  async update(c, id, { tags }, before) {
    const ResourceArn = c.arn("scheduler", `schedule-group/${id}`);
    await retag(
      tags,
      before.tags,
      (put) => c.call("scheduler", "TagResource", { ResourceArn, Tags: tagList(put) }),
      (TagKeys) => c.call("scheduler", "UntagResource", { ResourceArn, TagKeys }),
    );
  },
  delete: (c, id) => c.call("scheduler", "DeleteScheduleGroup", { Name: id }),
});

export const EVENTS: ResourceTable = {
  "aws:cloudwatch/eventRule:EventRule": eventRule,
  "aws:cloudwatch/eventTarget:EventTarget": eventTarget,
  "aws:scheduler/schedule:Schedule": schedule,
  "aws:scheduler/scheduleGroup:ScheduleGroup": scheduleGroup,
};

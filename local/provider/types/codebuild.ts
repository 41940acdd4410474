import type * as aws from "@pulumi/aws";
import { between, named } from "../../aws-models";
import { resource, type ResourceTable } from "../resource";
import { omit, type Plain } from "../values";
import { lowerTagList, lowerTagMap } from "./shared";

type ProjectInputs = Plain<aws.codebuild.ProjectArgs>;

function projectRequest({ buildTimeout, queuedTimeout, logsConfig, ...rest }: ProjectInputs): object {
  return {
    ...omit(rest, "tags"),
    timeoutInMinutes: buildTimeout,
    queuedTimeoutInMinutes: queuedTimeout,
    logsConfig: logsConfig && { cloudWatchLogs: logsConfig.cloudwatchLogs, s3Logs: logsConfig.s3Logs },
  };
}

const minutes = (from: number) => (value: number) => between(value, from, 2160);

const project = resource<aws.codebuild.ProjectArgs>({
  cloudFormation: {
    type: "AWS::CodeBuild::Project",
    names: { buildTimeout: "TimeoutInMinutes", queuedTimeout: "QueuedTimeoutInMinutes" },
  },
  inputs: [
    "name",
    "artifacts",
    "autoRetryLimit",
    "buildTimeout",
    "concurrentBuildLimit",
    "description",
    "encryptionKey",
    "environment",
    "logsConfig",
    "queuedTimeout",
    "serviceRole",
    "source",
    "sourceVersion",
    "tags",
  ],
  autoName: { property: "name", maxLength: 255 },
  blocks: { logsConfig: ["cloudwatchLogs", "s3Logs"] },
  checks: {
    name: (name) => named(name, /^[A-Za-z0-9][\w-]*$/, ", - and _"),
    buildTimeout: minutes(5),
    queuedTimeout: (value) => between(value, 5, 480),
  },
  async create(c, inputs) {
    const name = inputs.name ?? "";
    await c.call("codebuild", "CreateProject", { tags: lowerTagList(inputs.tags) }, projectRequest(inputs));
    const arn = c.arn("codebuild", `project/${name}`);
    return { id: arn, arn };
  },
  async read(c, id, state) {
    const { projects } = await c.call("codebuild", "BatchGetProjects", { names: [id] });
    const [found] = projects ?? [];
    if (!found) return undefined;
    const { timeoutInMinutes, queuedTimeoutInMinutes, logsConfig, tags } = found;
    const current = {
      ...found,
      buildTimeout: timeoutInMinutes,
      queuedTimeout: queuedTimeoutInMinutes,
      logsConfig: logsConfig && { cloudwatchLogs: logsConfig.cloudWatchLogs, s3Logs: logsConfig.s3Logs },
    };
    return { ...c.mirror(omit(state, "tags"), current), arn: id, tags: lowerTagMap(tags) };
  },
  async update(c, _id, now) {
    await c.call("codebuild", "UpdateProject", { tags: lowerTagList(now.tags) ?? [] }, projectRequest(now));
  },
  delete: (c, id) => c.call("codebuild", "DeleteProject", { name: id }),
});

const reportGroup = resource<aws.codebuild.ReportGroupArgs>({
  cloudFormation: { type: "AWS::CodeBuild::ReportGroup", own: ["deleteReports"] },
  inputs: ["name", "deleteReports", "exportConfig", "tags", "type"],
  autoName: { property: "name", maxLength: 128 },
  required: ["exportConfig"],
  async create(c, { name = "", exportConfig, type, tags }) {
    await c.call(
      "codebuild",
      "CreateReportGroup",
      { name, type, tags: lowerTagList(tags) },
      { exportConfig: exportDestination(exportConfig) },
    );
    const arn = c.arn("codebuild", `report-group/${name}`);
    return { id: arn, arn };
  },
  async read(c, id, state) {
    const { reportGroups } = await c.call("codebuild", "BatchGetReportGroups", { reportGroupArns: [id] });
    const [found] = reportGroups ?? [];
    if (!found) return undefined;
    const { exportConfigType: type, s3Destination } = found.exportConfig ?? {};
    const current = { name: found.name, type: found.type, exportConfig: { type, s3Destination } };
    return { ...c.mirror(omit(state, "tags", "deleteReports"), current), arn: id, tags: lowerTagMap(found.tags) };
  },
  async update(c, id, { exportConfig, tags }) {
    await c.call(
      "codebuild",
      "UpdateReportGroup",
      { arn: id, tags: lowerTagList(tags) ?? [] },
      { exportConfig: exportDestination(exportConfig) },
    );
  },
  delete: (c, id, { deleteReports }) => c.call("codebuild", "DeleteReportGroup", { arn: id, deleteReports }),
});

function exportDestination({ type, ...rest }: Plain<aws.codebuild.ReportGroupArgs>["exportConfig"]): object {
  return { ...rest, exportConfigType: type };
}

export const CODEBUILD: ResourceTable = {
  "aws:codebuild/project:Project": project,
  "aws:codebuild/reportGroup:ReportGroup": reportGroup,
};

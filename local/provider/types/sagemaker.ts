import type * as aws from "@pulumi/aws";
import { jsonObject, oneOf } from "../../aws-models";
import type { Context } from "../context";
import { resource, type ResourceTable } from "../resource";
import { omit } from "../values";
import { retag, tagList, tagMap } from "./shared";

function retagSageMaker(c: Context, ResourceArn: string, now: Record<string, string> | undefined, before: typeof now) {
  return retag(
    now,
    before,
    (tags) => c.call("sagemaker", "AddTags", { ResourceArn, Tags: tagList(tags) }),
    (TagKeys) => c.call("sagemaker", "DeleteTags", { ResourceArn, TagKeys }),
  );
}

async function tagsOf(c: Context, ResourceArn: string): Promise<Record<string, string>> {
  const { Tags } = await c.call("sagemaker", "ListTags", { ResourceArn });
  return tagMap(Tags);
}

const modelPackageGroup = resource<aws.sagemaker.ModelPackageGroupArgs>({
  cloudFormation: { type: "AWS::SageMaker::ModelPackageGroup" },
  inputs: ["modelPackageGroupName", "modelPackageGroupDescription", "tags"],
  async create(c, { tags, ...inputs }) {
    await c.call("sagemaker", "CreateModelPackageGroup", { Tags: tagList(tags) }, inputs);
    const name = inputs.modelPackageGroupName;
    return { id: name, arn: c.arn("sagemaker", `model-package-group/${name}`) };
  },
  async read(c, id, { modelPackageGroupDescription }) {
    const found = await c.call("sagemaker", "DescribeModelPackageGroup", { ModelPackageGroupName: id });
    const tags = await tagsOf(c, c.arn("sagemaker", `model-package-group/${id}`));
    return { ...c.mirror({ modelPackageGroupDescription }, found), tags };
  },
  update: (c, id, now, before) =>
    retagSageMaker(c, c.arn("sagemaker", `model-package-group/${id}`), now.tags, before.tags),
  delete: (c, id) => c.call("sagemaker", "DeleteModelPackageGroup", { ModelPackageGroupName: id }),
});

const modelPackageGroupPolicy = resource<aws.sagemaker.ModelPackageGroupPolicyArgs>({
  cloudFormation: {
    type: "AWS::SageMaker::ModelPackageGroup",
    part: "ModelPackageGroupPolicy",
    address: ["modelPackageGroupName"],
    names: { resourcePolicy: "ModelPackageGroupPolicy" },
  },
  inputs: ["modelPackageGroupName", "resourcePolicy"],
  required: ["modelPackageGroupName", "resourcePolicy"],
  json: ["resourcePolicy"],
  oneInPlace: true,
  checks: { resourcePolicy: jsonObject },
  async create(c, { modelPackageGroupName: ModelPackageGroupName, resourcePolicy: ResourcePolicy }) {
    await c.call("sagemaker", "PutModelPackageGroupPolicy", { ModelPackageGroupName, ResourcePolicy });
    return { id: ModelPackageGroupName };
  },
  async read(c, id, { resourcePolicy }) {
    const found = await c.call("sagemaker", "GetModelPackageGroupPolicy", { ModelPackageGroupName: id });
    return c.mirror({ resourcePolicy }, { resourcePolicy: found.ResourcePolicy });
  },
  async update(c, id, { resourcePolicy: ResourcePolicy }) {
    await c.call("sagemaker", "PutModelPackageGroupPolicy", { ModelPackageGroupName: id, ResourcePolicy });
  },
  delete: (c, id) => c.call("sagemaker", "DeleteModelPackageGroupPolicy", { ModelPackageGroupName: id }),
});

/** Waits until an app's change is over. @throws when the service says that it failed */
async function settled(c: Context, arn: string): Promise<void> {
  await c.until(`MLflow app ${arn}`, async () => {
    const { Status: status = "" } = await c.call("sagemaker", "DescribeMlflowApp", { Arn: arn });
    if (status.endsWith("Failed")) throw new Error(`MLflow app ${arn} is ${status}`);
    return status === "Created" || status === "Updated" ? status : undefined;
  });
}

const mlflowApp = resource<aws.sagemaker.MlflowAppArgs>({
  cloudFormation: { type: "AWS::SageMaker::MlflowApp" },
  inputs: [
    "roleArn",
    "accountDefaultStatus",
    "artifactStoreUri",
    "defaultDomainIdLists",
    "modelRegistrationMode",
    "name",
    "tags",
    "weeklyMaintenanceWindowStart",
  ],
  autoName: { property: "name", maxLength: 256 },
  checks: {
    accountDefaultStatus: (status) => oneOf(status, ["ENABLED", "DISABLED"]),
    artifactStoreUri: (uri) => (/^s3:\/\/[^/]+/.test(uri) ? undefined : `"${uri}" is not s3://bucket/prefix`),
  },
  async create(c, { tags, defaultDomainIdLists, ...inputs }) {
    const { Arn: arn = "" } = await c.call(
      "sagemaker",
      "CreateMlflowApp",
      { Tags: tagList(tags), DefaultDomainIdList: defaultDomainIdLists },
      inputs,
    );
    const created = c.exists({ id: arn, arn });
    await settled(c, arn);
    return created;
  },
  async find(c, { name }, taken) {
    const { Summaries: apps } = await c.call("sagemaker", "ListMlflowApps", { MaxResults: 100 });
    const arn = apps?.find((app) => app.Name === name && !taken.has(app.Arn ?? ""))?.Arn;
    if (arn === undefined) return undefined;
    await settled(c, arn);
    return { id: arn, arn };
  },
  async read(c, id, state) {
    const found = await c.call("sagemaker", "DescribeMlflowApp", { Arn: id });
    if (found.Status === "Deleted" || found.Status === "Deleting") return undefined;
    const current = { ...found, defaultDomainIdLists: found.DefaultDomainIdList };
    return { ...c.mirror(omit(state, "tags"), current), tags: await tagsOf(c, id) };
  },
  async update(c, id, { tags, defaultDomainIdLists, ...inputs }, before) {
    await c.call(
      "sagemaker",
      "UpdateMlflowApp",
      { Arn: id, DefaultDomainIdList: defaultDomainIdLists },
      omit(inputs, "roleArn"),
    );
    await settled(c, id);
    await retagSageMaker(c, id, tags, before.tags);
  },
  delete: (c, id) => c.call("sagemaker", "DeleteMlflowApp", { Arn: id }),
});

export const SAGEMAKER: ResourceTable = {
  "aws:sagemaker/modelPackageGroup:ModelPackageGroup": modelPackageGroup,
  "aws:sagemaker/modelPackageGroupPolicy:ModelPackageGroupPolicy": modelPackageGroupPolicy,
  "aws:sagemaker/mlflowApp:MlflowApp": mlflowApp,
};

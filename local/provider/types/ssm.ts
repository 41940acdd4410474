import type * as aws from "@pulumi/aws";
import type { Context } from "../context";
import { resource, type ResourceTable } from "../resource";
import { omit, type Plain } from "../values";
import { retag, tagList, tagMap } from "./shared";

async function putParameter(
  c: Context,
  { name, insecureValue, ...inputs }: Plain<aws.ssm.ParameterArgs>,
  overwrite: boolean,
): Promise<void> {
  const { allowedPattern, dataType, description, keyId, tier, type, value, tags } = inputs;
  await c.call(
    "ssm",
    "PutParameter",
    {
      Name: name,
      Type: type,
      Value: value ?? insecureValue,
      Overwrite: overwrite,
      // Tags are taken at a parameter's creation only.
      ...(overwrite ? {} : { Tags: tagList(tags) }),
    },
    { allowedPattern, dataType, description, keyId, tier },
  );
}

const parameter = resource<aws.ssm.ParameterArgs>({
  cloudFormation: { type: "AWS::SSM::Parameter", names: { insecureValue: "Value" } },
  inputs: [
    "name",
    "allowedPattern",
    "dataType",
    "description",
    "insecureValue",
    "keyId",
    "tags",
    "tier",
    "type",
    "value",
  ],
  autoName: { property: "name", maxLength: 1011 },
  required: ["type"],
  checks: {
    name: (name, { value, insecureValue }) =>
      (value === undefined) === (insecureValue === undefined)
        ? `needs one of value and insecureValue: "${name}"`
        : undefined,
  },
  async create(c, inputs) {
    await putParameter(c, inputs, false);
    return parameterOutputs(c, inputs.name ?? "");
  },
  async read(c, id, state) {
    const [{ Parameter: found }, { Parameters: described }, { TagList }] = await Promise.all([
      c.call("ssm", "GetParameter", { Name: id, WithDecryption: true }),
      c.call("ssm", "DescribeParameters", { ParameterFilters: [{ Key: "Name", Option: "Equals", Values: [id] }] }),
      c.call("ssm", "ListTagsForResource", { ResourceType: "Parameter", ResourceId: id }),
    ]);
    if (!found) return undefined;
    const { AllowedPattern: allowedPattern, Description: description, KeyId: keyId, Tier: tier } = described?.[0] ?? {};
    const current = {
      name: id,
      type: found.Type,
      value: found.Value,
      insecureValue: found.Value,
      dataType: found.DataType,
      ...{ allowedPattern, description, keyId, tier },
    };
    return { ...c.mirror(omit(state, "tags"), current), ...omit(parameterOutputs(c, id), "id"), tags: tagMap(TagList) };
  },
  async update(c, id, now, before) {
    await putParameter(c, now, true);
    const of = { ResourceType: "Parameter", ResourceId: id };
    await retag(
      now.tags,
      before.tags,
      (tags) => c.call("ssm", "AddTagsToResource", { ...of, Tags: tagList(tags) }),
      (TagKeys) => c.call("ssm", "RemoveTagsFromResource", { ...of, TagKeys }),
    );
  },
  delete: (c, id) => c.call("ssm", "DeleteParameter", { Name: id }),
});

function parameterOutputs(c: Context, name: string) {
  return { id: name, arn: c.arn("ssm", `parameter/${name.replace(/^\//, "")}`) };
}

export const SSM: ResourceTable = { "aws:ssm/parameter:Parameter": parameter };

import type { Declared, ResourceRule, StackRule } from "../rule";
import { at, isObject } from "../rule";
import { INSTANCE_FAMILIES, INSTANCE_SIZES, limitsOf } from "../stacks";

/** Inputs that every resource with tags has, and what they must be. */
const REQUIRED_TAGS = ["project", "stack"];

/** An instance type of SageMaker's, anywhere in a text. */
const INSTANCE_TYPE = /\bml\.([a-z0-9-]+)\.([a-z0-9]+)\b/g;

export const taggedResources: ResourceRule = {
  name: "tagged-resources",
  description: "What takes tags says which project and stack it is of.",
  level: "mandatory",
  check({ type, props, stack }) {
    const { tags, tagsAll } = props;
    if (!type.startsWith("aws:") || (tags === undefined && tagsAll === undefined)) return [];
    const all = { ...(isObject(tags) ? tags : {}), ...(isObject(tagsAll) ? tagsAll : {}) };
    const absent = REQUIRED_TAGS.filter((key) => all[key] === undefined).map((key) => `has no tag ${key}: add it`);
    const wrong = all["stack"] !== undefined && all["stack"] !== stack;
    return wrong ? [...absent, `tag stack is ${String(all["stack"])}, and the stack is ${stack}`] : absent;
  },
};

/** Types that must carry tags, since money and data hang on them. */
const WITH_TAGS = [
  "aws:dynamodb/table:Table",
  "aws:ecs/taskDefinition:TaskDefinition",
  "aws:kms/key:Key",
  "aws:lambda/function:Function",
  "aws:s3/bucket:Bucket",
  "aws:sagemaker/mlflowApp:MlflowApp",
  "aws:sns/topic:Topic",
  "aws:sqs/queue:Queue",
];

export const tagsPresent: ResourceRule = {
  name: "tags-present",
  description: "What costs money or holds data carries tags.",
  level: "mandatory",
  check: ({ type, props }) =>
    WITH_TAGS.includes(type) && props["tags"] === undefined && props["tagsAll"] === undefined
      ? [`has no tags: add ${REQUIRED_TAGS.join(" and ")}`]
      : [],
};

/** Jobs and endpoints are made at run time: what they run on stands in settings of functions and tasks. */
export const instanceTypes: ResourceRule = {
  name: "instance-types",
  description: "Jobs and endpoints run on families and sizes that the stack allows.",
  level: "mandatory",
  check({ type, props, stack }) {
    if (!type.startsWith("aws:")) return [];
    const { largestInstance } = limitsOf(stack);
    const largest = INSTANCE_SIZES.indexOf(largestInstance);
    const named = new Map([...JSON.stringify(props).matchAll(INSTANCE_TYPE)].map((match) => [match[0], match]));
    return [...named.values()].flatMap(([instance, family = "", size = ""]) => {
      if (!INSTANCE_FAMILIES.includes(family))
        return [`${instance}: family ${family} is none of ${INSTANCE_FAMILIES.join(", ")}`];
      const at = INSTANCE_SIZES.findIndex((each) => each === size);
      return at >= 0 && at <= largest ? [] : [`${instance} is larger than ${largestInstance}, the largest in ${stack}`];
    });
  },
};

export const endpointCapacity: ResourceRule = {
  name: "endpoint-capacity",
  description: "An endpoint starts with no more instances than the stack allows.",
  level: "mandatory",
  check({ type, props, stack }) {
    if (type !== "aws:lambda/function:Function") return [];
    const count = Number(at(props["environment"], "variables", "ENDPOINT_INSTANCE_COUNT") ?? 0);
    const { endpointInstances } = limitsOf(stack);
    return count > endpointInstances
      ? [
          `the endpoint starts with ${count} instances, and ${stack} allows ${endpointInstances}: lower deployment.minCapacity`,
        ]
      : [];
  },
};

export const budgets: ResourceRule = {
  name: "budgets",
  description: "A stack's budget is within what policy/stacks.ts allows.",
  level: "mandatory",
  check({ type, props, stack }) {
    if (type !== "aws:budgets/budget:Budget") return [];
    const { monthlyUsd } = limitsOf(stack);
    const limit = Number(props["limitAmount"]);
    return limit > monthlyUsd
      ? [`the budget is $${limit} a month, and ${stack} allows $${monthlyUsd}: lower budget.monthlyUsd`]
      : [];
  },
};

export const budgetPresent: StackRule = {
  name: "budget-present",
  description: "A stack that keeps its data has a budget, so that somebody hears of what it costs.",
  level: "advisory",
  checkStack(resources) {
    const stack = resources.find(({ type }) => type === "pulumi:pulumi:Stack");
    if (!stack || !limitsOf(stack.stack).keepsData) return [];
    const isBudget = ({ type }: Declared) => type === "aws:budgets/budget:Budget";
    return resources.some(isBudget) ? [] : [{ urn: stack.urn, problem: "there is no budget: set budget.monthlyUsd" }];
  },
};

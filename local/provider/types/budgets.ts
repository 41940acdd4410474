import type { Budget, Notification, Subscriber } from "@aws-sdk/client-budgets";
import type * as aws from "@pulumi/aws";
import { oneOf } from "../../aws-models";
import type { Context } from "../context";
import { resource, type ResourceTable } from "../resource";
import { changed, omit, type Plain } from "../values";
import { retag, tagList, tagMap } from "./shared";

type BudgetInputs = Plain<aws.budgets.BudgetArgs>;
type NotificationInputs = NonNullable<BudgetInputs["notifications"]>[number];

/** Budgets are of an account, in no region. */
const arnOf = (c: Context, name: string): string => `arn:aws:budgets::${c.account}:budget/${name}`;

/** What a budget's id is made of: `123456789012:name`. */
const nameOf = (id: string): string => id.slice(id.indexOf(":") + 1);

function budgetOf({ name, budgetType, limitAmount, limitUnit, timeUnit, costFilters }: BudgetInputs) {
  return {
    BudgetName: name,
    BudgetType: budgetType,
    TimeUnit: timeUnit,
    BudgetLimit: { Amount: limitAmount, Unit: limitUnit },
    CostFilters: costFilters && Object.fromEntries(costFilters.map(({ name: filter, values }) => [filter, values])),
  };
}

function notificationOf({ comparisonOperator, notificationType, threshold, thresholdType }: NotificationInputs) {
  return {
    ComparisonOperator: comparisonOperator,
    NotificationType: notificationType,
    Threshold: threshold,
    ThresholdType: thresholdType,
  };
}

const subscribersOf = (kind: "EMAIL" | "SNS", addresses: readonly string[] | undefined): Subscriber[] =>
  (addresses ?? []).map((Address) => ({ SubscriptionType: kind, Address }));

function withSubscribers(notifications: BudgetInputs["notifications"]) {
  return notifications?.map((notification) => ({
    Notification: notificationOf(notification),
    Subscribers: [
      ...subscribersOf("EMAIL", notification.subscriberEmailAddresses),
      ...subscribersOf("SNS", notification.subscriberSnsTopicArns),
    ],
  }));
}

/** The reverse of {@link withSubscribers}. */
function fromNotification(notification: Notification, subscribers: Subscriber[]) {
  const addresses = (kind: string) => {
    const found = subscribers.filter(({ SubscriptionType }) => SubscriptionType === kind);
    return found.length === 0 ? undefined : found.map(({ Address }) => Address);
  };
  return {
    comparisonOperator: notification.ComparisonOperator,
    notificationType: notification.NotificationType,
    threshold: notification.Threshold,
    thresholdType: notification.ThresholdType,
    subscriberEmailAddresses: addresses("EMAIL"),
    subscriberSnsTopicArns: addresses("SNS"),
  };
}

function fromBudget({ BudgetName, BudgetType, TimeUnit, BudgetLimit, CostFilters }: Budget) {
  return {
    name: BudgetName,
    budgetType: BudgetType,
    timeUnit: TimeUnit,
    limitAmount: BudgetLimit?.Amount,
    limitUnit: BudgetLimit?.Unit,
    costFilters: Object.entries(CostFilters ?? {}).map(([name, values]) => ({ name, values })),
  };
}

async function notificationsOf(c: Context, BudgetName: string) {
  const own = { AccountId: c.account, BudgetName };
  const { Notifications = [] } = await c.call("budgets", "DescribeNotificationsForBudget", own);
  return Promise.all(
    Notifications.map(async (Notification) => {
      const asked = { ...own, Notification: omit(Notification, "NotificationState") };
      const { Subscribers = [] } = await c.call("budgets", "DescribeSubscribersForNotification", asked);
      return fromNotification(Notification, Subscribers);
    }),
  );
}

const budget = resource<aws.budgets.BudgetArgs>({
  cloudFormation: {
    type: "AWS::Budgets::Budget",
    names: {
      name: "Budget/BudgetName",
      budgetType: "Budget/BudgetType",
      costFilters: "Budget/CostFilters",
      limitAmount: "Budget/BudgetLimit/Amount",
      limitUnit: "Budget/BudgetLimit/Unit",
      timeUnit: "Budget/TimeUnit",
      notifications: "NotificationsWithSubscribers",
      tags: "ResourceTags",
    },
  },
  inputs: ["name", "budgetType", "costFilters", "limitAmount", "limitUnit", "notifications", "tags", "timeUnit"],
  autoName: { property: "name", maxLength: 100 },
  required: ["budgetType", "limitAmount", "limitUnit", "timeUnit"],
  blocks: {
    costFilters: ["name", "values"],
    notifications: [
      "comparisonOperator",
      "notificationType",
      "subscriberEmailAddresses",
      "subscriberSnsTopicArns",
      "threshold",
      "thresholdType",
    ],
  },
  checks: {
    limitAmount: (amount) => (Number(amount) > 0 ? undefined : `is "${amount}", not an amount above 0`),
    timeUnit: (unit) => oneOf(unit, ["ANNUALLY", "CUSTOM", "DAILY", "MONTHLY", "QUARTERLY"]),
  },
  async create(c, inputs) {
    const { name = "", notifications, tags } = inputs;
    await c.call("budgets", "CreateBudget", {
      AccountId: c.account,
      Budget: budgetOf(inputs),
      NotificationsWithSubscribers: withSubscribers(notifications),
      ResourceTags: tagList(tags),
    });
    return { id: `${c.account}:${name}`, arn: arnOf(c, name), accountId: c.account };
  },
  async read(c, id, state) {
    const name = nameOf(id);
    const { Budget: found } = await c.call("budgets", "DescribeBudget", { AccountId: c.account, BudgetName: name });
    if (!found) return undefined;
    const current = { ...fromBudget(found), notifications: await notificationsOf(c, name) };
    const { ResourceTags } = await c.call("budgets", "ListTagsForResource", { ResourceARN: arnOf(c, name) });
    return { ...c.mirror(omit(state, "tags"), current), arn: arnOf(c, name), tags: tagMap(ResourceTags) };
  },
  async update(c, id, now, before) {
    const own = { AccountId: c.account, BudgetName: nameOf(id) };
    await c.call("budgets", "UpdateBudget", { AccountId: c.account, NewBudget: budgetOf(now) });
    if (changed(now, before, "notifications")) {
      for (const gone of before.notifications ?? []) {
        await c.call("budgets", "DeleteNotification", { ...own, Notification: notificationOf(gone) });
      }
      for (const added of withSubscribers(now.notifications) ?? []) {
        await c.call("budgets", "CreateNotification", { ...own, ...added });
      }
    }
    const ResourceARN = arnOf(c, nameOf(id));
    await retag(
      now.tags,
      before.tags,
      (tags) => c.call("budgets", "TagResource", { ResourceARN, ResourceTags: tagList(tags) }),
      (ResourceTagKeys) => c.call("budgets", "UntagResource", { ResourceARN, ResourceTagKeys }),
    );
  },
  delete: (c, id) => c.call("budgets", "DeleteBudget", { AccountId: c.account, BudgetName: nameOf(id) }),
});

export const BUDGETS: ResourceTable = { "aws:budgets/budget:Budget": budget };

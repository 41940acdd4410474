import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import type { Alerts } from "./alerts";
import type { ComponentArgs, Transform } from "./component";
import { PlatformComponent } from "./component";

export interface CostBudgetArgs extends ComponentArgs {
  alerts: Alerts;
  /** What the stack may cost a month, in USD. */
  monthlyUsd: number;
  transform?: { budget?: Transform<aws.budgets.BudgetArgs> };
}

/** At which share of the budget somebody is told: of what was spent, and of what the month is forecast to cost. */
const ACTUAL_PERCENT = 80;
const FORECAST_PERCENT = 100;

/** Cost Explorer's name for resources of a user's own tag with a value. */
export const tagFilter = (key: string, value: string): string => `user:${key}$${value}`;

/**
 * What the stack may cost a month, with word to the topic of alerts, and so to all who are subscribed to it, once 80% is
 * spent and once the month is forecast to go over it. It counts what carries the tag `stack`, which the account's owner
 * has to make a cost allocation tag once: until then the budget sees no cost at all.
 *
 * @example
 * new CostBudget("budget", { alerts, monthlyUsd: 1000 });
 */
export class CostBudget extends PlatformComponent {
  constructor(name: string, args: CostBudgetArgs, options?: pulumi.ComponentResourceOptions) {
    super("CostBudget", name, args, options);
    const notification = (notificationType: "ACTUAL" | "FORECASTED", threshold: number) => ({
      notificationType,
      threshold,
      thresholdType: "PERCENTAGE",
      comparisonOperator: "GREATER_THAN",
      subscriberSnsTopicArns: [args.alerts.topicArn],
    });
    this.child(
      aws.budgets.Budget,
      "budget",
      {
        budgetType: "COST",
        timeUnit: "MONTHLY",
        limitAmount: String(args.monthlyUsd),
        limitUnit: "USD",
        costFilters: [{ name: "TagKeyValue", values: [tagFilter("stack", pulumi.getStack())] }],
        notifications: [notification("ACTUAL", ACTUAL_PERCENT), notification("FORECASTED", FORECAST_PERCENT)],
        tags: this.tags,
      },
      args.transform?.budget,
    );
    this.registerOutputs({});
  }
}

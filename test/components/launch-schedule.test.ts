import { expect } from "chai";
import { LaunchSchedule, type LaunchScheduleArgs } from "../../components/launch-schedule";
import { LaunchTarget, type LaunchTargetArgs } from "../../components/launch-target";
import { everythingRegistered, inputsOf, startRecording, statementsOf } from "./support/mocks";

const CLUSTER = "arn:aws:ecs:eu-west-1:123456789012:cluster/training";
const FAMILY = "arn:aws:ecs:eu-west-1:123456789012:task-definition/fraud-launcher";
const ROLES = ["arn:aws:iam::123456789012:role/task", "arn:aws:iam::123456789012:role/execution"];
const TARGET: LaunchTargetArgs = {
  clusterArn: CLUSTER,
  taskFamily: "fraud-launcher",
  taskRoleArns: ROLES,
  subnetIds: ["subnet-1", "subnet-2"],
  securityGroupIds: ["sg-1"],
  alertsTopicArn: "arn:aws:sns:eu-west-1:123456789012:alerts",
};
const CLOCK = { schedule: "cron(0 3 * * ? *)", timezone: "Europe/Paris", flexibleWindowMinutes: 15 };
const SCHEDULE = "aws:scheduler/schedule:Schedule";

describe("a launch by the clock", () => {
  beforeEach(startRecording);

  async function make(args: Partial<LaunchScheduleArgs> = {}): Promise<void> {
    new LaunchSchedule("daily", { ...CLOCK, target: new LaunchTarget("target", TARGET), ...args });
    await everythingRegistered();
  }

  it("runs the family's newest revision in the given subnets, and keeps what failed", async () => {
    await make();
    expect(inputsOf(SCHEDULE, "daily-schedule")).to.deep.equal({
      description: "Launches the training pipeline",
      scheduleExpression: "cron(0 3 * * ? *)",
      scheduleExpressionTimezone: "Europe/Paris",
      flexibleTimeWindow: { mode: "FLEXIBLE", maximumWindowInMinutes: 15 },
      target: {
        arn: CLUSTER,
        roleArn: "arn:aws:iam::123456789012:role/target-scheduler",
        ecsParameters: {
          taskDefinitionArn: FAMILY,
          launchType: "FARGATE",
          taskCount: 1,
          networkConfiguration: { subnets: ["subnet-1", "subnet-2"], securityGroups: ["sg-1"] },
        },
        retryPolicy: { maximumRetryAttempts: 10, maximumEventAgeInSeconds: 3600 },
        deadLetterConfig: { arn: "arn:aws:sqs:eu-west-1:123456789012:target-dead-letters-queue" },
      },
    });
    expect(inputsOf("aws:cloudwatch/metricAlarm:MetricAlarm", "target-dead-letters-alarm")).to.deep.include({
      dimensions: { QueueName: "target-dead-letters-queue" },
      alarmActions: [TARGET.alertsTopicArn],
    });
  });

  it("may run that family in that cluster, pass its roles to tasks, and send to its dead letters; no more", async () => {
    await make();
    const { policy } = inputsOf("aws:iam/rolePolicy:RolePolicy", "target-scheduler-own");
    expect(statementsOf(policy)).to.deep.equal([
      {
        Effect: "Allow",
        Action: ["ecs:RunTask"],
        Resource: [FAMILY, `${FAMILY}:*`],
        Condition: { ArnEquals: { "ecs:cluster": CLUSTER } },
      },
      {
        Effect: "Allow",
        Action: ["iam:PassRole"],
        Resource: ROLES,
        Condition: { StringEquals: { "iam:PassedToService": "ecs-tasks.amazonaws.com" } },
      },
      {
        Effect: "Allow",
        Action: ["sqs:SendMessage"],
        Resource: ["arn:aws:sqs:eu-west-1:123456789012:target-dead-letters-queue"],
      },
    ]);
  });

  it("comes at its minute where no window is given", async () => {
    await make({ flexibleWindowMinutes: 0 });
    expect(inputsOf(SCHEDULE, "daily-schedule").flexibleTimeWindow).to.deep.equal({ mode: "OFF" });
  });

  it("is refused without a subnet", () => {
    expect(() => new LaunchTarget("target", { ...TARGET, subnetIds: [] })).to.throw(/give ecs.subnetIds/);
  });
});

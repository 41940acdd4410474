import { isRight } from "fp-ts/Either";
import { expect } from "chai";
import { LaunchOnRawData } from "../../components/launch-on-raw-data";
import { LaunchTarget } from "../../components/launch-target";
import { Storage } from "../../components/storage";
import { LaunchSoonEnvironment } from "../../functions/launch-soon/env";
import { everythingRegistered, inputsOf, permissionsOf, startRecording, variablesOf } from "./support/mocks";

const CLUSTER = "arn:aws:ecs:eu-west-1:123456789012:cluster/training";
const ALERTS = "arn:aws:sns:eu-west-1:123456789012:alerts";
const FUNCTION = "landing-soon-function";
const DEAD_LETTERS = "arn:aws:sqs:eu-west-1:123456789012:landing-dead-letters-queue";

describe("a launch for raw data that land", () => {
  beforeEach(async () => {
    await startRecording();
    new LaunchOnRawData("landing", {
      storage: new Storage("storage", { prefix: "team's fraud" }),
      rawDataKey: "raw/parts",
      quietMinutes: 7,
      clusterArn: CLUSTER,
      containerName: "launcher",
      target: new LaunchTarget("target", {
        clusterArn: CLUSTER,
        taskFamily: "fraud-launcher",
        taskRoleArns: ["arn:aws:iam::123456789012:role/task"],
        subnetIds: ["subnet-1"],
        securityGroupIds: [],
        alertsTopicArn: ALERTS,
      }),
      alertsTopicArn: ALERTS,
    });
    await everythingRegistered();
  });

  const pattern = (rule: string): unknown =>
    JSON.parse(String(inputsOf("aws:cloudwatch/eventRule:EventRule", rule).eventPattern));

  it("hears of the objects that a run reads, and of launchers that found a run under way", () => {
    expect(pattern("landing-landed-rule")).to.deep.equal({
      source: ["aws.s3"],
      "detail-type": ["Object Created"],
      detail: {
        bucket: { name: ["storage-bucket"] },
        object: { key: ["team's fraud/raw/parts", { prefix: "team's fraud/raw/parts/" }] },
      },
    });
    expect(pattern("landing-postponed-rule")).to.deep.equal({
      source: ["aws.ecs"],
      "detail-type": ["ECS Task State Change"],
      detail: { clusterArn: [CLUSTER], lastStatus: ["STOPPED"], containers: { name: ["launcher"], exitCode: [75] } },
    });
    for (const rule of ["landing-landed", "landing-postponed"]) {
      expect(inputsOf("aws:cloudwatch/eventTarget:EventTarget", `${rule}-function`).arn).to.equal(
        `arn:aws:lambda:eu-west-1:123456789012:function:${FUNCTION}`,
      );
    }
  });

  it("is scheduled with the target that the clock has, and tells the launcher why", () => {
    const { LAUNCH_TARGET = "", ...variables } = variablesOf(FUNCTION);
    expect(variables).to.deep.equal({
      SCHEDULE_GROUP_NAME: "landing-launches",
      SCHEDULE_NAME: "launch",
      QUIET_MINUTES: "7",
    });
    expect(isRight(LaunchSoonEnvironment.decode({ LAUNCH_TARGET, ...variables }))).to.equal(true);
    const { Input, ...target } = JSON.parse(LAUNCH_TARGET) as { Input: string };
    expect(target).to.deep.equal({
      Arn: CLUSTER,
      RoleArn: "arn:aws:iam::123456789012:role/target-scheduler",
      EcsParameters: {
        TaskDefinitionArn: "arn:aws:ecs:eu-west-1:123456789012:task-definition/fraud-launcher",
        LaunchType: "FARGATE",
        TaskCount: 1,
        NetworkConfiguration: { awsvpcConfiguration: { Subnets: ["subnet-1"] } },
      },
      RetryPolicy: { MaximumRetryAttempts: 10, MaximumEventAgeInSeconds: 3600 },
      DeadLetterConfig: { Arn: "arn:aws:sqs:eu-west-1:123456789012:target-dead-letters-queue" },
    });
    expect(JSON.parse(Input)).to.deep.equal({
      containerOverrides: [{ name: "launcher", environment: [{ name: "LAUNCH_REASON", value: "new-raw-data" }] }],
    });
  });

  it("may make and move the one schedule, and pass its role to it; no more", () => {
    const schedule = "arn:aws:scheduler:eu-west-1:123456789012:schedule/landing-launches/launch";
    const log = "arn:aws:logs:eu-west-1:123456789012:log-group:landing-soon-logs:*";
    expect(permissionsOf("landing-soon")).to.have.members([
      `logs:CreateLogStream ${log}`,
      `logs:PutLogEvents ${log}`,
      `sqs:SendMessage ${DEAD_LETTERS}`,
      `scheduler:GetSchedule ${schedule}`,
      `scheduler:CreateSchedule ${schedule}`,
      `scheduler:UpdateSchedule ${schedule}`,
      "iam:PassRole arn:aws:iam::123456789012:role/target-scheduler",
    ]);
  });

  it("keeps events that could not be handled, and alarms", () => {
    expect(inputsOf("aws:lambda/function:Function", FUNCTION).deadLetterConfig).to.deep.equal({
      targetArn: DEAD_LETTERS,
    });
    expect(inputsOf("aws:cloudwatch/metricAlarm:MetricAlarm", "landing-dead-letters-alarm")).to.deep.include({
      dimensions: { QueueName: "landing-dead-letters-queue" },
      alarmActions: [ALERTS],
    });
  });
});

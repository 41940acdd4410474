import fc from "fast-check";
import {
  ConflictException,
  ResourceNotFoundException,
  SchedulerClient,
  type CreateScheduleCommandInput,
} from "@aws-sdk/client-scheduler";
import { expect } from "chai";
import { LaunchEvent, atExpression, minutesUntilLaunch, timeOf } from "../../functions/launch-soon/logic";
import { launchSoon } from "../../functions/launch-soon/schedule";
import { decode } from "../../functions/shared/decode";

const TARGET = { Arn: "arn:aws:ecs:eu-west-1:123456789012:cluster/c", RoleArn: "arn:aws:iam::123456789012:role/r" };
const SCHEDULE = { groupName: "launches", name: "launch", target: TARGET };
const NOON = Date.parse("2026-11-21T12:00:00Z");
const MINUTE = 60_000;

/** EventBridge Scheduler with one group, behind the real client, on a clock of its own. */
class FakeScheduler {
  schedule: CreateScheduleCommandInput | undefined;
  now = NOON;
  readonly calls: string[] = [];
  /** Answers calls only when the test says so: by default at once. */
  gate: (command: string) => Promise<unknown> = () => Promise.resolve();
  readonly client = new SchedulerClient({
    region: "eu-west-1",
    credentials: { accessKeyId: "none", secretAccessKey: "none" },
  });

  constructor() {
    this.client.middlewareStack.add(
      (_, context) => async (request) => {
        const command = String(context["commandName"]).replace(/Command$/, "");
        await this.gate(command);
        const output = { $metadata: {}, ...this.answer(command, request.input as CreateScheduleCommandInput) };
        return { output, response: {} };
      },
      { step: "initialize", priority: "high" },
    );
  }

  get time(): number | undefined {
    return timeOf(this.schedule?.ScheduleExpression);
  }

  launch(minutes: number, patienceMinutes = 4) {
    const clock = { now: () => this.now, sleep: () => Promise.resolve((this.now += MINUTE / 2)) };
    return launchSoon(this.client, SCHEDULE, minutes, clock, patienceMinutes * MINUTE);
  }

  private answer(command: string, input: CreateScheduleCommandInput): object {
    this.calls.push(command);
    const metadata = { message: "", Message: "", $metadata: {} };
    if (command === "CreateSchedule") {
      if (this.schedule !== undefined) throw new ConflictException(metadata);
    } else if (this.schedule === undefined) throw new ResourceNotFoundException(metadata);
    if (command !== "GetSchedule") this.schedule = input;
    return this.schedule ?? {};
  }
}

describe("a launch that is put off", () => {
  let scheduler: FakeScheduler;
  beforeEach(() => (scheduler = new FakeScheduler()));

  it("is one schedule that fires once, goes away by itself, and runs the target", async () => {
    expect(await scheduler.launch(5)).to.deep.equal({ scheduled: "created", at: "at(2026-11-21T12:05:00)" });
    expect(scheduler.schedule).to.deep.equal({
      GroupName: "launches",
      Name: "launch",
      Description: "Launches the training pipeline once raw data have landed",
      ScheduleExpression: "at(2026-11-21T12:05:00)",
      ScheduleExpressionTimezone: "UTC",
      FlexibleTimeWindow: { Mode: "OFF" },
      ActionAfterCompletion: "DELETE",
      Target: TARGET,
    });
  });

  it("comes as long after the last object as is configured, whatever came before", async () => {
    await scheduler.launch(5);
    scheduler.now += 4 * MINUTE;
    expect(await scheduler.launch(5)).to.deep.equal({ scheduled: "moved", at: "at(2026-11-21T12:09:00)" });
  });

  it("comes at the latest time that anybody asked for, in whichever order they ask", async () => {
    const calls = fc.array(
      fc.record({ second: fc.integer({ min: 0, max: 59 }), minutes: fc.integer({ min: 2, max: 60 }) }),
      { minLength: 1 },
    );
    await fc.assert(
      fc.asyncProperty(calls, async (asked) => {
        const own = new FakeScheduler();
        for (const { second, minutes } of asked) {
          own.now = NOON + second * 1000;
          await own.launch(minutes);
        }
        const latest = Math.max(...asked.map(({ second, minutes }) => NOON + second * 1000 + minutes * MINUTE));
        expect(own.time).to.equal(latest);
        expect(own.calls.filter((call) => call === "CreateSchedule")).to.have.length(1);
      }),
    );
  });

  it("is made once by calls that run at the same time, however their requests interleave, and is nobody's loss", async () => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), fc.integer({ min: 2, max: 5 }), fc.boolean(), async (order, count, stood) => {
        const own = new FakeScheduler();
        if (stood) await own.launch(2);
        own.gate = order.scheduleFunction((command: string) => Promise.resolve(command));
        const calls = Array.from({ length: count }, () => own.launch(5));
        const answers = await order.waitFor(Promise.all(calls));
        expect(answers.filter(({ scheduled }) => scheduled === "created")).to.have.length(stood ? 0 : 1);
        expect(own.time).to.equal(NOON + 5 * MINUTE);
      }),
    );
  });

  it("waits for a schedule that is firing to go, since what is written to it goes with it", async () => {
    await scheduler.launch(5);
    scheduler.now += 5 * MINUTE - 1000;
    scheduler.gate = () => Promise.resolve(scheduler.now > NOON + 6 * MINUTE && (scheduler.schedule = undefined));
    const { scheduled } = await scheduler.launch(5);
    expect(scheduled).to.equal("created");
    expect(scheduler.calls).not.to.include("UpdateSchedule");
    expect(scheduler.time).to.be.greaterThan(NOON + 11 * MINUTE);
  });

  it("fails, to be called again, where a schedule that was due does not go", async () => {
    await scheduler.launch(5);
    scheduler.now += 6 * MINUTE;
    const failure: unknown = await scheduler.launch(5).catch((error: unknown) => error);
    expect(failure)
      .to.be.instanceOf(Error)
      .with.property("message")
      .that.matches(/launches\/launch was to fire at\(2026-11-21T12:05:00\) and is still there/);
    expect(scheduler.time).to.equal(NOON + 5 * MINUTE);
  });

  it("makes a new schedule where the old one goes while it is moved", async () => {
    await scheduler.launch(5);
    scheduler.now += MINUTE;
    scheduler.gate = (command) => Promise.resolve(command === "UpdateSchedule" && (scheduler.schedule = undefined));
    expect(await scheduler.launch(5)).to.deep.equal({ scheduled: "created", at: "at(2026-11-21T12:06:00)" });
  });

  it("moves a schedule whose expression somebody changed by hand", async () => {
    await scheduler.launch(5);
    scheduler.schedule = { ...(scheduler.schedule as CreateScheduleCommandInput), ScheduleExpression: "rate(1 day)" };
    expect(await scheduler.launch(5)).to.include({ scheduled: "moved" });
  });
});

describe("an event", () => {
  const landed = (key: string, size?: number): LaunchEvent => ({
    "detail-type": "Object Created",
    detail: { object: { key, ...(size === undefined ? {} : { size }) } },
  });
  const ended = (lastStatus: string, ...exitCodes: number[]): LaunchEvent => ({
    "detail-type": "ECS Task State Change",
    detail: { taskArn: "arn", lastStatus, containers: exitCodes.map((exitCode) => ({ exitCode })) },
  });

  it("of an object asks for a launch after the quiet time; of a folder's mark, for none", () => {
    expect(minutesUntilLaunch(landed("raw/a.csv", 10), 3)).to.equal(3);
    expect(minutesUntilLaunch(landed("raw/empty.csv", 0), 3)).to.equal(3);
    expect(minutesUntilLaunch(landed("raw/parts/"), 3)).to.equal(3);
    expect(minutesUntilLaunch(landed("raw/parts/", 0), 3)).to.equal(undefined);
  });

  it("of a launcher's end asks for another launch where that was postponed, and not too soon", () => {
    expect(minutesUntilLaunch(ended("STOPPED", 75), 3)).to.equal(10);
    expect(minutesUntilLaunch(ended("STOPPED", 75), 30)).to.equal(30);
    for (const event of [ended("STOPPED", 0), ended("STOPPED", 1), ended("STOPPED"), ended("RUNNING", 75)]) {
      expect(minutesUntilLaunch(event, 3)).to.equal(undefined);
    }
  });

  it("of another kind is refused by name", () => {
    const other = { "detail-type": "Object Deleted", detail: { object: { key: "raw/a.csv" } } };
    expect(() => decode(LaunchEvent, other, "The launch's event")).to.throw(/launch.s event.*"Object Deleted"/s);
  });

  it("gives times that read back as themselves, to the second, never earlier", () => {
    fc.assert(
      fc.property(fc.date({ min: new Date(NOON), max: new Date("2099-01-01"), noInvalidDate: true }), (date) => {
        const back = timeOf(atExpression(date.getTime())) ?? NaN;
        expect(back - date.getTime()).to.be.within(0, 999);
      }),
    );
    expect(timeOf("rate(1 day)")).to.equal(undefined);
  });
});

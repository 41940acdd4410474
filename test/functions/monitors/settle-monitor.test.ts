import { expect } from "chai";
import fc from "fast-check";
import {
  decideRetraining,
  endedJob,
  failureNotice,
  remembered,
  violationEvent,
  violationNotice,
  type Start,
  type Summary,
} from "../../../functions/settle-monitor/logic";
import { violationsOf } from "../../../functions/settle-monitor/managed";
import { monitorScheduleName } from "../../../functions/shared/monitors";

const HOUR = 3_600_000;
const NOW = new Date("2026-11-21T13:00:00Z");
const JOB = {
  ProcessingJobName: "fraud-data-quality-2026112112-0a1b2c3d",
  ProcessingJobStatus: "Completed" as const,
  Environment: {
    sagemaker_endpoint_name: "fraud",
    sagemaker_monitoring_schedule_name: "fraud-data-quality",
  },
  ProcessingOutputConfig: {
    Outputs: [
      {
        OutputName: "monitoring_output",
        S3Output: { S3Uri: "s3://b/out", LocalPath: "/x", S3UploadMode: "EndOfJob" as const },
      },
    ],
  },
};
const summary = (violations: number): Summary => ({
  version: 1,
  monitor: "data-quality",
  status: violations > 0 ? "CompletedWithViolations" : "Completed",
  startTime: "2026-11-21T12:00:00Z",
  endTime: "2026-11-21T13:00:00Z",
  rows: 500,
  violations: Array.from({ length: violations }, (_, index) => ({
    feature: `V${index}`,
    metric: "feature_baseline_drift",
    check: "baseline_drift_check",
    description: "x".repeat(3000),
  })),
});

describe("the end of a monitor's job", () => {
  it("is that of this endpoint's monitors alone, once it has come", () => {
    const job = endedJob(JOB, "fraud");
    expect(job).to.deep.equal({
      name: JOB.ProcessingJobName,
      kind: "data-quality",
      managed: false,
      succeeded: true,
      reason: "",
      outputUri: "s3://b/out",
    });
    expect(endedJob(JOB, "fraud-data")).to.equal(undefined);
    expect(endedJob({ ...JOB, Environment: {} }, "fraud")).to.equal(undefined);
    expect(endedJob({ ...JOB, ProcessingJobStatus: "InProgress" }, "fraud")).to.equal(undefined);
    expect(endedJob({ ...JOB, ProcessingJobStatus: "Stopping" }, "fraud")).to.equal(undefined);
  });

  it("tells why where it failed, or was stopped", () => {
    const failed = {
      ...JOB,
      ProcessingJobStatus: "Failed" as const,
      FailureReason: "exit code: 1",
      ExitMessage: "no baseline.",
    };
    expect(endedJob(failed, "fraud")).to.include({ succeeded: false, reason: "no baseline. exit code: 1" });
    const stopped = {
      ...JOB,
      ProcessingJobStatus: "Stopped" as const,
      StoppingCondition: { MaxRuntimeInSeconds: 3300 },
    };
    expect(endedJob(stopped, "fraud")?.reason).to.contain("3300 s");
  });

  it("is told to people with its reason where it failed", () => {
    const ended = endedJob({ ...JOB, ProcessingJobStatus: "Failed", ExitMessage: "no baseline." }, "fraud");
    const notice = failureNotice("fraud", ended ?? expect.fail("the job has ended"));
    expect(notice.subject).to.equal("Fraud data-quality: the monitor failed on fraud");
    expect(notice.message).to.contain(JOB.ProcessingJobName).and.to.contain("no baseline.");
    const long = failureNotice("e".repeat(63), { ...ended!, reason: "x".repeat(1e6) });
    expect(long.subject.length).to.be.at.most(100);
    expect(Buffer.byteLength(long.message)).to.be.below(256 * 1024);
  });

  it("of AWS's own schedules is known by the schedule's name, however long the endpoint's is", () => {
    for (const endpointName of ["fraud", "e".repeat(63)]) {
      const name = monitorScheduleName(endpointName, "model-explainability");
      expect(name).to.match(/^[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}$/);
      const managed = {
        ...JOB,
        MonitoringScheduleArn: `arn:aws:sagemaker:eu-west-1:123456789012:monitoring-schedule/${name}`,
        Environment: { sagemaker_endpoint_name: endpointName, sagemaker_monitoring_schedule_name: name },
      };
      expect(endedJob(managed, endpointName)).to.include({ kind: "model-explainability", managed: true });
    }
    const names = ["e".repeat(63), `${"e".repeat(62)}f`].map((each) => monitorScheduleName(each, "data-quality"));
    expect(new Set(names)).to.have.property("size", 2);
  });

  it("reads the violations of AWS's images, whose members differ by kind", () => {
    const check = "baseline_drift_check";
    const told = { description: "far", constraint_check_type: check };
    expect(
      violationsOf({
        violations: [
          { feature_name: "V14", ...told },
          { metric_name: "recall", ...told },
          { facet: "Amount", facet_value: "[0, 10)", metric_name: "DPL", ...told },
          {},
        ],
      }),
    ).to.deep.equal([
      { feature: "V14", metric: check, check, description: "far" },
      { feature: "", metric: "recall", check, description: "far" },
      { feature: "Amount [0, 10)", metric: "DPL", check, description: "far" },
      { feature: "", metric: "", check: "", description: "no description given" },
    ]);
  });

  it("makes a notice and an event that AWS takes, however many violations there are", () => {
    const job = endedJob(JOB, "fraud") ?? expect.fail("the job has ended");
    for (const count of [1, 20, 500]) {
      const notice = violationNotice("e".repeat(63), job, summary(count));
      expect(notice.subject.length).to.be.at.most(100);
      expect(Buffer.byteLength(notice.message)).to.be.below(256 * 1024);
      expect(notice.message).to.contain("s3://b/out/report.html");
      const event = violationEvent("fraud", job, summary(count));
      expect(event.violationCount).to.equal(count);
      expect(Buffer.byteLength(JSON.stringify(event))).to.be.below(256 * 1024);
    }
  });
});

describe("training that violations start", () => {
  const limits = { cooldownHours: 24, maxPerWeek: 2 };
  const starts = fc.array(
    fc.record({
      at: fc.integer({ min: 0, max: 24 * 40 }).map((hours) => new Date(NOW.getTime() - hours * HOUR).toISOString()),
      jobName: fc.stringMatching(/^job-[a-f]{1,3}$/),
    }),
    { maxLength: 8 },
  );

  it("never comes again within the cooldown, nor more often a week than it may, whatever comes when", () => {
    const arrivals = fc.array(fc.tuple(fc.integer({ min: 0, max: 30 * HOUR }), fc.integer({ min: 0, max: 20 })), {
      maxLength: 60,
    });
    fc.assert(
      fc.property(
        arrivals,
        fc.integer({ min: 1, max: 100 }),
        fc.integer({ min: 1, max: 5 }),
        (each, cooldownHours, maxPerWeek) => {
          let now = NOW.getTime();
          let made: Start[] = [];
          const times: number[] = [];
          for (const [gap, job] of each) {
            now += gap;
            const at = new Date(now);
            if (decideRetraining(made, `job-${job}`, at, { cooldownHours, maxPerWeek }) !== "start") continue;
            made = [...remembered(made, at), { at: at.toISOString(), jobName: `job-${job}` }];
            times.push(now);
          }
          times.forEach((time, index) => {
            const next = times[index + 1];
            if (next !== undefined) expect(next - time).to.be.at.least(cooldownHours * HOUR);
            const week = times.filter((other) => other >= time && other < time + 7 * 24 * HOUR);
            expect(week.length).to.be.at.most(maxPerWeek);
          });
        },
      ),
    );
  });

  it("is on record once for a job, however often its end is told", () => {
    fc.assert(
      fc.property(starts, (before) => {
        const decision = decideRetraining(before, "job-new", NOW, limits);
        if (decision === "start") {
          const after = [...before, { at: NOW.toISOString(), jobName: "job-new" }];
          expect(decideRetraining(after, "job-new", new Date(NOW.getTime() + HOUR), limits)).to.equal("started");
        }
      }),
    );
  });

  it("comes where nothing stands against it, and says what does", () => {
    const at = (hoursAgo: number): Start => ({
      at: new Date(NOW.getTime() - hoursAgo * HOUR).toISOString(),
      jobName: `j${hoursAgo}`,
    });
    expect(decideRetraining([], "new", NOW, limits)).to.equal("start");
    expect(decideRetraining([at(24)], "new", NOW, limits)).to.equal("start");
    expect(decideRetraining([at(23)], "new", NOW, limits)).to.equal("cooldown");
    expect(decideRetraining([at(100), at(50)], "new", NOW, limits)).to.equal("weekly-maximum");
    expect(decideRetraining([at(169), at(50)], "new", NOW, limits)).to.equal("start");
  });
});

import { CloudWatchClient } from "@aws-sdk/client-cloudwatch";
import { EventBridgeClient, PutRuleCommand, PutTargetsCommand } from "@aws-sdk/client-eventbridge";
import { CreateQueueCommand, GetQueueAttributesCommand } from "@aws-sdk/client-sqs";
import { expect } from "chai";
import { compareShadow } from "../../../functions/compare-shadow/compare";
import type { ShadowReport } from "../../../functions/compare-shadow/logic";
import { inferenceId } from "../../../functions/shared/inference-id";
import { readText } from "../../../functions/shared/objects";
import { nextMessage, until } from "../support/platform";
import { TestStack } from "../support/test-stack";

/** Of the packages' metadata (test/functions/support/reports.ts). */
const THRESHOLD = 0.31;

export function shadows(): void {
  it("gets a copy of the traffic, serves nobody, and is compared with what was answered until it is made live", async () => {
    const captureUri = "s3://shadowed-bucket/my own fraud/data-capture";
    const stack = await TestStack.make("shadowed", {
      rollout: { type: "shadow", samplePercent: 100 },
      dataCapture: { percent: 100, destinationUri: captureUri },
    });
    const [first, second] = [await stack.register("run-1"), await stack.register("run-2", { defect: "doubled" })];
    await stack.settled(await stack.command(first.modelPackageArn));
    const compare = () =>
      compareShadow(
        { ...stack.clients, cloudwatch: new CloudWatchClient(), events: new EventBridgeClient() },
        {
          endpointName: stack.name,
          variantName: "live",
          captureUri,
          reportsUri: "s3://shadowed-bucket/my own fraud/shadow",
        },
        {},
      );
    expect(await compare()).to.include({ outcome: "no-shadow" });

    // What a pipeline or an approval brings listens first.
    const detail = { ModelPackageArn: second.modelPackageArn, ModelApprovalStatus: "Approved" };
    await stack.deploy({ id: "event-1", "detail-type": "SageMaker Model Package State Change", detail });
    expect(await stack.settled("approval-event-1")).to.include({ succeeded: true });
    const versionOf = async (alias: string) => (await stack.clients.mlflow.versionOfAlias(stack.name, alias))?.version;
    expect(await versionOf("champion")).to.equal(first.mlflowModelVersion);
    expect(await versionOf("shadow")).to.equal(second.mlflowModelVersion);
    expect(await compare()).to.include({ outcome: "empty" });

    // A tenth is no fraud to either, two tenths to the one that doubles alone, four tenths to both.
    const amounts = [100, 100, 200, 200, 200, 400];
    for (const amount of amounts) {
      const { packageArn, score } = await stack.answersWith(amount, inferenceId());
      expect({ packageArn, score }).to.deep.equal({ packageArn: first.modelPackageArn, score: amount / 1000 });
    }
    await stack.answersWith(900);

    const queue = await stack.clients.sqs.send(new CreateQueueCommand({ QueueName: "comparisons" }));
    const QueueUrl = queue.QueueUrl ?? "";
    const { Attributes } = await stack.clients.sqs.send(
      new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ["QueueArn"] }),
    );
    const events = new EventBridgeClient();
    const EventPattern = JSON.stringify({ source: ["fraud.deployments"], "detail-type": ["Shadow Comparison"] });
    await events.send(new PutRuleCommand({ Name: "comparisons", EventPattern }));
    await events.send(
      new PutTargetsCommand({ Rule: "comparisons", Targets: [{ Id: "queue", Arn: Attributes?.QueueArn }] }),
    );
    const { run, report } = await until("all captures", async () => {
      const made = await compare();
      if (made.reportUri === undefined) return undefined;
      const written = JSON.parse(await readText(stack.clients.s3, made.reportUri)) as ShadowReport;
      const { production, shadow } = written.captured;
      const seen =
        production === 7 && shadow === 7 && written.shadow.requests === 7 && written.production.requests >= 7;
      return seen ? { run: made, report: written } : undefined;
    });
    expect(run).to.include({ outcome: "compared", requests: 6, agreement: 0.5 });
    // One of the shadow's has no name to be found by.
    expect(report.captured).to.deep.equal({ production: 7, shadow: 7, unmatched: 1, unreadable: 0 });
    expect(report.production).to.include({ packageArn: first.modelPackageArn, threshold: THRESHOLD, serverErrors: 0 });
    expect(report.shadow).to.include({ packageArn: second.modelPackageArn, threshold: THRESHOLD, serverErrors: 0 });
    expect(report.shadow.latencyMilliseconds?.p99).to.be.greaterThan(0);
    expect(report.decisions).to.deep.equal({
      ...{ bothFraud: 1, bothLegitimate: 2, onlyProductionFraud: 0, onlyShadowFraud: 3 },
      agreement: 0.5,
    });
    expect(report.scores.meanDifference).to.be.closeTo(0.2, 1e-9);
    expect(report.scores.maximumAbsoluteDifference).to.be.closeTo(0.4, 1e-9);
    expect(report.examples).to.have.length(3);
    expect(await readText(stack.clients.s3, run.pageUri ?? "")).to.contain("npm run rollback -- --to 2");
    // Reports on what was captured by then may have come before.
    const told = await until("the event of the report", async () => {
      const event = await nextMessage(stack.clients.sqs, QueueUrl);
      const { detail } = JSON.parse(event.Records[0]?.body ?? "") as { detail: { requests: number } };
      return detail.requests === 6 ? detail : undefined;
    });
    expect(told).to.include({
      shadowPackageArn: second.modelPackageArn,
      reportUri: run.reportUri,
      agreement: 0.5,
    });

    // A person's word makes it live; nobody listens any more.
    expect(await stack.settled(await stack.command(second.modelPackageArn))).to.include({ succeeded: true });
    expect(await versionOf("champion")).to.equal(second.mlflowModelVersion);
    expect(await stack.answersWith(100)).to.deep.equal({ packageArn: second.modelPackageArn, score: 0.2 });
    expect(await compare()).to.include({ outcome: "no-shadow" });
  });
}

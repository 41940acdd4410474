import { execFile } from "node:child_process";
import { join } from "node:path";
import { DynamoDBClient, QueryCommand } from "@aws-sdk/client-dynamodb";
import { expect } from "chai";
import type { Registration } from "../../../functions/shared/registration";
import { MLFLOW_ARN, TestStack } from "../support/test-stack";

const ROOT = join(__dirname, "..", "..", "..");

/** `npm run rollback` and `npm run freeze`, as a person runs them; deploy-model and settle-deployment work meanwhile. */
export function commands(): void {
  let stack: TestStack;
  let first: Registration;
  let second: Registration;

  async function command(...args: string[]): Promise<{ code: number; output: string }> {
    let ended = false;
    const outputs = {
      endpointName: stack.name,
      deployQueueUrl: stack.queueUrl,
      deploymentsTableName: "deployments",
      modelPackageGroupName: stack.name,
      mlflowArn: MLFLOW_ARN,
      scorer: { queueUrl: stack.queueUrl },
    };
    const env = { ...process.env, FRAUD_OUTPUTS: JSON.stringify(outputs) };
    const running = new Promise<{ code: number; output: string }>((resolve) => {
      const argv = ["--import", "tsx", join("operations", "cli.ts"), ...args];
      execFile(process.execPath, argv, { cwd: ROOT, env }, (error, stdout, stderr) => {
        ended = true;
        resolve({ code: typeof error?.code === "number" ? error.code : error ? -1 : 0, output: stdout + stderr });
      });
    });
    while (!ended) {
      await stack.drain();
      await stack.settle();
    }
    return running;
  }

  before(async () => {
    stack = await TestStack.make("by-hand");
    [first, second] = [await stack.register("run-1"), await stack.register("run-2")];
    await stack.settled(await stack.command(first.modelPackageArn));
  });

  it("hold what comes by itself, let a person's package through, and lose nothing that waited", async () => {
    const frozen = await command("freeze", "--because", "an audit");
    expect(frozen).to.deep.equal({
      code: 0,
      output: "by-hand is frozen: only `npm run rollback` deploys to it.\n",
    });
    const third = await stack.register("run-3");
    const detail = { ModelPackageArn: third.modelPackageArn, ModelApprovalStatus: "Approved" };
    const approved = { id: "held", "detail-type": "SageMaker Model Package State Change", detail };
    await stack.send(approved);
    await stack.drain();
    expect((await stack.clients.deployments.request("approval-held"))?.state).to.equal("queued");

    const rolledBack = await command("rollback", "--to", "2", "--because", "run-1 misses fraud");
    expect(rolledBack).to.include({ code: 0 });
    expect(rolledBack.output).to.contain(`${second.modelPackageArn} is to go live`).and.contain("is live.");
    expect((await stack.answersWith()).packageArn).to.equal(second.modelPackageArn);
    expect((await stack.clients.deployments.request("approval-held"))?.state).to.equal("queued");

    const thawed = await command("freeze", "--off", "--because", "it is over");
    expect(thawed.output).to.contain("is no longer frozen; what waited goes on");
    expect(await stack.settled("approval-held")).to.include({ succeeded: true });
    expect((await stack.answersWith()).packageArn).to.equal(third.modelPackageArn);
  });

  it("keep who asked, when and why", async () => {
    const { Items = [] } = await new DynamoDBClient().send(
      new QueryCommand({
        TableName: "deployments",
        KeyConditionExpression: "endpointName = :name AND begins_with(#record, :audit)",
        ExpressionAttributeNames: { "#record": "record" },
        ExpressionAttributeValues: { ":name": { S: stack.name }, ":audit": { S: "audit#" } },
      }),
    );
    const told = Items.map(({ frozen, because, requestedBy, requestedAt }) => ({
      frozen: frozen?.BOOL,
      because: because?.S,
      who: requestedBy?.S?.split(":").slice(0, 5).join(":"),
      when: Math.abs(Date.now() - Date.parse(requestedAt?.S ?? "")) < 600_000,
    }));
    const known = { who: told[0]?.who, when: true };
    expect(known.who).to.match(/^arn:aws:(iam|sts)::\d{12}$/);
    expect(told).to.deep.equal([
      { ...known, frozen: true, because: "an audit" },
      { ...known, frozen: false, because: "it is over" },
    ]);
    const rollback = (await stack.clients.deployments.history()).find(
      ({ because }) => because === "run-1 misses fraud",
    );
    expect(rollback).to.include({ kind: "command", succeeded: true, modelPackageArn: second.modelPackageArn });
    expect(rollback?.requestedBy).to.match(/^arn:aws:(iam|sts)::\d{12}:/);
  });

  it("say what they can't do, and do nothing", async () => {
    const { LastModifiedTime } = await stack.endpoint();
    for (const [args, says] of [
      [["rollback", "--to", "99", "--because", "x"], /does not exist/i],
      [["rollback", "--to", "latest", "--because", "x"], /"latest" is no model package/],
      [["promote", "--because", "x"], /its configuration has no promotion\.from/],
    ] as const) {
      const { code, output } = await command(...args);
      expect(code, args.join(" ")).to.equal(1);
      expect(output)
        .to.match(says)
        .and.not.match(/\n {4}at /);
    }
    expect(await stack.endpoint()).to.deep.include({ LastModifiedTime });
  });
}

import type { PutMetricDataCommand } from "@aws-sdk/client-cloudwatch";
import { expect } from "chai";
import fc from "fast-check";
import { MetricSender, type Metric } from "../../../local/sagemaker/metric-sender";

const METRIC: Metric = { namespace: "N", name: "M", unit: "None", dimensions: { D: "v" } };

/** A CloudWatch that takes what it is sent unless it is down. */
class Receiver {
  down = false;
  requests: PutMetricDataCommand["input"][] = [];

  readonly send = (({ input }: PutMetricDataCommand) => {
    if (this.down) return Promise.reject(new Error("connect ECONNREFUSED"));
    this.requests.push(input);
    return Promise.resolve({ $metadata: {} });
  }) as never;

  /** Every single value that was received. */
  get values(): number[] {
    return this.requests
      .flatMap(({ MetricData = [] }) => MetricData)
      .flatMap(({ Values = [], Counts = [] }) =>
        Values.flatMap((value, index) => Array<number>(Counts[index] ?? 0).fill(value)),
      );
  }
}

describe("metrics of endpoints", () => {
  it("arrive value by value, within CloudWatch's limits", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 0, max: 400 }), { maxLength: 900 }), async (values) => {
        const receiver = new Receiver();
        const sender = new MetricSender(receiver, 60_000);
        for (const value of values) sender.add(METRIC, value);
        await sender.close();
        const ascending = (a: number, b: number) => a - b;
        expect(receiver.values.sort(ascending)).to.deep.equal([...values].sort(ascending));
        for (const { MetricData = [] } of receiver.requests) {
          expect(MetricData.length).to.be.at.most(1000);
          for (const { Values = [] } of MetricData) expect(Values.length).to.be.within(1, 150);
        }
      }),
      { numRuns: 30 },
    );
  });

  it("wait while CloudWatch is down, told once, and arrive when it is back", async () => {
    const receiver = new Receiver();
    const said: string[] = [];
    const { error } = console;
    console.error = (line: string) => said.push(line);
    try {
      const sender = new MetricSender(receiver, 60_000);
      receiver.down = true;
      for (let round = 0; round < 5; round++) {
        sender.add(METRIC, round);
        await sender.flush();
      }
      expect(said).to.have.length(1);
      expect(said[0]).to.contain("ECONNREFUSED");
      receiver.down = false;
      await sender.close();
      expect(receiver.values).to.have.members([0, 1, 2, 3, 4]);
      expect(said).to.have.length(1);

      receiver.down = true;
      sender.add(METRIC, 1);
      await sender.close();
      expect(said.at(-1)).to.contain("1 data");
    } finally {
      console.error = error;
    }
  });
});

import * as aws from "@pulumi/aws";
import { expect } from "chai";
import fc from "fast-check";
import { nameProblems, PlatformComponent, refuse, transformed, type Transform } from "../../components/component";
import { everythingRegistered, inputsOf, optionsOf, recording, startRecording, valueOf } from "./support/mocks";

const QUEUE = "aws:sqs/queue:Queue";

class Sample extends PlatformComponent {
  readonly queue: aws.sqs.Queue;
  constructor(name: string, transform?: Transform<aws.sqs.QueueArgs>) {
    super("Sample", name, { tags: { team: "risk" } }, recording);
    this.queue = this.child(aws.sqs.Queue, "queue", { delaySeconds: 5, tags: this.tags }, transform, { protect: true });
  }
  arnOfTopic = () => this.arnOf("sns", "topic");
}

describe("a component's name", () => {
  it("may begin the names of its children on AWS: a letter, then letters, digits and dashes, 40 at most", () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[a-zA-Z][a-zA-Z0-9-]{0,39}$/), (name) => {
        expect(nameProblems(name)).to.deep.equal([]);
      }),
    );
    for (const name of ["", "1st", "a_b", "a.b", "-a", "a".repeat(41), "a\n"]) {
      const [problem] = nameProblems(name);
      expect(problem, name).to.include(`"${name}"`).and.include("use a letter followed by");
    }
  });

  it("is refused before anything is registered", () => {
    expect(() => new Sample("no spaces")).to.throw('Sample "no spaces" cannot be made:\n  - ');
  });
});

describe("refusing arguments", () => {
  it("throws one error with every problem, and none where there is none", () => {
    expect(() => refuse("Thing", "t", [])).not.to.throw();
    expect(() => refuse("Thing", "t", ["a is 1: use 2", "b is 3: use 4"])).to.throw(
      'Thing "t" cannot be made:\n  - a is 1: use 2\n  - b is 3: use 4',
    );
  });
});

describe("a transform", () => {
  beforeEach(startRecording);

  it("of properties lies over those of the component, and leaves the others", () => {
    const args = { a: 1, b: 2 };
    expect(transformed({ b: 3 }, args, {}, "x")).to.deep.equal({ a: 1, b: 3 });
    expect(transformed(undefined, args, {}, "x")).to.deep.equal(args);
  });

  it("that is a function has the last word, knowing the child's name and options", async () => {
    const sample = new Sample("sample", (args, options, name) => {
      options.retainOnDelete = true;
      return { ...args, delaySeconds: 9, name: `${name}-${String(options.protect)}` };
    });
    await valueOf(sample.queue.urn);
    expect(inputsOf(QUEUE, "sample-queue")).to.deep.equal({
      delaySeconds: 9,
      name: "sample-queue-true",
      tags: { team: "risk" },
    });
    expect(optionsOf(QUEUE, "sample-queue")).to.deep.include({ protect: true, retainOnDelete: true });
  });
});

describe("a component", () => {
  beforeEach(startRecording);

  it("is the parent of its children, whose names begin with its own", async () => {
    const sample = new Sample("sample");
    await everythingRegistered();
    expect(inputsOf(QUEUE, "sample-queue")).to.deep.equal({ delaySeconds: 5, tags: { team: "risk" } });
    expect(optionsOf(QUEUE, "sample-queue").parent).to.equal(sample);
    expect(await valueOf(sample.urn)).to.include("fraud:platform:Sample");
  });

  it("knows the ARNs of its provider's partition, region and account", async () => {
    expect(await valueOf(new Sample("sample").arnOfTopic())).to.equal("arn:aws:sns:eu-west-1:123456789012:topic");
  });
});

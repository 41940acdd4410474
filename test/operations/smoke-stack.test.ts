import { expect } from "chai";
import { onStack } from "../../operations/smoke-stack";

/** Runs the steps, each of which fails where it is named; `hangs` is a check that does not end by itself. */
async function played({ fails = [] as string[], up = true, destroy = true, hangs = false }) {
  const done: string[] = [];
  const said: string[] = [];
  const interruption = new AbortController();
  const step = (name: string) => (): Promise<void> => {
    done.push(name);
    if (name === "check" && hangs) {
      interruption.abort();
      return new Promise(() => undefined);
    }
    return fails.includes(name) ? Promise.reject(new Error(`${name} failed`)) : Promise.resolve();
  };
  const say = (line: string): void => void said.push(line);
  const error = await onStack(
    { stack: "dev", up, destroy, signal: interruption.signal, say },
    { up: step("up"), destroy: step("destroy") },
    step("check"),
  ).then(
    () => undefined,
    (thrown: unknown) => (thrown as Error).message,
  );
  return { done, error, said: said.join("\n") };
}

describe("a stack that is up for a smoke test", () => {
  it("is destroyed after the checks, and after whatever failed before them or in them", async () => {
    const good = await played({});
    expect(good).to.deep.include({ done: ["up", "check", "destroy"], error: undefined });
    expect(good.said).to.contain("is destroyed");
    const halfUp = await played({ fails: ["up"] });
    expect(halfUp).to.deep.include({ done: ["up", "destroy"], error: "up failed" });
    const unwell = await played({ fails: ["check"] });
    expect(unwell).to.deep.include({ done: ["up", "check", "destroy"], error: "check failed" });
    const ended = await played({ hangs: true });
    expect(ended).to.deep.include({ done: ["up", "check", "destroy"], error: "The test was interrupted." });
  });

  it("is named as what costs wherever it stays, with everything that failed", async () => {
    const kept = await played({ destroy: false, fails: ["check"] });
    expect(kept).to.deep.include({ done: ["up", "check"], error: "check failed" });
    expect(kept.said).to.match(/dev stays as it is, and costs: `pulumi destroy --stack dev`/);
    const stuck = await played({ fails: ["check", "destroy"] });
    expect(stuck.said).to.equal("");
    expect(stuck.error).to.match(/^check failed\ndestroy failed\nThe stack dev may stand in part, and cost: repeat/);
  });

  it("is only looked at where it was up before", async () => {
    expect(await played({ up: false, destroy: false })).to.deep.include({ done: ["check"], error: undefined });
  });
});

import { expect } from "chai";
import { parseHTML } from "linkedom";
import type { Sample } from "../../../local/drill/load";
import { renderDrill } from "../../../local/drill/page";
import type { Played } from "../../../local/drill/play";
import { ROLLOUTS, servingScript, type Rollout } from "../../../local/drill/rollouts";

const FROM = Date.UTC(2026, 0, 1);
const NEW = "arn:aws:sagemaker:eu-west-1:123456789012:model-package/fraud/2";

/** A rollout of a minute, with a canary that got a tenth of the requests, and a hostile name of a configuration. */
function played(rollout: Rollout): Played {
  const bad = rollout.outcome === "rolledBack";
  const samples = Array.from({ length: 6_000 }, (_, index): Sample => {
    const sentAt = FROM + index * 10;
    const canary = index % 10 === 0 && sentAt > FROM + 5_000 && (!bad || sentAt < FROM + 25_000);
    const fails = canary && rollout.name === "errors";
    return {
      sentAt,
      milliseconds: 4,
      via: index % 25 === 0 ? "api" : "endpoint",
      status: fails ? 424 : 200,
      ...(fails ? {} : { packageArn: canary || (!bad && index > 4_500) ? NEW : "old" }),
    };
  });
  const moment = (seconds: number, text: string, liveConfig = "before") => ({
    at: FROM + seconds * 1000,
    text,
    status: text.split(" · ")[0] ?? "",
    liveConfig,
  });
  const ends = bad
    ? [moment(25, "RollingBack · Deleting"), moment(27, "InService")]
    : [moment(45, "Updating · Baking · full"), moment(58, "InService", "<after>")];
  return {
    name: rollout.name,
    outcome: rollout.outcome,
    requests: samples.length,
    failedRequests: samples.filter(({ status }) => status !== 200).length,
    liveConfig: bad ? "before" : "<after>",
    seconds: 60,
    rollout,
    candidate: { packageArn: NEW, mlflowVersion: "2" },
    from: FROM,
    to: FROM + 60_000,
    samples,
    moments: [
      moment(0, "InService"),
      moment(1, "Updating · Creating"),
      moment(5, "Updating · Baking · canary"),
      ...ends,
    ],
    split: { share: 0.1012, requests: 5_200 },
    ...(bad ? { alarm: { name: `after-${rollout.alarm}`, at: FROM + 24_600 }, rollbackSeconds: 0.4 } : {}),
    problems: rollout.name === "slow" ? ["<b>12 requests failed.</b>"] : [],
  };
}

describe("the drill's page", () => {
  const all = ROLLOUTS.map(played);
  const report = { rollouts: [], passed: false };
  const text = renderDrill({ startedAt: new Date(FROM), played: all, report, failure: "It <ended> early." });
  const { document } = parseHTML(text) as unknown as {
    document: {
      querySelector(selector: string): { textContent: string } | null;
      querySelectorAll(selector: string): { textContent: string; getAttribute(name: string): string | null }[];
    };
  };

  it("tells of every rollout what came of it, and when the endpoint was in what", () => {
    for (const { name, rollout, liveConfig } of all) {
      const section = document.querySelector(`#${name}`)?.textContent ?? "";
      expect(section).to.contain(rollout.title);
      expect(section).to.contain(liveConfig);
      expect(section).to.contain("10.12% of 5,200");
      expect(section).to.contain("Updating · Baking · canary");
      if (rollout.alarm) expect(section).to.contain(`after-${rollout.alarm}, 24.6 s`);
    }
    expect([...document.querySelectorAll("figure svg")].length).to.equal(all.length);
  });

  it("shows problems and failures as text, and needs nothing from elsewhere", () => {
    expect(text).to.contain("It &#60;ended&#62; early.");
    expect(document.querySelector("#slow")?.textContent).to.contain("<b>12 requests failed.</b>");
    expect(text).not.to.match(/<script|https?:\/\/(?!www\.w3\.org)/);
  });

  it("says in words what each plot shows", () => {
    const labels = [...document.querySelectorAll("figure svg")].map((svg) => svg.getAttribute("aria-label") ?? "");
    expect(labels[1]).to.match(/Baking canary at 5 s.*RollingBack.*alarm at 25 s/);
  });
});

describe("a candidate of the drill", () => {
  it("is the champion's script with one thing different", () => {
    expect(servingScript("")).to.match(/^import inference as _inference\nfrom inference import \*/);
    for (const { defect, outcome } of ROLLOUTS) {
      if (outcome === "succeeded") expect(defect).to.equal("");
      else expect(servingScript(defect)).to.contain("def predict_fn(rows, served):");
    }
  });
});

import { either } from "fp-ts";
import { expect } from "chai";
import { decodeLaunchSettings, LaunchSettings } from "../../pipeline/launch-settings";
import { rawSettings, settings } from "./samples";

function paths(environment: Readonly<Record<string, string>>): string[] {
  const decoded = decodeLaunchSettings(environment);
  return either.isLeft(decoded) ? decoded.left.map(({ path }) => path) : [];
}

describe("launch settings", () => {
  it("decode what the codec encodes", () => {
    const decoded = settings();
    expect(settings(LaunchSettings.encode(decoded))).to.deep.equal(decoded);
    expect(decoded.preprocess).to.include({ trainRatio: "0.6", framework: "scikit-learn" });
    expect(decoded.approval).to.equal("auto");
  });

  it("report everything at once, under the variable's name", () => {
    expect(paths({})).to.deep.equal(["LAUNCH_SETTINGS"]);
    expect(paths({ LAUNCH_SETTINGS: "{" })).to.deep.equal(["LAUNCH_SETTINGS"]);
    const preprocess = { ...rawSettings.preprocess, trainRatio: 0.61 };
    const raw = { ...rawSettings, preprocess, bucket: undefined, functions: { gateModelArn: "gate" }, extra: 1 };
    expect(paths({ LAUNCH_SETTINGS: JSON.stringify(raw) })).to.have.members([
      "LAUNCH_SETTINGS.bucket",
      "LAUNCH_SETTINGS.preprocess.trainRatio",
      "LAUNCH_SETTINGS.functions.findChampionArn",
      "LAUNCH_SETTINGS.functions.gateModelArn",
      "LAUNCH_SETTINGS.functions.registerModelArn",
      "LAUNCH_SETTINGS.extra",
    ]);
  });
});

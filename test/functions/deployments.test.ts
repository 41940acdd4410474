// Deployments on the local cloud: their settlement, whatever happens, promotions, shadows and commands. One cloud for all of them.
import { startPlatform, type Platform } from "./support/platform";
import { commands } from "./deployments/commands";
import { shadows } from "./deployments/shadows";
import { SCARCE_INSTANCES, settlements } from "./deployments/settlements";
import { promotions } from "./deployments/promotions";
import { promotionsAcrossAccounts } from "./deployments/promotions-across-accounts";

describe("deployments on the local cloud", function () {
  let platform: Platform;
  before(async () => {
    process.env.LOCAL_SERVER_ENDPOINT_INSTANCES = `${SCARCE_INSTANCES}=0`;
    process.env.LOCAL_SERVER_CAPTURE_SECONDS = "1";
    platform = await startPlatform();
  });
  after(() => {
    delete process.env.LOCAL_SERVER_ENDPOINT_INSTANCES;
    delete process.env.LOCAL_SERVER_CAPTURE_SECONDS;
    return platform.stop();
  });

  describe("a promotion", promotions);
  describe("a promotion across accounts", promotionsAcrossAccounts);
  describe("a deployment", settlements);
  describe("a shadow", shadows);
  describe("a person's commands", commands);
});

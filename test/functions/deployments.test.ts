// Deployments on the local cloud: their settlement, whatever happens, and promotions. One cloud for all of them.
import { startPlatform, type Platform } from "./support/platform";
import { SCARCE_INSTANCES, settlements } from "./deployments/settlements";
import { promotions } from "./deployments/promotions";

describe("deployments on the local cloud", function () {
  let platform: Platform;
  before(async () => {
    process.env.LOCAL_SERVER_ENDPOINT_INSTANCES = `${SCARCE_INSTANCES}=0`;
    platform = await startPlatform();
  });
  after(() => {
    delete process.env.LOCAL_SERVER_ENDPOINT_INSTANCES;
    return platform.stop();
  });

  describe("a promotion", promotions);
  describe("a deployment", settlements);
});

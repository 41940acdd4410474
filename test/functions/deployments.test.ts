// Deployments on the local cloud: promotions from stack to stack. One cloud for all of them.
import { startPlatform, type Platform } from "./support/platform";
import { promotions } from "./deployments/promotions";

describe("deployments on the local cloud", function () {
  let platform: Platform;
  before(async () => {
    platform = await startPlatform();
  });
  after(() => platform.stop());

  describe("a promotion", promotions);
});

/** The local Application Auto Scaling: of the variants of SageMaker's endpoints, by target tracking. */
import { join } from "node:path";
import { CloudWatchClient } from "@aws-sdk/client-cloudwatch";
import { SageMakerClient } from "@aws-sdk/client-sagemaker";
import type { ServerContext } from "../server/context";
import type { JsonService } from "../server/json-service";
import { SERVICE_CREDENTIALS } from "../server/service-caller";
import { Store } from "../server/store";
import { ScalingActivities } from "./activities";
import type { AutoScalingContext } from "./context";
import { ScalingPolicies } from "./policies";
import { refused } from "./refused";
import { Scaler } from "./scaler";
import { ScalableTargets } from "./targets";
import { Variants } from "./variants";

/** How often it is looked whether something is to be scaled. */
const INTERVAL_MILLISECONDS = 1_000;

export function applicationAutoScaling(server: ServerContext): JsonService {
  const { region, accountId } = server.settings;
  const now = (): number => Date.now() / 1000;
  const store = new Store(join(server.directory("application-autoscaling"), "state.db"));
  const options = { endpoint: server.url, region, credentials: SERVICE_CREDENTIALS };
  const cloudwatch = new CloudWatchClient(options);
  const sagemaker = new SageMakerClient(options);
  const context: AutoScalingContext = { store, region, accountId, now };
  const variants = new Variants(sagemaker);
  const targets: ScalableTargets = new ScalableTargets(
    context,
    (scalable) => variants.check(scalable),
    async (scalable) => {
      for (const policy of policies.of(scalable)) await policies.remove(policy);
    },
  );
  const policies = new ScalingPolicies(context, cloudwatch, (scalable) => targets.find(scalable));
  const activities = new ScalingActivities(context);
  const scaler = new Scaler({ targets, policies, activities, variants, cloudwatch, now });
  const timer = setInterval(() => void scaler.run(), INTERVAL_MILLISECONDS).unref();
  return {
    targetPrefix: "AnyScaleFrontendService",
    serviceName: "application-autoscaling",
    refused,
    operations: { ...targets.operations, ...policies.operations, ...activities.operations },
    async drain() {
      clearInterval(timer);
      await scaler.run();
    },
    close() {
      cloudwatch.destroy();
      sagemaker.destroy();
      store.close();
      return Promise.resolve();
    },
  };
}

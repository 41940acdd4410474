// Prints what monitors.engine `model-monitor` asks of SageMaker, as one JSON object: test_managed_monitors.py asks for the
// same with the SageMaker Python SDK.
import { biasConfig, explainabilityConfig } from "../../functions/reconcile-monitors/clarify-files";
import { scheduleConfig } from "../../functions/reconcile-monitors/definitions";
import { monitorKinds } from "../../functions/shared/monitors";
import { monitorImageRegions, monitorImageUri, type MonitorImage } from "../../pipeline/monitor-images";
import { LIVE } from "../functions/monitors/support/live-model";
import { FILES, MONITOR, requests, SETTINGS } from "../functions/monitors/support/managed";

/** As a model's baselines hold it. */
const BASELINE_CONFIG = {
  version: "1.0",
  dataset_type: "text/csv",
  headers: ["Class", "Time", "Amount"],
  label: "Class",
  methods: { shap: { agg_method: "mean_abs", use_logit: true } },
};
const ofRegions = (image: MonitorImage): Record<string, string> =>
  Object.fromEntries(monitorImageRegions(image).map((region) => [region, monitorImageUri(image, region)]));
const definitions = requests(SETTINGS, MONITOR, LIVE);
const schedules = monitorKinds.map((kind): [string, object] => [
  kind,
  scheduleConfig(kind, MONITOR, definitions[kind].JobDefinitionName),
]);
process.stdout.write(
  JSON.stringify({
    images: { analyzer: ofRegions("analyzer"), clarify: ofRegions("clarify") },
    settings: SETTINGS,
    monitor: MONITOR,
    files: FILES,
    baselines: LIVE.package.DriftCheckBaselines,
    threshold: Number(LIVE.package.CustomerMetadataProperties?.threshold),
    definitions,
    clarify: {
      bias: biasConfig(BASELINE_CONFIG),
      explainability: explainabilityConfig(BASELINE_CONFIG, "fraud-model-7", {
        modelInstanceType: "ml.m5.large",
        modelEndpointPrefix: "fraud-clarify",
      }),
    },
    schedules: Object.fromEntries(schedules),
  }),
);

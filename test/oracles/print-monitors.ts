// Prints what monitors.engine `model-monitor` asks of SageMaker, as one JSON object: test_managed_monitors.py asks for the
// same with the SageMaker Python SDK.
import { scheduleConfig } from "../../functions/reconcile-monitors/definitions";
import { monitorKinds } from "../../functions/shared/monitors";
import { monitorImageRegions, monitorImageUri, type MonitorImage } from "../../pipeline/monitor-images";
import { LIVE } from "../functions/monitors/support/live-model";
import { FILES, MONITOR, requests, SETTINGS } from "../functions/monitors/support/managed";

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
    schedules: Object.fromEntries(schedules),
  }),
);

import type { CloudWatchClient } from "@aws-sdk/client-cloudwatch";
import { PutEventsCommand, type EventBridgeClient } from "@aws-sdk/client-eventbridge";
import { PutObjectCommand, type S3Client } from "@aws-sdk/client-s3";
import {
  DescribeEndpointConfigCommand,
  DescribeModelCommand,
  DescribeModelPackageCommand,
  type SageMakerClient,
} from "@aws-sdk/client-sagemaker";
import { describeEndpoint } from "../shared/endpoint";
import { SHADOW_VARIANT } from "../shared/endpoint-config";
import { parseS3Uri } from "../shared/objects";
import { packageVersion } from "../shared/scoring";
import { PACKAGE_VARIABLE } from "../shared/served-model";
import { compareCaptures } from "./captures";
import { Comparison, type Side } from "./comparison";
import { loadOf } from "./load";
import {
  EVENT_SOURCE,
  EVENT_TYPE,
  inWords,
  periodOf,
  type CompareEvent,
  type ShadowReport,
  type ShadowRun,
} from "./logic";
import { renderShadow } from "./page";

export interface CompareClients {
  sagemaker: SageMakerClient;
  s3: S3Client;
  cloudwatch: CloudWatchClient;
  events: EventBridgeClient;
}

export interface CompareSettings {
  endpointName: string;
  /** The variant that answers. */
  variantName: string;
  captureUri: string;
  reportsUri: string;
}

/**
 * Compares what the endpoint's shadow made of the traffic with what was answered, and leaves a report. A later one of
 * the same shadow takes its place.
 *
 * @throws Error when a model does not say which package it came from, or the package not which threshold it has
 */
export async function compareShadow(
  clients: CompareClients,
  settings: CompareSettings,
  event: CompareEvent,
): Promise<ShadowRun> {
  const { endpointName, captureUri, variantName } = settings;
  const pair = await sidesOf(clients.sagemaker, endpointName);
  if (pair === undefined) return { outcome: "no-shadow", reason: `Endpoint ${endpointName} has no shadow.` };
  const { production, shadow, since } = pair;
  const period = periodOf(event, since, new Date());
  const comparison = new Comparison(production, shadow);
  const captured = await compareCaptures(
    clients.s3,
    {
      productionUri: `${captureUri}/${endpointName}/${variantName}`,
      shadowUri: `${captureUri}/${endpointName}/${SHADOW_VARIANT}`,
      productionArn: production.packageArn,
      shadowArn: shadow.packageArn,
      period,
    },
    comparison,
  );
  const [from, to] = [period.start.toISOString(), period.end.toISOString()];
  if (captured.shadow === 0) {
    return { outcome: "empty", reason: `Nothing was captured of the shadow from ${from} to ${to}.` };
  }
  const load = (variant: string) => loadOf(clients.cloudwatch, endpointName, variant, period);
  const report: ShadowReport = {
    reportVersion: 1,
    endpointName,
    from,
    to,
    production: { ...production, ...(await load(variantName)) },
    shadow: { ...shadow, ...(await load(SHADOW_VARIANT)) },
    captured,
    ...comparison.result(),
  };
  return tell(clients, settings, report);
}

/** Leaves the report, as JSON and as a page, and puts the event that tells of it. */
async function tell(
  { s3, events }: CompareClients,
  { endpointName, reportsUri }: CompareSettings,
  report: ShadowReport,
): Promise<ShadowRun> {
  const folder = `${reportsUri}/${endpointName}/${packageVersion(report.shadow.packageArn)}`;
  const put = async (file: string, Body: string, ContentType: string): Promise<string> => {
    const { bucket: Bucket, key: Key } = parseS3Uri(`${folder}/${file}`);
    await s3.send(new PutObjectCommand({ Bucket, Key, Body, ContentType }));
    return `${folder}/${file}`;
  };
  const reportUri = await put("report.json", `${JSON.stringify(report, undefined, 2)}\n`, "application/json");
  const pageUri = await put("report.html", renderShadow(report), "text/html; charset=utf-8");
  const { requests, rows, decisions, scores, production, shadow } = report;
  const detail = {
    endpointName,
    productionPackageArn: production.packageArn,
    shadowPackageArn: shadow.packageArn,
    requests,
    rows,
    agreement: decisions.agreement,
    meanDifference: scores.meanDifference,
    reportUri,
    pageUri,
  };
  const { Entries = [] } = await events.send(
    new PutEventsCommand({
      Entries: [{ Source: EVENT_SOURCE, DetailType: EVENT_TYPE, Detail: JSON.stringify(detail) }],
    }),
  );
  const refused = Entries.find(({ ErrorCode }) => ErrorCode !== undefined);
  if (refused !== undefined) {
    throw new Error(`EventBridge took no event: ${refused.ErrorCode ?? ""} ${refused.ErrorMessage ?? ""}`);
  }
  return { outcome: "compared", reason: inWords(report), reportUri, pageUri, requests, agreement: decisions.agreement };
}

/** The two models of an endpoint with a shadow, and since when it has it; undefined where it has none. */
async function sidesOf(
  sagemaker: SageMakerClient,
  endpointName: string,
): Promise<{ production: Side; shadow: Side; since: Date } | undefined> {
  const endpoint = await describeEndpoint(sagemaker, endpointName);
  if (endpoint?.EndpointConfigName === undefined) return undefined;
  const { EndpointConfigName } = endpoint;
  const config = await sagemaker.send(new DescribeEndpointConfigCommand({ EndpointConfigName }));
  const shadow = config.ShadowProductionVariants?.[0]?.ModelName;
  if (shadow === undefined) return undefined;
  return {
    production: await sideOf(sagemaker, config.ProductionVariants?.[0]?.ModelName ?? ""),
    shadow: await sideOf(sagemaker, shadow),
    since: config.CreationTime ?? new Date(0),
  };
}

async function sideOf(sagemaker: SageMakerClient, ModelName: string): Promise<Side> {
  const model = await sagemaker.send(new DescribeModelCommand({ ModelName }));
  const packageArn = model.PrimaryContainer?.Environment?.[PACKAGE_VARIABLE];
  if (packageArn === undefined) throw new Error(`model ${ModelName} does not say which package it came from`);
  const { CustomerMetadataProperties: metadata } = await sagemaker.send(
    new DescribeModelPackageCommand({ ModelPackageName: packageArn }),
  );
  const threshold = Number(metadata?.threshold ?? NaN);
  if (Number.isNaN(threshold)) throw new Error(`package ${packageArn} has no threshold in its metadata`);
  return { packageArn, threshold };
}

import type { DescribeEndpointCommandOutput, DescribeModelCommandOutput } from "@aws-sdk/client-sagemaker";
import { SERVING } from "../shared/endpoint";
import type { Idle } from "../shared/idle";
import { ProblemError } from "../shared/problem";
import { packageVersion } from "../shared/scoring";

export interface HealthAnswer {
  status: "ok";
  model: { name: string; version: string; packageArn: string };
  /** When the endpoint last changed, ISO 8601. */
  since: string;
}

/** @throws ProblemError `idle`: the endpoint is down by its schedule */
export function refuseIdle(idle: Idle | undefined): void {
  if (idle === undefined) return;
  const version =
    idle.modelPackageArn === undefined ? "its last model" : `version ${packageVersion(idle.modelPackageArn)}`;
  throw new ProblemError(
    "idle",
    `The schedule took the endpoint down at ${idle.since}; it comes back with ${version}.`,
    {
      retryAfterSeconds: 600,
    },
  );
}

/** The endpoint's live configuration, and since when. @throws ProblemError `no-model` when it answers no requests. */
export function servingOf(
  endpoint:
    Pick<DescribeEndpointCommandOutput, "EndpointStatus" | "EndpointConfigName" | "LastModifiedTime"> | undefined,
): { configName: string; since: Date } {
  const { EndpointStatus: status, EndpointConfigName: configName, LastModifiedTime: since } = endpoint ?? {};
  if (status === undefined) {
    throw new ProblemError("no-model", "No model has been deployed yet.", { retryAfterSeconds: 60 });
  }
  if (!SERVING.has(status) || configName === undefined || since === undefined) {
    throw new ProblemError("no-model", `The endpoint is not in service (${status}).`, { retryAfterSeconds: 60 });
  }
  return { configName, since };
}

/** What serves, and since when. The model's environment says which package it came from. */
export function healthOf(
  modelName: string,
  since: Date,
  model: Pick<DescribeModelCommandOutput, "PrimaryContainer" | "Containers">,
): HealthAnswer {
  const container = model.PrimaryContainer ?? model.Containers?.[0];
  const packageArn = container?.Environment?.FRAUD_MODEL_PACKAGE_ARN ?? container?.ModelPackageName ?? "";
  return {
    status: "ok",
    model: { name: modelName, version: packageVersion(packageArn), packageArn },
    since: since.toISOString(),
  };
}

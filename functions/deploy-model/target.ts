import {
  CreateModelCommand,
  DescribeModelCommand,
  DescribeModelPackageCommand,
  type SageMakerClient,
} from "@aws-sdk/client-sagemaker";
import type { Deployment } from "../shared/deployment-records";
import { unlessMissing } from "../shared/endpoint";
import { configNameStem, contentHash, tagList } from "../shared/endpoint-config";
import { PACKAGE_VARIABLE, type ServedModel } from "../shared/served-model";
import { PACKAGE_TAG } from "../shared/mlflow";
import { packageVersion } from "../shared/scoring";
import type { DeployClients, DeploySettings } from "./deploying";

/** The model that a deployment is to bring, or why there is nothing to do, or why it can't be. */
export type Target =
  | {
      modelName: string;
      modelPackageArn: string | undefined;
      /** It has served before, and was checked then. */
      known?: boolean;
    }
  | { nothing: string }
  | { impossible: string };

/**
 * Finds or makes the model that is wanted.
 *
 * @param live what serves now; undefined where there is no endpoint
 */
export async function targetOf(
  clients: DeployClients,
  settings: DeploySettings,
  deployment: Deployment,
  live: ServedModel | undefined,
): Promise<Target> {
  const { kind, modelName, modelPackageArn } = deployment;
  switch (kind) {
    case "settings":
      if (live === undefined) return { nothing: "There is no endpoint: the next deployment takes the settings." };
      return { modelName: live.modelName, modelPackageArn: live.packageArn };
    case "sleep":
      return { nothing: "The endpoint is down." };
    case "wake": {
      if (live !== undefined) return { nothing: "The endpoint is up already." };
      const asleep = await lastLive(clients);
      if (asleep !== undefined) return asleep;
      const champion = await clients.mlflow.versionOfAlias(settings.registeredModelName, "champion");
      const packageArn = champion?.tags[PACKAGE_TAG];
      if (packageArn === undefined) return { nothing: "No model is the champion yet." };
      return modelOfPackage(clients.sagemaker, settings, packageArn, undefined);
    }
    case "pipeline":
    case "approval":
    case "promotion":
    case "command":
      if (modelName !== undefined) return { modelName, modelPackageArn };
      if (modelPackageArn === undefined) return { impossible: "The request names no model package." };
      return modelOfPackage(clients.sagemaker, settings, modelPackageArn, deployment.kind, live);
  }
}

/** What was live when the endpoint was taken down, whatever was approved since: that waits its turn. */
async function lastLive({ sagemaker, deployments }: DeployClients): Promise<Target | undefined> {
  const { modelName, modelPackageArn } = (await deployments.idle()) ?? {};
  if (modelName === undefined) return undefined;
  const model = await unlessMissing(sagemaker.send(new DescribeModelCommand({ ModelName: modelName })));
  return model === undefined ? undefined : { modelName, modelPackageArn, known: true };
}

/** The model of a package; what serves the package already is its model. Its name is its content's. */
async function modelOfPackage(
  sagemaker: SageMakerClient,
  settings: DeploySettings,
  modelPackageArn: string,
  kind: Deployment["kind"] | undefined,
  live?: ServedModel,
): Promise<Target> {
  const described = await unlessMissing(
    sagemaker.send(new DescribeModelPackageCommand({ ModelPackageName: modelPackageArn })),
  );
  if (described === undefined) return { impossible: `There is no model package ${modelPackageArn}.` };
  const { ModelApprovalStatus: status = "unknown" } = described;
  if ((kind === "approval" || kind === "promotion") && status !== "Approved")
    return { impossible: `The package is ${status} by now.` };
  if (live?.packageArn === modelPackageArn) return { modelName: live.modelName, modelPackageArn };
  const container = described.InferenceSpecification?.Containers?.[0];
  if (container?.Image === undefined || container.ModelDataUrl === undefined) {
    return { impossible: `The package ${modelPackageArn} has no image or no artifact.` };
  }
  const { network } = settings.endpoint;
  const content = {
    ExecutionRoleArn: settings.modelRoleArn,
    ...(network === undefined
      ? {}
      : { VpcConfig: { Subnets: network.subnetIds, SecurityGroupIds: network.securityGroupIds } }),
    PrimaryContainer: {
      Image: container.Image,
      ModelDataUrl: container.ModelDataUrl,
      Environment: { ...container.Environment, [PACKAGE_VARIABLE]: modelPackageArn },
    },
  };
  const stem = configNameStem(settings.endpoint.endpointName).slice(0, 40).replace(/-+$/, "");
  const ModelName = `${stem}-${packageVersion(modelPackageArn)}-${contentHash(content)}`;
  try {
    await sagemaker.send(new CreateModelCommand({ ModelName, ...content, Tags: tagList(settings.tags) }));
  } catch (error) {
    if (!(error instanceof Error && /already existing model/i.test(error.message))) throw error;
  }
  return { modelName: ModelName, modelPackageArn };
}

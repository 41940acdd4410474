import type { ModelApprovalStatus, SageMakerClient } from "@aws-sdk/client-sagemaker";
import type { EvaluationReport } from "../shared/evaluation-report";
import { EXECUTION_TAG } from "../shared/execution-run";
import type { ModelRegistry } from "../shared/mlflow";
import { registerOnce, type Registration, type Registries } from "../shared/registration";
import { modelPackage, type RegisterEvent } from "./logic";

export interface RegisterSettings extends Registries {
  groupName: string;
  approvalStatus: ModelApprovalStatus;
}

/**
 * Registers the model of an execution, once however often it is called.
 *
 * @param artifactSha256 of the archive as it is now, in hexadecimal: whatever is deployed of it must have the same
 */
export function register(
  clients: { mlflow: ModelRegistry; sagemaker: SageMakerClient },
  settings: RegisterSettings,
  event: RegisterEvent,
  report: EvaluationReport,
  artifactSha256: string,
): Promise<Registration> {
  const { executionId, gitRevision, algorithm, modelArtifactUri } = event;
  return registerOnce(clients, settings, {
    identity: { key: EXECUTION_TAG, value: executionId },
    executionId,
    artifactUri: modelArtifactUri,
    tags: { git_revision: gitRevision, algorithm },
    modelPackage: (version) => modelPackage(event, report, { version, artifactSha256 }, settings),
  });
}

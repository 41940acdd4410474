import type { CreateProcessingJobRequest, CreateTrainingJobRequest } from "@aws-sdk/client-sagemaker";
import type { Wire } from "../../server/json-service";

/** What a processing job asks for that jobs here do not do: one sentence for each. */
export function unsupportedInProcessing(request: Wire<CreateProcessingJobRequest>): string[] {
  const inputs = (request.ProcessingInputs ?? []).flatMap(({ InputName, AppManaged, S3Input, DatasetDefinition }) => {
    if (AppManaged) return [];
    if (DatasetDefinition) return [`input ${InputName} has a DatasetDefinition: only S3Input is known here`];
    if (!S3Input) return [`input ${InputName} has no S3Input`];
    if (S3Input.S3InputMode === "Pipe") return [`input ${InputName} is in Pipe mode: only File is known here`];
    return S3Input.LocalPath
      ? []
      : [`input ${InputName} has no LocalPath, which only AppManaged inputs can do without`];
  });
  const outputs = (request.ProcessingOutputConfig?.Outputs ?? []).flatMap(
    ({ OutputName, AppManaged, S3Output, FeatureStoreOutput }) => {
      if (AppManaged) return [];
      if (FeatureStoreOutput) return [`output ${OutputName} is a FeatureStoreOutput: only S3Output is known here`];
      return S3Output?.LocalPath ? [] : [`output ${OutputName} has no S3Output with a LocalPath`];
    },
  );
  return [...inputs, ...outputs];
}

/** The same of a training job. */
export function unsupportedInTraining(request: Wire<CreateTrainingJobRequest>): string[] {
  const usual = request.AlgorithmSpecification?.TrainingInputMode;
  return (request.InputDataConfig ?? []).flatMap(({ ChannelName, DataSource, InputMode = usual }) => {
    const source = DataSource?.S3DataSource;
    if (!source) return [`channel ${ChannelName} has no S3DataSource, the only source that is known here`];
    if (source.S3DataType !== "S3Prefix" && source.S3DataType !== "ManifestFile") {
      return [
        `channel ${ChannelName} is of S3DataType ${source.S3DataType}: only S3Prefix and ManifestFile are known here`,
      ];
    }
    return InputMode === "Pipe"
      ? [`channel ${ChannelName} is in Pipe mode: only File and FastFile are known here`]
      : [];
  });
}

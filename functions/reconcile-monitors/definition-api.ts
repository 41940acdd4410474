import {
  CreateDataQualityJobDefinitionCommand,
  CreateModelBiasJobDefinitionCommand,
  CreateModelExplainabilityJobDefinitionCommand,
  CreateModelQualityJobDefinitionCommand,
  DeleteDataQualityJobDefinitionCommand,
  DeleteModelBiasJobDefinitionCommand,
  DeleteModelExplainabilityJobDefinitionCommand,
  DeleteModelQualityJobDefinitionCommand,
  ListDataQualityJobDefinitionsCommand,
  ListModelBiasJobDefinitionsCommand,
  ListModelExplainabilityJobDefinitionsCommand,
  ListModelQualityJobDefinitionsCommand,
  type ListDataQualityJobDefinitionsCommandInput,
  type ListDataQualityJobDefinitionsCommandOutput,
  type SageMakerClient,
} from "@aws-sdk/client-sagemaker";
import type { MonitorKind } from "../shared/monitors";
import type { DefinitionRequests } from "./definitions";

/** SageMaker's operations on the definitions of one kind of monitor; lists are alike. */
interface DefinitionApi<Request> {
  create(client: SageMakerClient, request: Request): Promise<unknown>;
  list(
    client: SageMakerClient,
    input: ListDataQualityJobDefinitionsCommandInput,
  ): Promise<ListDataQualityJobDefinitionsCommandOutput>;
  remove(client: SageMakerClient, name: string): Promise<unknown>;
}

export const DEFINITION_API: { readonly [Kind in MonitorKind]: DefinitionApi<DefinitionRequests[Kind]> } = {
  "data-quality": {
    create: (client, request) => client.send(new CreateDataQualityJobDefinitionCommand(request)),
    list: (client, input) => client.send(new ListDataQualityJobDefinitionsCommand(input)),
    remove: (client, name) => client.send(new DeleteDataQualityJobDefinitionCommand({ JobDefinitionName: name })),
  },
  "model-quality": {
    create: (client, request) => client.send(new CreateModelQualityJobDefinitionCommand(request)),
    list: (client, input) => client.send(new ListModelQualityJobDefinitionsCommand(input)),
    remove: (client, name) => client.send(new DeleteModelQualityJobDefinitionCommand({ JobDefinitionName: name })),
  },
  "model-bias": {
    create: (client, request) => client.send(new CreateModelBiasJobDefinitionCommand(request)),
    list: (client, input) => client.send(new ListModelBiasJobDefinitionsCommand(input)),
    remove: (client, name) => client.send(new DeleteModelBiasJobDefinitionCommand({ JobDefinitionName: name })),
  },
  "model-explainability": {
    create: (client, request) => client.send(new CreateModelExplainabilityJobDefinitionCommand(request)),
    list: (client, input) => client.send(new ListModelExplainabilityJobDefinitionsCommand(input)),
    remove: (client, name) =>
      client.send(new DeleteModelExplainabilityJobDefinitionCommand({ JobDefinitionName: name })),
  },
};

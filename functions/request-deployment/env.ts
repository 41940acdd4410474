import * as t from "io-ts";
import { EndpointSettings } from "../shared/endpoint-settings";
import { json, Text } from "../shared/environment";

/** Environment of `request-deployment`. */
export const RequestDeploymentEnvironment = t.type(
  {
    /** JSON `EndpointSettings` (functions/shared/endpoint-settings.ts). */
    ENDPOINT_SETTINGS: json(EndpointSettings),
    /** DynamoDB table of deployments, hash key `endpointName` (S), range key `record` (S). */
    DEPLOYMENTS_TABLE_NAME: Text,
    /** The queue of deploy-model, which is told that there is something to do. */
    QUEUE_URL: Text,
  },
  "RequestDeploymentEnvironment",
);
/** The variables as Lambda wants them: all strings. */
export type RequestDeploymentVariables = t.OutputOf<typeof RequestDeploymentEnvironment>;

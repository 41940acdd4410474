/**
 * Stands in for `@aws-sdk/middleware-endpoint-discovery` in the functions' bundles (functions/bundle.ts): DynamoDB's client
 * asks it for options that nobody sets, and none of the operations that functions call looks at them.
 */
export const NODE_ENDPOINT_DISCOVERY_CONFIG_OPTIONS = {
  environmentVariableSelector: () => undefined,
  configFileSelector: () => undefined,
  default: undefined,
};

export const resolveEndpointDiscoveryConfig = <Config>(config: Config): Config => config;

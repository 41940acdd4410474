import type { CloudDescription } from "./cloud";
import type { StackUp } from "./loop/stack";

/** How to use a cloud that stays up. The key is for this machine's cloud alone, and asked for by name. */
export function usage(cloud: CloudDescription, stack: StackUp | undefined): string {
  const lines = [
    ["AWS endpoint", cloud.awsEndpointUrl],
    ["MLflow", cloud.mlflowUrl],
    ...(stack
      ? [
          ["API", stack.outputs.apiUrl],
          ["API key", stack.apiKey],
          ["Bucket", stack.outputs.bucketName],
        ]
      : []),
  ].map(([name = "", value = ""]) => `  ${name.padEnd(15)} ${value}`);
  return [
    "The local cloud is up:",
    ...lines,
    "",
    '  Point any AWS SDK or CLI at it:  eval "$(npm run --silent local -- env)"',
    "  End it:                          npm run local -- down",
  ].join("\n");
}

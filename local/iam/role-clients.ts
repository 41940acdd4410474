import { CloudWatchLogsClient } from "@aws-sdk/client-cloudwatch-logs";
import { LambdaClient } from "@aws-sdk/client-lambda";
import { S3Client } from "@aws-sdk/client-s3";
import { omit } from "../sagemaker/objects";
import type { ServerContext } from "../server/context";
import { AwsError } from "../server/json-service";
import { ROOT_CREDENTIALS } from "../server/service-caller";
import type { Demand } from "./access";

/** A service that acts in the name of a role that it was given. */
export interface RoleClients {
  s3: S3Client;
  logs: CloudWatchLogsClient;
  lambda: LambdaClient;
  /** @throws AwsError where the role may not do all of it: for what no request to the emulator shows */
  require(...demands: Demand[]): Promise<void>;
  /** The environment of a container that runs in the role's name, which finds its credentials as on AWS. */
  environment(): Record<string, string>;
  /** The container's credentials are gone, and the connections closed. */
  end(): void;
}

/**
 * Where permissions are not enforced, the account's own user acts.
 *
 * @param service that must be trusted by the role: `codebuild.amazonaws.com`
 * @param session names the role's session, and the container
 * @throws AwsError where the role does not let the service assume it
 */
export async function roleClients(
  server: ServerContext,
  { roleArn, service, session }: { roleArn: string; service: string; session: string },
): Promise<RoleClients> {
  const { access, roles, settings } = server;
  if (access.enforced && (await roles.obstacle(roleArn, service)) === "no-trust") {
    throw new AwsError(
      "AccessDeniedException",
      `${service} is not authorized to perform sts:AssumeRole on ${roleArn}: name it in the role's trust policy.`,
    );
  }
  const credentials = access.enforced ? () => roles.credentials(roleArn, session) : ROOT_CREDENTIALS;
  const options = { endpoint: settings.upstream, region: settings.region, credentials };
  const s3 = new S3Client({ ...options, forcePathStyle: true });
  const logs = new CloudWatchLogsClient(options);
  const lambda = new LambdaClient(options);
  return {
    s3,
    logs,
    lambda,
    require: (...demands) => access.require({ roleArn, session }, () => demands),
    environment: () => {
      const all = server.childEnvironment();
      if (!access.enforced) return all;
      // Keys in the environment would come before what the address gives.
      const unsigned = omit(all, "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY");
      return { ...unsigned, ...roles.issue(session, roleArn, session) };
    },
    end: () => {
      roles.revoke(session);
      for (const client of [s3, logs, lambda]) client.destroy();
    },
  };
}

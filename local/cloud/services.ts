// The servers of the cloud: how each is started, and how to tell that it answers.
import { mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { downloadSettings } from "../download-settings";
import { projectRoot, toolPath, type Tools } from "../tools";
import { environment, type CloudDescription } from "./description";
import { MARKER } from "./process-table";

export interface ServiceCommand {
  name: string;
  command: string;
  args: string[];
  environment: Record<string, string>;
  healthUrl: string;
  /** How long it may take until it answers. */
  timeoutSeconds: number;
}

/** Calls of functions under way at once: each is a process. */
const FUNCTION_CONCURRENCY = 8;

/** Nobody may do more than the policies of their role allow. */
const ENFORCED = { AUTH: "true" };

export function services(cloud: CloudDescription, tools: Tools): ServiceCommand[] {
  const home = directoryIn(cloud.directory, "home");
  const common = {
    [MARKER]: cloud.id,
    PATH: `${toolPath()}:/usr/local/bin:/usr/bin:/bin`,
    HOME: home,
    TMPDIR: directoryIn(cloud.directory, "tmp"),
    LANG: "C.UTF-8",
  };
  // Functions and jobs reach MLflow as they do on AWS: through SageMaker, by whose permissions they may.
  const aws = { ...environment(cloud), AWS_ENDPOINT_URL_SAGEMAKER_MLFLOW: cloud.awsEndpointUrl };
  const gatewayPort = new URL(cloud.awsEndpointUrl).port;
  const mlflow = new URL(cloud.mlflowUrl);
  return [
    {
      name: "ministack",
      command: tools.python,
      args: [join(projectRoot, "local/server/run_ministack.py")],
      // Its environment reaches the functions that it runs: this is how they find AWS and MLflow.
      environment: {
        ...common,
        ...aws,
        BIND_HOST: "127.0.0.1",
        // The port in the URLs that it gives is the local server's, through which it is reached.
        GATEWAY_PORT: gatewayPort,
        LISTEN_PORT: new URL(cloud.emulatorUrl).port,
        MINISTACK_HOST: "127.0.0.1",
        MINISTACK_ACCOUNT_ID: cloud.accountId,
        MINISTACK_REGION: cloud.region,
        IOT_MTLS_ENABLED: "0",
        SFTP_ENABLED: "0",
        LAMBDA_ACCOUNT_CONCURRENCY: String(FUNCTION_CONCURRENCY),
        ...ENFORCED,
        // Authorities that functions trust besides, such as that of an issuer of tokens.
        ...inherited("NODE_EXTRA_CA_CERTS"),
      },
      healthUrl: `${cloud.emulatorUrl}/_ministack/health`,
      timeoutSeconds: 60,
    },
    {
      name: "server",
      command: tools.node,
      args: ["--disable-warning=ExperimentalWarning", "--import", "tsx", join(projectRoot, "local/server/main.ts")],
      environment: {
        ...common,
        ...aws,
        AWS_ENDPOINT_URL: cloud.emulatorUrl,
        AWS_ACCOUNT_ID: cloud.accountId,
        LOCAL_SERVER_PORT: gatewayPort,
        LOCAL_SERVER_STATE_DIR: directoryIn(cloud.directory, "server"),
        LOCAL_SERVER_PYTHON: tools.python,
        LOCAL_SERVER_MLFLOW_URL: cloud.mlflowUrl,
        ...ENFORCED,
        ...inherited("LOCAL_SERVER_CAPTURE_SECONDS"),
        ...inherited("LOCAL_SERVER_ENDPOINT_INSTANCES"),
        ...inherited("LOCAL_SERVER_SOURCE_DIR"),
        // Builds of the local CodeBuild install packages.
        ...downloadSettings(process.env),
      },
      healthUrl: `${cloud.awsEndpointUrl}/_local/health`,
      timeoutSeconds: 60,
    },
    {
      name: "mlflow",
      command: join(dirname(tools.python), "mlflow"),
      args: [
        "server",
        ...["--host", mlflow.hostname, "--port", mlflow.port, "--workers", "1"],
        ...["--allowed-hosts", `${mlflow.host},localhost:${mlflow.port}`],
        ...["--backend-store-uri", `sqlite:///${join(directoryIn(cloud.directory, "mlflow"), "mlflow.db")}`],
        ...["--artifacts-destination", join(cloud.directory, "mlflow", "artifacts")],
      ],
      environment: { ...common, MLFLOW_SERVER_ENABLE_JOB_EXECUTION: "false" },
      healthUrl: `${cloud.mlflowUrl}/health`,
      timeoutSeconds: 120,
    },
  ];
}

/** A setting that whoever starts the cloud may make. */
function inherited(name: string): Record<string, string> {
  const value = process.env[name];
  return value ? { [name]: value } : {};
}

function directoryIn(directory: string, name: string): string {
  const path = join(directory, name);
  mkdirSync(path, { recursive: true });
  return path;
}

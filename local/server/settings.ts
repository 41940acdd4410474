import { availableParallelism } from "node:os";
import { isLeft } from "fp-ts/Either";
import * as t from "io-ts";
import { projectRoot } from "../tools";

/** Text that holds a TCP port, decoded to the number. 0 asks for a free one. */
const Port = new t.Type<number, string>(
  "Port",
  t.number.is,
  (input, context) => {
    const port = typeof input === "string" && /^\d+$/.test(input) ? Number(input) : NaN;
    return port >= 0 && port <= 65535 ? t.success(port) : t.failure(input, context, "is not a port (0 to 65535)");
  },
  String,
);

const AccountId = new t.Type<string>(
  "AccountId",
  t.string.is,
  (input, context) =>
    typeof input === "string" && /^\d{12}$/.test(input)
      ? t.success(input)
      : t.failure(input, context, "is not an account id (12 digits)"),
  String,
);

/** Text that holds a number above 0, decoded to it. */
const Seconds = new t.Type<number, string>(
  "Seconds",
  t.number.is,
  (input, context) =>
    typeof input === "string" && Number(input) > 0
      ? t.success(Number(input))
      : t.failure(input, context, "is not a number of seconds above 0"),
  String,
);

/** Text such as `ml.m5.large=4 ml.c5.xlarge=0`, decoded to the numbers by type. */
const Instances = new t.Type<Readonly<Record<string, number>>, string>(
  "Instances",
  t.record(t.string, t.number).is,
  (input, context) =>
    typeof input === "string" && /^(?:ml\.[\w.-]+=\d{1,6}(?: |$))+$/.test(input)
      ? t.success(
          Object.fromEntries(input.split(" ").map((entry) => [entry.split("=")[0], Number(entry.split("=")[1])])),
        )
      : t.failure(input, context, "is not a list of numbers of instances, such as ml.m5.large=4 ml.c5.xlarge=0"),
  (instances) =>
    Object.entries(instances)
      .map((entry) => entry.join("="))
      .join(" "),
);

const Environment = t.intersection([
  t.type({
    LOCAL_SERVER_PORT: Port,
    LOCAL_SERVER_STATE_DIR: t.string,
    LOCAL_SERVER_PYTHON: t.string,
    AWS_ENDPOINT_URL: t.string,
    AWS_REGION: t.string,
    AWS_ACCOUNT_ID: AccountId,
  }),
  t.partial({
    LOCAL_SERVER_CAPTURE_SECONDS: Seconds,
    LOCAL_SERVER_ENDPOINT_INSTANCES: Instances,
    LOCAL_SERVER_SOURCE_DIR: t.string,
    LOCAL_SERVER_MLFLOW_URL: t.string,
    AUTH: t.string,
  }),
  t.record(t.string, t.union([t.string, t.undefined, t.number])),
]);

/** What the local server is told when it starts. */
export interface ServerSettings {
  /** TCP port on 127.0.0.1; 0 takes a free one. */
  port: number;
  /** Where the services keep their state and the folders of their jobs. */
  stateDirectory: string;
  /** The Python that jobs and model servers run on. */
  python: string;
  region: string;
  accountId: string;
  /** Where all other services answer: the emulator. Its own clients reach it through this server. */
  upstream: string;
  /** Every `AWS_ENDPOINT_URL_<SERVICE>`, for the processes that are started here. */
  endpoints: Record<string, string>;
  /** Job processes that run at the same time; the rest wait. */
  maxConcurrentJobs: number;
  /** The project that delivery pipelines deliver; this one unless set. */
  sourceDirectory: string;
  /** How long data that SageMaker's endpoints capture may wait until it is written, in seconds; 5 unless set. */
  captureIntervalSeconds: number;
  /** Instances that SageMaker's endpoints may have at the same time, by type; of others there are always more. */
  endpointInstances: Readonly<Record<string, number>>;
  /** MLflow's own server, for SageMaker's MLflow; undefined where there is none. */
  mlflowUrl: string | undefined;
  /** Whether callers may do no more than their policies allow: `AUTH=true`, the emulator's own setting. */
  enforceIam: boolean;
}

const CAPTURE_SECONDS = 5;

/**
 * Reads the settings from the environment.
 *
 * @throws Error that names every variable that is missing or wrong
 */
export function readSettings(environment: NodeJS.ProcessEnv): ServerSettings {
  const decoded = Environment.decode(environment);
  if (isLeft(decoded)) {
    const problems = decoded.left.map((problem) => {
      const name = problem.context.map((entry) => entry.key).filter((key) => /^[A-Z]/.test(key))[0] ?? "environment";
      const fault =
        problem.value === undefined ? "is not set" : `= ${JSON.stringify(problem.value)} ${problem.message}`;
      return `${name} ${fault}`;
    });
    throw new Error(`The local server's environment is wrong: ${[...new Set(problems)].join("; ")}`);
  }
  const values = decoded.right;
  return {
    port: values.LOCAL_SERVER_PORT,
    stateDirectory: values.LOCAL_SERVER_STATE_DIR,
    python: values.LOCAL_SERVER_PYTHON,
    region: values.AWS_REGION,
    accountId: values.AWS_ACCOUNT_ID,
    upstream: values.AWS_ENDPOINT_URL,
    endpoints: endpointVariables(environment),
    maxConcurrentJobs: Math.max(2, availableParallelism()),
    sourceDirectory: values.LOCAL_SERVER_SOURCE_DIR ?? projectRoot,
    captureIntervalSeconds: values.LOCAL_SERVER_CAPTURE_SECONDS ?? CAPTURE_SECONDS,
    endpointInstances: values.LOCAL_SERVER_ENDPOINT_INSTANCES ?? {},
    mlflowUrl: values.LOCAL_SERVER_MLFLOW_URL,
    enforceIam: values.AUTH === "true",
  };
}

function endpointVariables(environment: NodeJS.ProcessEnv): Record<string, string> {
  const found: Record<string, string> = {};
  for (const [name, value] of Object.entries(environment)) {
    if (name.startsWith("AWS_ENDPOINT_URL_") && value) found[name] = value;
  }
  return found;
}

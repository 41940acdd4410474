import { setTimeout as delay } from "node:timers/promises";
import { Sha256 } from "@aws-crypto/sha256-js";
import { defaultProvider } from "@aws-sdk/credential-provider-node";
import { HttpRequest } from "@smithy/protocol-http";
import { SignatureV4 } from "@smithy/signature-v4";
import * as t from "io-ts";
import { decodeJson } from "./decode";

/** MLflow refused a call. `errorCode` is its own: `RESOURCE_ALREADY_EXISTS`, `RESOURCE_DOES_NOT_EXIST`, … */
export class MlflowError extends Error {
  constructor(
    readonly call: string,
    readonly status: number,
    readonly errorCode: string,
    detail: string,
  ) {
    super(`MLflow answered ${call} with ${status} ${errorCode}: ${detail}`);
    this.name = "MlflowError";
  }
}

/** A run, which holds what is known of one execution; found again by one of its tags. */
export interface Run {
  name: string;
  startedAt: Date;
  /** No other run carries it. */
  tag: Tag;
  /** Given to a run that is made; one that is there keeps its own. */
  tags: Readonly<Record<string, string>>;
}

export interface Tag {
  key: string;
  value: string;
}

export interface ModelVersion {
  /** Digits, as MLflow writes versions. */
  version: string;
  tags: Readonly<Record<string, string>>;
}

/** What the platform asks of MLflow. */
export interface ModelRegistry {
  /** The experiment's id; the experiment is made when it does not exist. */
  ensureExperiment(name: string): Promise<string>;
  /** The latest run of the experiment that carries the tag. */
  findRun(experimentId: string, tag: Tag): Promise<string | undefined>;
  /** The id of the run with the tag; it is made, and runs, when it does not exist. */
  ensureRun(experimentId: string, run: Run): Promise<string>;
  tagRun(runId: string, tags: Readonly<Record<string, string>>): Promise<void>;
  endRun(runId: string, status: "FINISHED" | "FAILED"): Promise<void>;
  /** Makes the registered model when it does not exist. */
  ensureModel(name: string): Promise<void>;
  /** Versions that carry the tag, oldest first; at most 100. */
  findVersions(name: string, tag: Tag): Promise<ModelVersion[]>;
  createVersion(version: {
    name: string;
    source: string;
    runId: string;
    tags: Readonly<Record<string, string>>;
  }): Promise<ModelVersion>;
  /** Nothing happens where there is none. */
  deleteVersion(name: string, version: string): Promise<void>;
  tagVersion(name: string, version: string, tag: Tag): Promise<void>;
  setAlias(name: string, alias: string, version: string): Promise<void>;
  /** The version that the alias points at, or undefined. */
  versionOfAlias(name: string, alias: string): Promise<ModelVersion | undefined>;
}

const Pair = t.type({ key: t.string, value: t.string });
const Version = t.intersection([t.type({ version: t.string }), t.partial({ tags: t.array(Pair) })], "ModelVersion");
const VersionAnswer = t.type({ model_version: Version }, "ModelVersionAnswer");
const VersionsAnswer = t.partial({ model_versions: t.array(Version) }, "ModelVersionsAnswer");
const ExperimentAnswer = t.type({ experiment: t.type({ experiment_id: t.string }) }, "ExperimentAnswer");
const ExperimentIdAnswer = t.type({ experiment_id: t.string }, "ExperimentIdAnswer");
const RunInfo = t.type({ info: t.type({ run_id: t.string }) });
const RunAnswer = t.type({ run: RunInfo }, "RunAnswer");
const RunsAnswer = t.partial({ runs: t.array(RunInfo) }, "RunsAnswer");
const ErrorAnswer = t.type({ error_code: t.string, message: t.string }, "MlflowErrorAnswer");
const Nothing = t.unknown;

type Query = Readonly<Record<string, string>>;
type Call = { method: "GET"; query: Query } | { method: "POST" | "DELETE"; body: unknown };

interface CallOptions {
  /** A call that makes a new thing each time is not repeated when nobody knows whether it was done. */
  repeatable: boolean;
}

/** Tag of a model version: the SageMaker model package that it goes with. */
export const PACKAGE_TAG = "sagemaker_model_package_arn";

const SERVICE = "sagemaker-mlflow";
const API = "/api/2.0/mlflow/";
const ATTEMPTS = 4;
const TIMEOUT_MILLISECONDS = 20_000;

/**
 * MLflow's REST API on SageMaker, signed with SigV4 by the function's role. There is no AWS SDK package for it.
 *
 * The address is `https://<region of the ARN>.experiments.sagemaker.aws`, or what `AWS_ENDPOINT_URL_SAGEMAKER_MLFLOW`
 * says, as for every AWS SDK. Throttles and server errors are tried again, up to four times in all.
 *
 * @example
 * const mlflow = new MlflowClient("arn:aws:sagemaker:eu-west-1:123456789012:mlflow-app/app-1");
 * await mlflow.setAlias("fraud", "champion", "7");
 * @throws MlflowError when MLflow refuses a call; DecodeError when an answer is not what MLflow's documentation says.
 */
export class MlflowClient implements ModelRegistry {
  private readonly endpoint: URL;
  private readonly signer: SignatureV4;

  constructor(private readonly serverArn: string) {
    const region = serverArn.split(":")[3] ?? "";
    this.endpoint = new URL(
      process.env.AWS_ENDPOINT_URL_SAGEMAKER_MLFLOW ?? `https://${region}.experiments.sagemaker.aws`,
    );
    this.signer = new SignatureV4({ service: SERVICE, region, credentials: defaultProvider(), sha256: Sha256 });
  }

  async ensureExperiment(name: string): Promise<string> {
    const query = { experiment_name: name };
    const find = () => this.get("experiments/get-by-name", query, ExperimentAnswer);
    const known = await unlessMissing(find());
    if (known !== undefined) return known.experiment.experiment_id;
    const made = await unlessExisting(this.post("experiments/create", { name }, ExperimentIdAnswer));
    return made === undefined ? (await find()).experiment.experiment_id : made.experiment_id;
  }

  async findRun(experimentId: string, tag: Tag): Promise<string | undefined> {
    const { runs } = await this.post(
      "runs/search",
      { experiment_ids: [experimentId], filter: `tags.${tag.key} = ${quote(tag.value)}`, max_results: 1 },
      RunsAnswer,
    );
    return runs?.[0]?.info.run_id;
  }

  async ensureRun(experimentId: string, { name, startedAt, tag, tags }: Run): Promise<string> {
    const known = await this.findRun(experimentId, tag);
    if (known !== undefined) return known;
    const { run } = await this.post(
      "runs/create",
      {
        experiment_id: experimentId,
        run_name: name,
        start_time: startedAt.getTime(),
        tags: pairs({ ...tags, [tag.key]: tag.value }),
      },
      RunAnswer,
      { repeatable: false },
    );
    return run.info.run_id;
  }

  async tagRun(runId: string, tags: Readonly<Record<string, string>>): Promise<void> {
    await this.post("runs/log-batch", { run_id: runId, tags: pairs(tags) }, Nothing);
  }

  async endRun(runId: string, status: "FINISHED" | "FAILED"): Promise<void> {
    await this.post("runs/update", { run_id: runId, status, end_time: Date.now() }, Nothing);
  }

  async ensureModel(name: string): Promise<void> {
    await unlessExisting(this.post("registered-models/create", { name }, Nothing));
  }

  async findVersions(name: string, tag: Tag): Promise<ModelVersion[]> {
    const filter = `name = ${quote(name)} and tags.${tag.key} = ${quote(tag.value)}`;
    const { model_versions } = await this.get("model-versions/search", { filter, max_results: "100" }, VersionsAnswer);
    return (model_versions ?? []).map(versionOf).sort((one, other) => Number(one.version) - Number(other.version));
  }

  async createVersion(version: {
    name: string;
    source: string;
    runId: string;
    tags: Readonly<Record<string, string>>;
  }): Promise<ModelVersion> {
    const { model_version } = await this.post(
      "model-versions/create",
      { name: version.name, source: version.source, run_id: version.runId, tags: pairs(version.tags) },
      VersionAnswer,
      { repeatable: false },
    );
    return versionOf(model_version);
  }

  async deleteVersion(name: string, version: string): Promise<void> {
    const call: Call = { method: "DELETE", body: { name, version } };
    await unlessMissing(this.call("model-versions/delete", call, Nothing, { repeatable: true }));
  }

  async tagVersion(name: string, version: string, tag: Tag): Promise<void> {
    await this.put("model-versions/set-tag", { name, version, ...tag });
  }

  async setAlias(name: string, alias: string, version: string): Promise<void> {
    await this.put("registered-models/alias", { name, alias, version });
  }

  async versionOfAlias(name: string, alias: string): Promise<ModelVersion | undefined> {
    const answer = await unlessMissing(this.get("registered-models/alias", { name, alias }, VersionAnswer));
    return answer && versionOf(answer.model_version);
  }

  /** Sets a value. Of two calls that do so at once MLflow refuses one, by its database's constraint: it is there by then. */
  private async put(path: string, body: unknown): Promise<void> {
    const set = () => this.post(path, body, Nothing);
    if ((await unless(set(), ["BAD_REQUEST"])) === undefined) await set();
  }

  private get<A>(path: string, query: Query, codec: t.Type<A, unknown, unknown>): Promise<A> {
    return this.call(path, { method: "GET", query }, codec, { repeatable: true });
  }

  private post<A>(
    path: string,
    body: unknown,
    codec: t.Type<A, unknown, unknown>,
    options: CallOptions = { repeatable: true },
  ): Promise<A> {
    return this.call(path, { method: "POST", body }, codec, options);
  }

  private async call<A>(
    path: string,
    call: Call,
    codec: t.Type<A, unknown, unknown>,
    { repeatable }: CallOptions,
  ): Promise<A> {
    for (let attempt = 1; ; attempt++) {
      const outcome = await this.send(path, call);
      if (outcome.text !== undefined && outcome.status < 300)
        return decodeJson(codec, outcome.text, `MLflow's answer to ${path}`);
      const refusal = outcome.text === undefined ? outcome.error : refusalOf(path, outcome.status, outcome.text);
      const throttled = outcome.status === 429;
      const unknown = outcome.text === undefined || outcome.status >= 500;
      if (attempt === ATTEMPTS || !(throttled || (unknown && repeatable))) throw refusal;
      await delay(Math.random() * 200 * 2 ** attempt);
    }
  }

  private async send(
    path: string,
    call: Call,
  ): Promise<{ status: number; text: string } | { status: 0; text: undefined; error: Error }> {
    const body = call.method === "GET" ? undefined : JSON.stringify(call.body);
    const query = call.method === "GET" ? call.query : undefined;
    const signed = await this.signer.sign(
      new HttpRequest({
        method: call.method,
        protocol: this.endpoint.protocol,
        hostname: this.endpoint.hostname,
        path: `${API}${path}`,
        ...(this.endpoint.port === "" ? {} : { port: Number(this.endpoint.port) }),
        ...(query === undefined ? {} : { query }),
        headers: {
          host: this.endpoint.host,
          "content-type": "application/json",
          "x-mlflow-sm-tracking-server-arn": this.serverArn,
        },
        body,
      }),
    );
    const url = new URL(signed.path, this.endpoint);
    for (const [key, value] of Object.entries(query ?? {})) url.searchParams.set(key, value);
    // The signature covers spaces as %20, as SigV4 wants them; URLSearchParams writes them as +.
    url.search = url.search.replace(/\+/g, "%20");
    const headers = new Headers(signed.headers);
    headers.delete("host");
    try {
      const answer = await fetch(url, {
        method: call.method,
        headers,
        ...(body === undefined ? {} : { body }),
        signal: AbortSignal.timeout(TIMEOUT_MILLISECONDS),
      });
      return { status: answer.status, text: await answer.text() };
    } catch (error) {
      const cause = error instanceof Error && error.cause instanceof Error ? error.cause.message : String(error);
      const unreachable = new Error(`MLflow at ${this.endpoint.origin} did not answer ${path}: ${cause}`, {
        cause: error,
      });
      return { status: 0, text: undefined, error: unreachable };
    }
  }
}

const pairs = (record: Readonly<Record<string, string>>) =>
  Object.entries(record).map(([key, value]) => ({ key, value }));

/** A string in MLflow's filter language, which has no escape for quotes: a value with both kinds can't be written. */
export function quote(value: string): string {
  if (!value.includes("'")) return `'${value}'`;
  if (!value.includes('"')) return `"${value}"`;
  throw new Error(`MLflow cannot search for ${value}: it holds both kinds of quotes`);
}

function versionOf({ version, tags = [] }: t.TypeOf<typeof Version>): ModelVersion {
  return { version, tags: Object.fromEntries(tags.map(({ key, value }) => [key, value])) };
}

function refusalOf(path: string, status: number, text: string): MlflowError {
  try {
    const { error_code, message } = decodeJson(ErrorAnswer, text, "MLflow's refusal");
    return new MlflowError(path, status, error_code, message);
  } catch (error) {
    // A proxy's page, not MLflow's answer: its beginning says most.
    return new MlflowError(path, status, error instanceof Error ? error.name : "", text.slice(0, 200));
  }
}

const unlessMissing = <A>(call: Promise<A>) => unless(call, ["RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"]);
const unlessExisting = <A>(call: Promise<A>) => unless(call, ["RESOURCE_ALREADY_EXISTS"]);

async function unless<A>(call: Promise<A>, errorCodes: readonly string[]): Promise<A | undefined> {
  try {
    return await call;
  } catch (error) {
    if (error instanceof MlflowError && errorCodes.includes(error.errorCode)) return undefined;
    throw error;
  }
}

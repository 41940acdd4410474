import { Agent, type IncomingMessage, type ServerResponse } from "node:http";
import { createProxyServer, type ProxyServer } from "http-proxy-3";
import type { Access } from "../iam/access";
import type { RestHandler } from "./http-server";
import { messageOf } from "./errors";
import { AwsError } from "./json-service";
import { callerOf, signedBy } from "./service-caller";

const SERVICE = "sagemaker-mlflow";
const API = "/api/2.0/mlflow/";

/** Actions by method and path: SageMaker's names for what MLflow's REST API does. */
const ACTIONS: Readonly<Record<string, string>> = {
  "POST experiments/create": "CreateExperiment",
  "GET experiments/get": "GetExperiment",
  "GET experiments/get-by-name": "GetExperimentByName",
  "POST experiments/search": "SearchExperiments",
  "POST runs/create": "CreateRun",
  "GET runs/get": "GetRun",
  "POST runs/search": "SearchRuns",
  "POST runs/update": "UpdateRun",
  "POST runs/log-batch": "LogBatch",
  "POST runs/log-metric": "LogMetric",
  "POST runs/log-parameter": "LogParam",
  "POST runs/set-tag": "SetTag",
  "POST registered-models/create": "CreateRegisteredModel",
  "GET registered-models/get": "GetRegisteredModel",
  "POST registered-models/alias": "SetRegisteredModelAlias",
  "GET registered-models/alias": "GetModelVersionByAlias",
  "DELETE registered-models/alias": "DeleteRegisteredModelAlias",
  "POST model-versions/create": "CreateModelVersion",
  "GET model-versions/get": "GetModelVersion",
  "GET model-versions/search": "SearchModelVersions",
  "POST model-versions/set-tag": "SetModelVersionTag",
  "DELETE model-versions/delete": "DeleteModelVersion",
};

/** MLflow as SageMaker has it: its REST API for signed requests, each held to what the caller may do. */
export class MlflowProxy implements RestHandler {
  private readonly agent = new Agent({ keepAlive: true, timeout: 60_000 });
  private readonly proxy: ProxyServer;

  /** @param mlflow the server behind it */
  constructor(
    mlflow: string,
    private readonly access: Access,
  ) {
    // MLflow takes requests for its own host alone.
    this.proxy = createProxyServer({ target: mlflow, agent: this.agent, changeOrigin: true });
  }

  matches(request: IncomingMessage, path: string): boolean {
    return path.startsWith(API) && signedBy(request.headers.authorization).service === SERVICE;
  }

  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      await this.admit(request);
    } catch (error) {
      if (!(error instanceof AwsError)) throw error;
      return refuse(response, 403, error.code, error.message);
    }
    await new Promise<void>((done) => {
      response.once("close", done);
      this.proxy.web(request, response, {}, (error) => {
        if (response.headersSent) return void response.destroy(error);
        refuse(response, 503, "TEMPORARILY_UNAVAILABLE", `MLflow does not answer: ${messageOf(error)}`);
      });
    });
  }

  close(): void {
    this.agent.destroy();
    this.proxy.close();
  }

  private async admit(request: IncomingMessage): Promise<void> {
    const arn = request.headers["x-mlflow-sm-tracking-server-arn"];
    const path = (request.url ?? "").split("?", 1)[0]?.slice(API.length) ?? "";
    const operation = ACTIONS[`${request.method} ${path}`] ?? path;
    const calling = typeof arn === "string" && arn.includes(":mlflow-app/") ? "CallMlflowAppApi" : undefined;
    const resources = [typeof arn === "string" ? arn : "*"];
    await this.access.require(callerOf(request), () => [
      ...(calling ? [{ action: `sagemaker:${calling}`, resources }] : []),
      { action: `${SERVICE}:${operation}`, resources },
    ]);
  }
}

/** As MLflow writes errors. */
function refuse(response: ServerResponse, status: number, code: string, message: string): void {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify({ error_code: code, message }));
}

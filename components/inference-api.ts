import { createHash } from "node:crypto";
import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import type { Api } from "../config/serving";
import { InferenceEnvironment } from "../functions/inference/env";
import { InferenceHealthEnvironment } from "../functions/inference-health/env";
import type { CanaryEndpoint } from "./canary-endpoint";
import type { ComponentArgs, Transform } from "./component";
import { PlatformComponent, refuse } from "./component";
import type { EnvironmentCodec, FunctionOverrides } from "./lambda-function";
import { LambdaFunction } from "./lambda-function";
import type { ModelRegistry } from "./model-registry";

export interface InferenceApiArgs extends ComponentArgs {
  endpoint: CanaryEndpoint;
  registry: ModelRegistry;
  api: Api;
  functions?: { inference?: FunctionOverrides; inferenceHealth?: FunctionOverrides };
  transform?: {
    api?: Transform<aws.apigateway.RestApiArgs>;
    stage?: Transform<aws.apigateway.StageArgs>;
    usagePlan?: Transform<aws.apigateway.UsagePlanArgs>;
  };
}

interface Route {
  path: string;
  method: "GET" | "POST";
  apiKeyRequired: boolean;
}

/** What a route is made of, and what a caller can see of it. */
interface MadeRoute {
  resources: pulumi.Resource[];
  surface: Route & { uri: pulumi.Output<string> };
}

const STAGE = "v1";
const ROUTES = {
  predict: { path: "predict", method: "POST", apiKeyRequired: true },
  health: { path: "health", method: "GET", apiKeyRequired: false },
} as const satisfies Record<string, Route>;

/** Answers that API Gateway gives by itself, as problem+json. */
const PROBLEMS = [
  { responseType: "INVALID_API_KEY", status: 403, code: "forbidden", title: "The API key is missing or not valid" },
  { responseType: "ACCESS_DENIED", status: 403, code: "forbidden", title: "Access is denied" },
  { responseType: "MISSING_AUTHENTICATION_TOKEN", status: 404, code: "not-found", title: "There is no such route" },
  { responseType: "THROTTLED", status: 429, code: "throttled", title: "Too many requests: wait and try again" },
  { responseType: "QUOTA_EXCEEDED", status: 429, code: "quota-exceeded", title: "The key's quota is used up" },
  { responseType: "REQUEST_TOO_LARGE", status: 413, code: "payload-too-large", title: "The request is too large" },
  {
    responseType: "UNSUPPORTED_MEDIA_TYPE",
    status: 415,
    code: "unsupported-media-type",
    title: "The media type is not supported",
  },
  { responseType: "DEFAULT_4XX", code: "refused", title: "The request was refused" },
  { responseType: "DEFAULT_5XX", status: 503, code: "unavailable", title: "The service is not available: try again" },
] as const satisfies readonly Problem[];

interface Problem {
  responseType: string;
  /** Default: what API Gateway gives. */
  status?: number;
  code: string;
  title: string;
}

/** The body of such an answer, in the form that the functions give theirs. */
function problemTemplate({ status, code, title }: Problem): string {
  return JSON.stringify({
    type: `urn:fraud-platform:problem:${code}`,
    title,
    ...(status === undefined ? {} : { status }),
    detail: title,
    code,
    requestId: "$context.requestId",
  });
}

/** Fields of an access log: who asked what, how it ended and how long it took; never what was sent. */
const ACCESS_LOG = JSON.stringify({
  requestId: "$context.requestId",
  apiKeyId: "$context.identity.apiKeyId",
  method: "$context.httpMethod",
  path: "$context.resourcePath",
  status: "$context.status",
  responseMilliseconds: "$context.responseLatency",
  integrationMilliseconds: "$context.integrationLatency",
  error: "$context.error.responseType",
});

/**
 * The API that teams call: `POST /predict` with a key, `GET /health` without. A usage plan limits each key. Its access
 * log needs the role that API Gateway writes logs with, a setting of the account and region that stacks share.
 *
 * @example
 * const api = new InferenceApi("api", { endpoint, registry, api: { authorizer: "none", rateLimitPerSecond: 50, burstLimit: 100, quotaPerDay: 100_000 } });
 * @throws Error where an authorizer is asked for: the API key is all there is so far.
 */
export class InferenceApi extends PlatformComponent {
  readonly url: pulumi.Output<string>;
  /** Secret. */
  readonly apiKey: pulumi.Output<string>;

  constructor(name: string, args: InferenceApiArgs, options?: pulumi.ComponentResourceOptions) {
    refuse(
      "InferenceApi",
      name,
      args.api.authorizer === "none" ? [] : [`api.authorizer is "${args.api.authorizer}": only "none" is built so far`],
    );
    super("InferenceApi", name, args, options);

    const api = this.child(
      aws.apigateway.RestApi,
      "api",
      {
        name: `${pulumi.getProject()}-${pulumi.getStack()}-${name}`,
        description: "Scores credit card transactions",
        endpointConfiguration: { types: "REGIONAL" },
        tags: this.tags,
      },
      args.transform?.api,
    );
    const functions = this.makeFunctions(args);
    const routes = [
      this.makeRoute(api, "predict", ROUTES.predict, functions.predict),
      this.makeRoute(api, "health", ROUTES.health, functions.health),
    ];
    const stage = this.makeStage(api, routes, this.makeProblems(api), args);
    this.apiKey = this.makeKey(api, stage, args);
    this.url = stage.invokeUrl;
    this.registerOutputs({ url: this.url, apiKey: this.apiKey });
  }

  private makeFunctions(args: InferenceApiArgs) {
    const { endpoint, registry } = args;
    const variables = { ENDPOINT_NAME: endpoint.endpointName, MODEL_NAME: registry.modelName };
    const predict = new LambdaFunction(
      this.childName("predict"),
      {
        ...this.shared,
        ...args.functions?.inference,
        functionName: "inference",
        description: "Scores transactions",
        environment: InferenceEnvironment,
        variables,
        statements: [],
        // Below API Gateway's own 29 s, so that the answer is ours.
        timeoutSeconds: 25,
        memoryMib: 1024,
      },
      { parent: this },
    );
    endpoint.grantInvoke("invoke", predict);
    const health = new LambdaFunction(
      this.childName("health"),
      {
        ...this.shared,
        ...args.functions?.inferenceHealth,
        functionName: "inference-health",
        description: "Says whether the endpoint serves, and which model",
        environment: InferenceHealthEnvironment,
        variables,
        statements: [endpoint.describing(), endpoint.describingModel()],
        timeoutSeconds: 10,
        memoryMib: 256,
      },
      { parent: this },
    );
    return { predict, health };
  }

  private makeRoute(
    api: aws.apigateway.RestApi,
    suffix: string,
    route: Route,
    handler: Pick<LambdaFunction<EnvironmentCodec>, "invokeArn" | "name">,
  ): MadeRoute {
    const resource = this.child(aws.apigateway.Resource, suffix, {
      restApi: api.id,
      parentId: api.rootResourceId,
      pathPart: route.path,
    });
    const method = this.child(aws.apigateway.Method, suffix, {
      restApi: api.id,
      resourceId: resource.id,
      httpMethod: route.method,
      authorization: "NONE",
      apiKeyRequired: route.apiKeyRequired,
    });
    const integration = this.child(aws.apigateway.Integration, suffix, {
      restApi: api.id,
      resourceId: resource.id,
      httpMethod: method.httpMethod,
      type: "AWS_PROXY",
      integrationHttpMethod: "POST",
      uri: handler.invokeArn,
    });
    const permission = this.child(aws.lambda.Permission, suffix, {
      function: handler.name,
      action: "lambda:InvokeFunction",
      principal: "apigateway.amazonaws.com",
      sourceArn: pulumi.interpolate`${api.executionArn}/*/${route.method}/${route.path}`,
    });
    return {
      resources: [resource, method, integration, permission],
      surface: { ...route, uri: handler.invokeArn },
    };
  }

  private makeProblems(api: aws.apigateway.RestApi): pulumi.Resource[] {
    return PROBLEMS.map((problem: Problem) =>
      this.child(aws.apigateway.Response, `answers-${problem.responseType.toLowerCase().replaceAll("_", "-")}`, {
        restApiId: api.id,
        responseType: problem.responseType,
        statusCode: problem.status === undefined ? undefined : String(problem.status),
        responseParameters: { "gatewayresponse.header.Content-Type": "'application/problem+json'" },
        responseTemplates: { "application/json": problemTemplate(problem) },
      }),
    );
  }

  private makeStage(
    api: aws.apigateway.RestApi,
    routes: MadeRoute[],
    problems: pulumi.Resource[],
    args: InferenceApiArgs,
  ): aws.apigateway.Stage {
    const accessLog = this.child(aws.cloudwatch.LogGroup, "access", {
      retentionInDays: this.shared.logRetentionDays,
      tags: this.tags,
    });
    const surface = pulumi.jsonStringify({ routes: routes.map((route) => route.surface), problems: PROBLEMS });
    const deployment = this.child(
      aws.apigateway.Deployment,
      "api",
      {
        restApi: api.id,
        // A new deployment for every change of the surface: a stage would go on serving the old one.
        triggers: { surface: surface.apply((json) => createHash("sha256").update(json).digest("hex")) },
      },
      undefined,
      { dependsOn: [...routes.flatMap((route) => route.resources), ...problems] },
    );
    const stage = this.child(
      aws.apigateway.Stage,
      "api",
      {
        restApi: api.id,
        deployment: deployment.id,
        stageName: STAGE,
        accessLogSettings: { destinationArn: accessLog.arn, format: ACCESS_LOG },
        tags: this.tags,
      },
      args.transform?.stage,
    );
    this.child(aws.apigateway.MethodSettings, "api", {
      restApi: api.id,
      stageName: stage.stageName,
      methodPath: "*/*",
      // Execution logs would hold what clients send.
      settings: { metricsEnabled: true, loggingLevel: "OFF", dataTraceEnabled: false },
    });
    return stage;
  }

  private makeKey(
    api: aws.apigateway.RestApi,
    stage: aws.apigateway.Stage,
    args: InferenceApiArgs,
  ): pulumi.Output<string> {
    // Keys' names are one space per account and region: project and stack keep them apart.
    const name = `${pulumi.getProject()}-${pulumi.getStack()}-${this.childName("client")}`;
    const key = this.child(aws.apigateway.ApiKey, "client", {
      name,
      description: "Clients of the API",
      tags: this.tags,
    });
    const { rateLimitPerSecond, burstLimit, quotaPerDay } = args.api;
    const plan = this.child(
      aws.apigateway.UsagePlan,
      "client",
      {
        name,
        apiStages: [{ apiId: api.id, stage: stage.stageName }],
        throttleSettings: { rateLimit: rateLimitPerSecond, burstLimit },
        quotaSettings: { limit: quotaPerDay, period: "DAY" },
        tags: this.tags,
      },
      args.transform?.usagePlan,
    );
    this.child(aws.apigateway.UsagePlanKey, "client", { usagePlanId: plan.id, keyId: key.id, keyType: "API_KEY" });
    return pulumi.secret(key.value);
  }
}

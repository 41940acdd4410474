import { createHash } from "node:crypto";
import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import type { Api } from "../config/api";
import { InferenceEnvironment } from "../functions/inference/env";
import { InferenceHealthEnvironment } from "../functions/inference-health/env";
import { ApiAuthorizer } from "./api-authorizer";
import type { OperationId, Route } from "./api-document";
import { routes } from "./api-document";
import { type Problem, problemResponse, problems } from "./api-problems";
import type { CanaryEndpoint } from "./canary-endpoint";
import type { ComponentArgs, Transform } from "./component";
import { PlatformComponent } from "./component";
import type { EnvironmentCodec, FunctionOverrides } from "./lambda-function";
import { LambdaFunction } from "./lambda-function";
import type { ModelRegistry } from "./model-registry";

/** What the API needs of the endpoint behind it. */
export type ServingEndpoint = Pick<
  CanaryEndpoint,
  "endpointName" | "deploymentsTableName" | "grantInvoke" | "describing" | "describingModel" | "readingDeployments"
>;

export interface InferenceApiArgs extends ComponentArgs {
  endpoint: ServingEndpoint;
  registry: Pick<ModelRegistry, "modelName">;
  api: Api;
  functions?: { inference?: FunctionOverrides; inferenceHealth?: FunctionOverrides; authorize?: FunctionOverrides };
  transform?: {
    api?: Transform<aws.apigateway.RestApiArgs>;
    stage?: Transform<aws.apigateway.StageArgs>;
    usagePlan?: Transform<aws.apigateway.UsagePlanArgs>;
  };
}

/** What a route is made of, and what a caller can see of it. */
interface MadeRoute {
  resources: pulumi.Resource[];
  surface: object;
}

type RouteHandler = Pick<LambdaFunction<EnvironmentCodec>, "invokeArn" | "name">;

const STAGE = "v1";

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
 * The API that teams call, as `api/openapi.json` describes it: `POST /predict` with a key, `GET /health` without. A usage
 * plan limits each key. Its access log needs the role that API Gateway writes logs with, a setting of the account and
 * region that stacks share.
 *
 * @example
 * const api = new InferenceApi("api", {
 *   endpoint, registry,
 *   api: { authorizer: { type: "none" }, keys: ["client"], rateLimitPerSecond: 50, burstLimit: 100, quotaPerDay: 100_000 },
 * });
 */
export class InferenceApi extends PlatformComponent {
  readonly apiName: pulumi.Output<string>;
  readonly stageName = STAGE;
  readonly url: pulumi.Output<string>;
  /** The newest key. Secret. */
  readonly apiKey: pulumi.Output<string>;

  constructor(name: string, args: InferenceApiArgs, options?: pulumi.ComponentResourceOptions) {
    super("InferenceApi", name, args, options);

    const api = this.child(
      aws.apigateway.RestApi,
      "api",
      {
        name: `${pulumi.getProject()}-${pulumi.getStack()}-${name}`,
        description: "Scores credit card transactions",
        endpointConfiguration: { types: "REGIONAL" },
        securityPolicy: "SecurityPolicy_TLS13_1_2_PFS_PQ_2025_09",
        endpointAccessMode: "STRICT",
        tags: this.tags,
      },
      args.transform?.api,
    );
    const authorizer = new ApiAuthorizer(
      this.childName("authorizer"),
      {
        ...this.shared,
        api,
        authorizer: args.api.authorizer,
        ...(args.functions?.authorize === undefined ? {} : { function: args.functions.authorize }),
      },
      { parent: this },
    );
    const functions = this.makeFunctions(args);
    const made = routes().map((route) => this.makeRoute(api, route, functions[route.operationId], authorizer));
    const stage = this.makeStage(api, made, authorizer, args);
    this.apiKey = this.makeKeys(api, stage, args);
    this.apiName = api.name;
    this.url = stage.invokeUrl;
    this.registerOutputs({ url: this.url, apiKey: this.apiKey });
  }

  private makeFunctions(args: InferenceApiArgs): Record<OperationId, RouteHandler> {
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
        variables: { ...variables, DEPLOYMENTS_TABLE_NAME: endpoint.deploymentsTableName },
        statements: [endpoint.describing(), endpoint.describingModel(), ...endpoint.readingDeployments()],
        timeoutSeconds: 10,
        memoryMib: 256,
      },
      { parent: this },
    );
    return { predict, health };
  }

  private makeRoute(
    api: aws.apigateway.RestApi,
    route: Route,
    handler: RouteHandler,
    authorizer: ApiAuthorizer,
  ): MadeRoute {
    const suffix = route.operationId;
    const resource = this.child(aws.apigateway.Resource, suffix, {
      restApi: api.id,
      parentId: api.rootResourceId,
      pathPart: route.path,
    });
    const checks = this.makeChecks(api, route);
    const method = this.child(aws.apigateway.Method, suffix, {
      restApi: api.id,
      resourceId: resource.id,
      httpMethod: route.method,
      operationName: route.operationId,
      apiKeyRequired: route.secured,
      ...(route.secured ? authorizer.method : { authorization: "NONE" }),
      ...checks.method,
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
    const { authorization, authorizerId } = route.secured ? authorizer.method : { authorization: "NONE" };
    return {
      resources: [resource, ...checks.resources, method, integration, permission],
      surface: { ...route, uri: handler.invokeArn, authorization, authorizerId },
    };
  }

  /** What API Gateway checks of a request before the function is called: the rest is the function's. */
  private makeChecks(
    api: aws.apigateway.RestApi,
    { operationId, query, model }: Route,
  ): { resources: pulumi.Resource[]; method: Partial<aws.apigateway.MethodArgs> } {
    const requestParameters = Object.fromEntries(
      Object.entries(query).map(([name, required]) => [`method.request.querystring.${name}`, required]),
    );
    if (model === undefined) return { resources: [], method: {} };
    const checked = this.child(aws.apigateway.Model, operationId, {
      restApi: api.id,
      name: model.name,
      contentType: "application/json",
      schema: JSON.stringify(model.schema),
    });
    const validator = this.child(aws.apigateway.RequestValidator, operationId, {
      restApi: api.id,
      name: operationId,
      validateRequestBody: true,
      validateRequestParameters: true,
    });
    return {
      resources: [checked, validator],
      method: {
        requestParameters,
        // Bodies of other types are the function's to check.
        requestModels: { "application/json": checked.name },
        requestValidatorId: validator.id,
      },
    };
  }

  private makeProblems(api: aws.apigateway.RestApi, all: readonly Problem[]): pulumi.Resource[] {
    return all.map((problem) =>
      this.child(aws.apigateway.Response, `answers-${problem.responseType.toLowerCase().replaceAll("_", "-")}`, {
        restApiId: api.id,
        responseType: problem.responseType,
        statusCode: problem.status === undefined ? undefined : String(problem.status),
        ...problemResponse(problem),
      }),
    );
  }

  private makeStage(
    api: aws.apigateway.RestApi,
    made: MadeRoute[],
    authorizer: ApiAuthorizer,
    args: InferenceApiArgs,
  ): aws.apigateway.Stage {
    const answers = problems(args.api.authorizer.type);
    const others = [...this.makeProblems(api, answers), ...authorizer.resources];
    const accessLog = this.child(aws.cloudwatch.LogGroup, "access", {
      retentionInDays: this.shared.logRetentionDays,
      tags: this.tags,
    });
    const surface = pulumi.jsonStringify({
      routes: made.map((route) => route.surface),
      problems: answers,
      authorizer: authorizer.surface,
    });
    const deployment = this.child(
      aws.apigateway.Deployment,
      "api",
      {
        restApi: api.id,
        // A new deployment for every change of the surface: a stage would go on serving the old one.
        triggers: { surface: surface.apply((json) => createHash("sha256").update(json).digest("hex")) },
      },
      undefined,
      { dependsOn: [...made.flatMap((route) => route.resources), ...others] },
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

  /** The keys that work, and the plan that limits each. */
  private makeKeys(
    api: aws.apigateway.RestApi,
    stage: aws.apigateway.Stage,
    args: InferenceApiArgs,
  ): pulumi.Output<string> {
    // Keys' and plans' names are one space per account and region: project and stack keep them apart.
    const nameOf = (suffix: string) => `${pulumi.getProject()}-${pulumi.getStack()}-${this.childName(suffix)}`;
    const { keys, rateLimitPerSecond, burstLimit, quotaPerDay } = args.api;
    const plan = this.child(
      aws.apigateway.UsagePlan,
      "clients",
      {
        name: nameOf("clients"),
        apiStages: [{ apiId: api.id, stage: stage.stageName }],
        throttleSettings: { rateLimit: rateLimitPerSecond, burstLimit },
        quotaSettings: { limit: quotaPerDay, period: "DAY" },
        tags: this.tags,
      },
      args.transform?.usagePlan,
    );
    const values = keys.map((name) => {
      const suffix = `key-${name}`;
      const key = this.child(aws.apigateway.ApiKey, suffix, {
        name: nameOf(suffix),
        description: "Clients of the API",
        tags: this.tags,
      });
      this.child(aws.apigateway.UsagePlanKey, suffix, { usagePlanId: plan.id, keyId: key.id, keyType: "API_KEY" });
      return key.value;
    });
    const newest = values.at(-1);
    if (newest === undefined) throw new Error("api.keys names no key: give one at least");
    return pulumi.secret(newest);
  }
}

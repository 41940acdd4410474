import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import type { Authorizer } from "../config/api";
import { AuthorizeEnvironment } from "../functions/authorize/env";
import type { ComponentArgs } from "./component";
import { PlatformComponent } from "./component";
import type { FunctionOverrides } from "./lambda-function";
import { LambdaFunction } from "./lambda-function";

export interface ApiAuthorizerArgs extends ComponentArgs {
  api: aws.apigateway.RestApi;
  authorizer: Authorizer;
  /** Of the function that verifies tokens, where the authorizer is `jwt`. */
  function?: FunctionOverrides;
}

interface Made {
  method: MethodAuthorization;
  resources: pulumi.Resource[];
  surface: object;
}

/** What a method says of who may call it. */
export type MethodAuthorization = Pick<aws.apigateway.MethodArgs, "authorization" | "authorizerId">;

/** Seconds that API Gateway remembers what it was told of a token. */
const CACHE_SECONDS = 300;
const IDENTITY_SOURCE = "method.request.header.Authorization";

/**
 * Who may call an API's methods, beside whoever has a key: nobody else is asked (`none`), principals of AWS (`iam`),
 * users of Cognito pools, or whoever shows a JSON web token (`Authorization: Bearer …`) that its issuer signed.
 *
 * @example
 * const { method } = new ApiAuthorizer("api-authorizer", { api, authorizer: { type: "jwt", issuer: "https://id.example", audience: ["fraud"] } });
 * new aws.apigateway.Method("predict", { restApi: api.id, resourceId, httpMethod: "POST", ...method });
 */
export class ApiAuthorizer extends PlatformComponent {
  readonly method: MethodAuthorization;
  /** What an API's deployment must wait for. */
  readonly resources: pulumi.Resource[];
  /** What callers can see of it: an API with another one must be deployed anew. */
  readonly surface: object;

  constructor(name: string, args: ApiAuthorizerArgs, options?: pulumi.ComponentResourceOptions) {
    super("ApiAuthorizer", name, args, options);
    const { method, resources, surface } = this.make(args);
    this.method = method;
    this.resources = resources;
    this.surface = surface;
    this.registerOutputs({});
  }

  private make(args: ApiAuthorizerArgs): Made {
    const { authorizer } = args;
    switch (authorizer.type) {
      case "none":
        return { method: { authorization: "NONE" }, resources: [], surface: {} };
      case "iam":
        return { method: { authorization: "AWS_IAM" }, resources: [], surface: {} };
      case "cognito": {
        const surface = { providerArns: [...authorizer.userPoolArns], identitySource: IDENTITY_SOURCE };
        const made = this.child(aws.apigateway.Authorizer, "pools", {
          name: this.childName("pools"),
          restApi: args.api.id,
          type: "COGNITO_USER_POOLS",
          ...surface,
        });
        return { method: { authorization: "COGNITO_USER_POOLS", authorizerId: made.id }, resources: [made], surface };
      }
      case "jwt":
        return this.makeTokenAuthorizer(args, authorizer);
    }
  }

  private makeTokenAuthorizer(args: ApiAuthorizerArgs, authorizer: Authorizer & { type: "jwt" }): Made {
    const { issuer, audience, jwksUri = `${issuer.replace(/\/$/, "")}/.well-known/jwks.json` } = authorizer;
    const verify = new LambdaFunction(
      this.childName("authorize"),
      {
        ...this.shared,
        ...args.function,
        functionName: "authorize",
        description: "Verifies the tokens of who calls the API",
        environment: AuthorizeEnvironment,
        variables: { JWT_ISSUER: issuer, JWT_AUDIENCE: JSON.stringify(audience), JWKS_URI: jwksUri },
        statements: [],
        timeoutSeconds: 10,
        memoryMib: 256,
      },
      { parent: this },
    );
    const surface = {
      authorizerUri: verify.invokeArn,
      identitySource: IDENTITY_SOURCE,
      authorizerResultTtlInSeconds: CACHE_SECONDS,
    };
    const made = this.child(aws.apigateway.Authorizer, "tokens", {
      name: this.childName("tokens"),
      restApi: args.api.id,
      type: "REQUEST",
      ...surface,
    });
    const permission = this.child(aws.lambda.Permission, "tokens", {
      function: verify.name,
      action: "lambda:InvokeFunction",
      principal: "apigateway.amazonaws.com",
      sourceArn: pulumi.interpolate`${args.api.executionArn}/authorizers/${made.id}`,
    });
    return { method: { authorization: "CUSTOM", authorizerId: made.id }, resources: [made, permission], surface };
  }
}

// Who gets through the inference API, made by the real engine on the local cloud with a model in service behind it.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { APIGatewayClient, GetApiKeysCommand } from "@aws-sdk/client-api-gateway";
import { CreateRoleCommand, IAMClient, PutRolePolicyCommand } from "@aws-sdk/client-iam";
import { LambdaClient, ListFunctionsCommand, UpdateFunctionConfigurationCommand } from "@aws-sdk/client-lambda";
import { CreateBucketCommand, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import {
  CreateEndpointCommand,
  CreateEndpointConfigCommand,
  CreateModelCommand,
  DescribeEndpointCommand,
  SageMakerClient,
} from "@aws-sdk/client-sagemaker";
import { AssumeRoleCommand, STSClient } from "@aws-sdk/client-sts";
import { output } from "@pulumi/pulumi";
import { expect } from "chai";
import { createFraudClient, type Transaction } from "../../../clients/typescript";
import { InferenceApi, type ServingEndpoint } from "../../../components/inference-api";
import type { Api } from "../../../config/api";
import { FEATURES } from "../../../functions/shared/transactions";
import { environment, startCloud, type RunningCloud } from "../../../local/cloud";
import { run } from "../../../local/engine";
import { buildFunctions } from "../../components/support/mocks";
import { IMAGE, modelArchive, ROLE, SERVING_ENVIRONMENT, until } from "../../functions/support/platform";
import { TokenIssuer } from "../../functions/support/token-issuer";
import { badAuthorizations } from "../../functions/support/tokens";
import { signed } from "../support/caller";
import { Workbench } from "../support/stack";

const REGION = "eu-west-1";
const ACCOUNT = "123456789012";
const CREDENTIALS = { accessKeyId: "local", secretAccessKey: "local" };
const PLENTY: Api = {
  authorizer: { type: "none" },
  keys: ["client"],
  rateLimitPerSecond: 10_000,
  burstLimit: 5_000,
  quotaPerDay: 1_000_000,
};
/** Of the API for principals, in requests a day. */
const QUOTA = 2;
/** Of the API for a pool's users, in requests at once; the next one may follow after 10 s. */
const BURST = 2;
/** How long somebody who asks all the while waits after each answer. */
const PAUSE_MILLISECONDS = 40;
const POOL_PASSWORD = "Correct-horse-7";

const ENDPOINT = "served";
const allowing = (action: string, kind: string) => ({
  actions: [`sagemaker:${action}`],
  resources: [`arn:aws:sagemaker:${REGION}:${ACCOUNT}:${kind}/*`],
});
/** An endpoint that somebody else has made. */
const SERVING: ServingEndpoint = {
  endpointName: ENDPOINT,
  deploymentsTableName: output("deployments"),
  grantInvoke: (name, grantee) => grantee.grant(name, [allowing("InvokeEndpoint", "endpoint")]),
  describing: () => allowing("DescribeEndpoint", "endpoint"),
  describingModel: () => allowing("DescribeModel", "model"),
  readingDeployments: () => [],
};

const transaction = Object.fromEntries(FEATURES.map((name) => [name, 0.5])) as unknown as Transaction;
const BODY = JSON.stringify({ transactions: [transaction] });

describe("the inference API on the local cloud", function () {
  const directory = mkdtempSync(join(tmpdir(), "callers-"));
  let cloud: RunningCloud;
  let bench: Workbench;
  let issuer: TokenIssuer;
  let pool: { arn: string; clientId: string };
  let urls: Record<string, string>;
  const tokens = (...keys: string[]): Record<string, Partial<Api>> => ({
    tokens: { authorizer: { type: "jwt", issuer: issuer.url, audience: ["fraud", "risk"] }, keys },
  });
  const others = (): Record<string, Partial<Api>> => ({
    principals: { authorizer: { type: "iam" }, quotaPerDay: QUOTA },
    pools: {
      authorizer: { type: "cognito", userPoolArns: [pool.arn] },
      keys: ["one", "two"],
      rateLimitPerSecond: 0.1,
      burstLimit: BURST,
    },
  });

  before(async () => {
    issuer = await TokenIssuer.make();
    const before = process.env.NODE_EXTRA_CA_CERTS;
    process.env.NODE_EXTRA_CA_CERTS = issuer.rootsFile;
    try {
      [cloud] = await Promise.all([
        startCloud({ directory: join(directory, "cloud"), region: REGION }),
        buildFunctions(),
      ]);
    } finally {
      if (before === undefined) delete process.env.NODE_EXTRA_CA_CERTS;
      else process.env.NODE_EXTRA_CA_CERTS = before;
    }
    bench = new Workbench(environment(cloud.description));
    await bench.prepare();
    pool = await makePool();
    const serving = serve();
    urls = await up(tokens("first"));
    await serving;
  });
  after(async () => {
    await cloud.stop();
    await issuer.close();
    bench.clean();
    rmSync(directory, { recursive: true, force: true });
  });

  const options = () => ({ endpoint: cloud.description.awsEndpointUrl, region: REGION, credentials: CREDENTIALS });

  async function up(wanted: Record<string, Partial<Api>>): Promise<Record<string, string>> {
    const program = () => {
      const made = Object.entries(wanted).map(([name, api]) => {
        const { url } = new InferenceApi(name, {
          endpoint: SERVING,
          registry: { modelName: "fraud" },
          api: { ...PLENTY, ...api },
        });
        return [name, url];
      });
      return Promise.resolve(Object.fromEntries(made) as Record<string, unknown>);
    };
    const { outputs } = await run(await bench.open("callers", program), "up");
    return Object.fromEntries(Object.entries(outputs).map(([name, { value }]) => [name, String(value)]));
  }

  /** Puts a model in service under the endpoint's name. */
  async function serve(): Promise<void> {
    const [s3, sagemaker] = [new S3Client({ ...options(), forcePathStyle: true }), new SageMakerClient(options())];
    const Bucket = "models-of-callers";
    await s3.send(new CreateBucketCommand({ Bucket }));
    await s3.send(new PutObjectCommand({ Bucket, Key: "model.tar.gz", Body: await modelArchive() }));
    const FRAUD_MODEL_PACKAGE_ARN = `arn:aws:sagemaker:${REGION}:${ACCOUNT}:model-package/fraud/7`;
    await sagemaker.send(
      new CreateModelCommand({
        ModelName: "served",
        ExecutionRoleArn: ROLE,
        PrimaryContainer: {
          Image: IMAGE,
          ModelDataUrl: `s3://${Bucket}/model.tar.gz`,
          Environment: { ...SERVING_ENVIRONMENT, FRAUD_MODEL_PACKAGE_ARN },
        },
      }),
    );
    const variant = { InitialInstanceCount: 1, InstanceType: "ml.m5.large", ModelName: "served" } as const;
    await sagemaker.send(
      new CreateEndpointConfigCommand({
        EndpointConfigName: "served",
        ProductionVariants: [{ ...variant, VariantName: "main" }],
      }),
    );
    const EndpointName = ENDPOINT;
    await sagemaker.send(new CreateEndpointCommand({ EndpointName, EndpointConfigName: "served" }));
    await until("the endpoint", async () => {
      const { EndpointStatus } = await sagemaker.send(new DescribeEndpointCommand({ EndpointName }));
      return EndpointStatus === "InService" ? true : undefined;
    });
  }

  /** The value of an API's key. */
  async function keyOf(api: string, name = "client"): Promise<string> {
    const { items = [] } = await new APIGatewayClient(options()).send(new GetApiKeysCommand({ includeValues: true }));
    return items.find((each) => each.name === `fraud-callers-${api}-key-${name}`)?.value ?? "";
  }

  const predict = (api: string, headers: Record<string, string>) =>
    fetch(`${urls[api]}/predict`, {
      method: "POST",
      headers: { "content-type": "application/json", ...headers },
      body: BODY,
    });

  /** The problem that an answer is. */
  async function problemOf(answer: Response) {
    expect(answer.headers.get("content-type")).to.equal("application/problem+json");
    const { type, title, status, code, requestId } = (await answer.json()) as Record<string, unknown>;
    expect(type).to.equal(`urn:fraud-platform:problem:${String(code)}`);
    expect(title).to.be.a("string");
    expect(requestId).to.match(/\S/);
    return { status: answer.status, said: status, code };
  }
  const refused = async (answer: Response, status: number, code: string) =>
    expect(await problemOf(answer)).to.deep.equal({ status, said: status, code });

  /** Calls the API for holders of tokens, with a key. */
  const show = async (authorization?: string, key = "second") =>
    predict("tokens", {
      "x-api-key": await keyOf("tokens", key),
      ...(authorization === undefined ? {} : { authorization }),
    });

  it("answers a token with 503 while nobody can tell, and 200 as soon as the issuer's keys can be had", async () => {
    const authorization = issuer.authorization();
    const untold = await show(authorization, "first");
    expect(untold.headers.get("retry-after")).to.equal("5");
    await refused(untold, 503, "unavailable");
    await issuer.open();
    await until("the token to be looked at", async () => {
      const answer = await show(authorization, "first");
      if (answer.status !== 200) await refused(answer, 503, "unavailable");
      return answer.status === 200 ? true : undefined;
    });
  });

  it("lets callers change from one key to the next without a failed request", async () => {
    const first = await keyOf("tokens", "first");
    const authorization = issuer.authorization();
    const ask = (key: string) => predict("tokens", { "x-api-key": key, authorization });
    let current = first;
    let over = false;
    const statuses: (number | string)[] = [];
    const asking = (async () => {
      for (; !over; await delay(PAUSE_MILLISECONDS)) {
        statuses.push(await ask(current).then(({ status }) => status, String));
      }
    })();
    const during = async (change: Record<string, Partial<Api>>) => {
      const before = statuses.length;
      urls = await up(change);
      expect(statuses.length, "requests meanwhile").to.be.above(before);
    };
    try {
      await during(tokens("first", "second"));
      const second = await keyOf("tokens", "second");
      expect(second).not.to.equal(first);
      expect((await ask(second)).status).to.equal(200);
      expect((await ask(first)).status).to.equal(200);
      const before = statuses.length;
      current = second;
      // Whoever still asked with the old key has its answer.
      await until("the change", () => Promise.resolve(statuses.length > before + 1 || undefined));
      // The others are made on the way: the tests after this one ask them.
      await during({ ...tokens("second"), ...others() });
      await refused(await ask(first), 403, "forbidden");
    } finally {
      over = true;
      await asking;
    }
    expect(statuses.filter((status) => status !== 200)).to.deep.equal([]);
  });

  it("lets in the typed client with a token for any of the audiences", async () => {
    const authorization = () => issuer.authorization({ aud: ["other", "risk"] });
    const client = createFraudClient({
      apiUrl: urls.tokens ?? "",
      apiKey: await keyOf("tokens", "second"),
      authorization,
    });
    const { data } = await client.POST("/predict", { body: { transactions: [transaction] } });
    expect(data?.model.version).to.equal("7");
    expect(data?.predictions).to.have.length(1);
  });

  it("answers 401 without a token, and to every token that is not good", async () => {
    await refused(await show(), 401, "unauthorized");
    for (const [what, authorization] of Object.entries(badAuthorizations(issuer.url))) {
      const answer = await show(authorization);
      expect(answer.status, what).to.equal(401);
      await refused(answer, 401, "unauthorized");
    }
  });

  it("asks for the key as well, and of GET /health for neither", async () => {
    await refused(await predict("tokens", { authorization: issuer.authorization() }), 403, "forbidden");
    expect((await fetch(`${urls.tokens}/health`)).headers.get("content-type")).to.match(
      /^application\/(problem\+)?json/,
    );
  });

  it("remembers what it was told of a token, and of no other", async () => {
    const lambda = new LambdaClient(options());
    const [known, unknown] = [issuer.authorization({ sub: "known" }), issuer.authorization({ sub: "unknown" })];
    expect((await show(known)).status).to.equal(200);
    // From now on the function lets nobody in.
    const { Functions = [] } = await lambda.send(new ListFunctionsCommand({}));
    const verifying = Functions.find(({ Environment }) => Environment?.Variables?.JWT_ISSUER !== undefined);
    const Variables = { ...verifying?.Environment?.Variables, JWT_ISSUER: "https://other.example" };
    const FunctionName = verifying?.FunctionName;
    await lambda.send(new UpdateFunctionConfigurationCommand({ FunctionName, Environment: { Variables } }));
    expect((await show(known)).status).to.equal(200);
    await refused(await show(unknown), 401, "unauthorized");
  });

  it("lets in principals of AWS that may call it, and no others", async () => {
    const [iam, sts] = [new IAMClient(options()), new STSClient(options())];
    const key = await keyOf("principals");
    const url = `${urls.principals}/predict`;
    const apiId = /execute-api\/([^/]+)\//.exec(url)?.[1] ?? "";
    const roleThatMayCall = async (RoleName: string, path: string) => {
      const trust = [{ Effect: "Allow", Principal: { AWS: ACCOUNT }, Action: "sts:AssumeRole" }];
      const Resource = `arn:aws:execute-api:${REGION}:${ACCOUNT}:${apiId}/v1/${path}`;
      const may = [{ Effect: "Allow", Action: "execute-api:Invoke", Resource }];
      const document = (Statement: object[]) => JSON.stringify({ Version: "2012-10-17", Statement });
      await iam.send(new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument: document(trust) }));
      await iam.send(new PutRolePolicyCommand({ RoleName, PolicyName: "call", PolicyDocument: document(may) }));
      const RoleArn = `arn:aws:iam::${ACCOUNT}:role/${RoleName}`;
      const { Credentials } = await sts.send(new AssumeRoleCommand({ RoleArn, RoleSessionName: "caller" }));
      return {
        accessKeyId: Credentials?.AccessKeyId ?? "",
        secretAccessKey: Credentials?.SecretAccessKey ?? "",
        sessionToken: Credentials?.SessionToken ?? "",
      };
    };
    const headers = { "content-type": "application/json", "x-api-key": key };
    const call = async (credentials: Awaited<ReturnType<typeof roleThatMayCall>>, given = headers) =>
      fetch(await signed(credentials, "execute-api", { url, headers: given, body: BODY }));

    const caller = await roleThatMayCall("caller", "POST/predict");
    expect((await call(caller)).status).to.equal(200);
    await refused(await call(caller, { ...headers, "x-api-key": "0123456789abcdefghij" }), 403, "forbidden");
    await refused(await call(await roleThatMayCall("onlooker", "GET/health")), 403, "forbidden");
    await refused(await predict("principals", headers), 403, "forbidden");
    const forged = await call({ ...caller, secretAccessKey: "guessed" });
    expect(await problemOf(forged)).to.include({ status: 403, code: "refused" });
  });

  /** A call of Cognito's. */
  async function cognito(operation: string, body: object): Promise<Record<string, Record<string, string>>> {
    const headers = {
      "content-type": "application/x-amz-json-1.1",
      "x-amz-target": `AWSCognitoIdentityProviderService.${operation}`,
    };
    const url = `${cloud.description.awsEndpointUrl}/`;
    const answer = await fetch(await signed(CREDENTIALS, "cognito-idp", { url, headers, body: JSON.stringify(body) }));
    const text = await answer.text();
    expect(answer.status, text).to.equal(200);
    return JSON.parse(text) as Record<string, Record<string, string>>;
  }

  /** A pool with one user. */
  async function makePool(): Promise<{ arn: string; clientId: string }> {
    const { UserPool } = await cognito("CreateUserPool", { PoolName: "callers" });
    const UserPoolId = UserPool?.Id ?? "";
    const flows = { ExplicitAuthFlows: ["ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"] };
    const { UserPoolClient } = await cognito("CreateUserPoolClient", { UserPoolId, ClientName: "shop", ...flows });
    await cognito("AdminCreateUser", { UserPoolId, Username: "someone" });
    await cognito("AdminSetUserPassword", {
      UserPoolId,
      Username: "someone",
      Password: POOL_PASSWORD,
      Permanent: true,
    });
    return { arn: UserPool?.Arn ?? "", clientId: UserPoolClient?.ClientId ?? "" };
  }

  /** A token of the pool's user. */
  async function poolToken(): Promise<string> {
    const { AuthenticationResult } = await cognito("InitiateAuth", {
      AuthFlow: "USER_PASSWORD_AUTH",
      ClientId: pool.clientId,
      AuthParameters: { USERNAME: "someone", PASSWORD: POOL_PASSWORD },
    });
    return AuthenticationResult?.IdToken ?? "";
  }

  it("lets in users of a pool, and no others", async () => {
    const key = await keyOf("pools", "two");
    const idToken = await poolToken();
    expect((await predict("pools", { "x-api-key": key, authorization: `Bearer ${idToken}` })).status).to.equal(200);
    await refused(await predict("pools", { authorization: idToken }), 403, "forbidden");
    await refused(await predict("pools", { "x-api-key": key }), 401, "unauthorized");
    const tampered = `${idToken.slice(0, -12)}AAAAAAAAAAAA`;
    await refused(await predict("pools", { "x-api-key": key, authorization: tampered }), 401, "unauthorized");
    await refused(
      await predict("pools", { "x-api-key": key, authorization: issuer.authorization() }),
      401,
      "unauthorized",
    );
  });

  it("limits each key by itself: its rate, and its quota", async () => {
    const asUser = async (name: string) => ({
      "x-api-key": await keyOf("pools", name),
      authorization: await poolToken(),
    });
    const [one, two] = await Promise.all([asUser("one"), asUser("two")]);
    const bursts: number[] = [];
    for (let i = 0; i < BURST; i++) bursts.push((await predict("pools", one)).status);
    expect(bursts).to.deep.equal(Array(BURST).fill(200));
    const throttled = await predict("pools", one);
    expect(throttled.headers.get("retry-after")).to.equal("1");
    await refused(throttled, 429, "throttled");
    expect((await predict("pools", two)).status).to.equal(200);

    const key = await keyOf("principals");
    const client = createFraudClient({
      apiUrl: urls.principals ?? "",
      apiKey: key,
      fetch: async (request) =>
        fetch(
          await signed(CREDENTIALS, "execute-api", {
            url: request.url,
            headers: { "content-type": "application/json", "x-api-key": key },
            body: await request.text(),
          }),
        ),
    });
    // One of them is used up already.
    const asked = () => client.POST("/predict", { body: { transactions: [transaction] } });
    for (let i = 1; i < QUOTA; i++) expect((await asked()).response.status).to.equal(200);
    const { error, response } = await asked();
    expect(response.headers.get("retry-after")).to.equal("3600");
    expect(error).to.include({ status: 429, code: "quota-exceeded" });
  });
});

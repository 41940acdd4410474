// Pulumi's mocks with a memory: what was registered, with which inputs and options, once everything is.
import { existsSync } from "node:fs";
import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { expect } from "chai";
import { bundleAll, functionNames } from "../../../functions/bundle";

export const ACCOUNT = "123456789012";
export const REGION = "eu-west-1";
export const PROJECT = "fraud";

export type Inputs = Record<string, unknown>;
export interface Registration {
  type: string;
  name: string;
  inputs: Inputs;
}
export interface PolicyStatement {
  Effect: string;
  Principal?: unknown;
  Action: string | string[];
  Resource: string | string[];
  Condition?: unknown;
}

const registered: Registration[] = [];
const optionsGiven = new Map<string, pulumi.ResourceOptions>();
const ROOT = join(__dirname, "..", "..", "..");

/** ARNs in AWS's form, by the resource's physical name, else its logical one: what is made of them looks at it. */
function arnOf(type: string, name: string): string {
  const arn = (service: string, resource: string) => `arn:aws:${service}:${REGION}:${ACCOUNT}:${resource}`;
  switch (type) {
    case "aws:iam/role:Role":
      return `arn:aws:iam::${ACCOUNT}:role/${name}`;
    case "aws:s3/bucket:Bucket":
      return `arn:aws:s3:::${name}`;
    case "aws:kms/key:Key":
      return arn("kms", `key/${name}`);
    case "aws:lambda/function:Function":
      return arn("lambda", `function:${name}`);
    case "aws:sagemaker/modelPackageGroup:ModelPackageGroup":
      return arn("sagemaker", `model-package-group/${name}`);
    case "aws:sagemaker/mlflowApp:MlflowApp":
      return arn("sagemaker", `mlflow-app/${name}`);
    case "aws:dynamodb/table:Table":
      return arn("dynamodb", `table/${name}`);
    case "aws:cloudwatch/logGroup:LogGroup":
      return arn("logs", `log-group:${name}`);
    default:
      return arn(/^aws:(\w+)\//.exec(type)?.[1] ?? "none", name);
  }
}

/** What awsx answers with: its plugin, which would make the children, takes no part in mocks. */
export const MOCKED_VPC = {
  vpcId: "vpc-0123456789abcdef0",
  privateSubnetIds: ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1", "subnet-0123456789abcdef2"],
  routeTables: [{ id: "rtb-0123456789abcdef0" }],
};

/** Builds the functions where one was never built. */
export async function buildFunctions(): Promise<void> {
  const built = (name: string) => existsSync(join(ROOT, "dist", "functions", name, "index.js"));
  if (!(await functionNames()).every(built)) await bundleAll({ outDir: join(ROOT, "dist") });
}

/** Installs the mocks for stack `local`, forgets what was registered, and builds the functions if nobody has. */
export async function startRecording(): Promise<void> {
  registered.length = 0;
  optionsGiven.clear();
  await buildFunctions();
  await pulumi.runtime.setMocks(
    {
      newResource: ({ type, name, inputs }) => {
        const given = inputs as Inputs;
        registered.push({ type, name, inputs: given });
        const arn = arnOf(type, typeof given.name === "string" ? given.name : name);
        const state = {
          bucket: name,
          name,
          ...given,
          arn,
          executionArn: arn,
          invokeArn: `${arn}/invocations`,
          invokeUrl: `https://${name}.example/v1`,
          keyId: name,
          rootResourceId: "root",
          url: `https://sqs.${REGION}.amazonaws.com/${ACCOUNT}/${name}`,
          value: `key-of-${name}`,
          ...(type === "awsx:ec2:Vpc" ? MOCKED_VPC : {}),
        };
        return { id: `${name}-id`, state };
      },
      call: ({ token }) => {
        if (token.includes("getRegion")) return { region: REGION };
        if (token.includes("getPartition")) return { partition: "aws" };
        return { accountId: ACCOUNT };
      },
    },
    PROJECT,
    "local",
  );
}

/** Options for a component, so that {@link optionsOf} knows those of all its children. */
export const recording: pulumi.ComponentResourceOptions = {
  transformations: [
    ({ type, name, opts }) => {
      optionsGiven.set(`${type} ${name}`, opts);
      return undefined;
    },
  ],
};

/** The SDK's own way of knowing when a program is through; its types leave it out. */
const { waitForRPCs } = pulumi.runtime as unknown as { waitForRPCs: () => Promise<void> };

/** Waits until all resources that the program has asked for are registered. */
export const everythingRegistered = (): Promise<void> => waitForRPCs();

/** What an output is, once it is known. */
export const valueOf = <T>(output: pulumi.Input<T>): Promise<pulumi.Unwrap<T>> =>
  new Promise((done) => pulumi.output(output).apply(done));

/** What was registered of a type (`aws:sqs/queue:Queue`). */
export const ofType = (type: string): Registration[] => registered.filter((each) => each.type === type);

/** Inputs of the one resource of this type and name. */
export function inputsOf(type: string, name: string): Inputs {
  const names = ofType(type).map((each) => each.name);
  expect(
    names.filter((each) => each === name),
    `${type} ${name} among ${names.join(", ")}`,
  ).to.have.length(1);
  return ofType(type).find((each) => each.name === name)?.inputs ?? {};
}

/** Options that a resource of a component made with {@link recording} was given. */
export function optionsOf(type: string, name: string): pulumi.CustomResourceOptions {
  const found = optionsGiven.get(`${type} ${name}`);
  return found ?? expect.fail(`nothing recorded of ${type} ${name}: ${[...optionsGiven.keys()].join(", ")}`);
}

/** Names of the resources that one waits for. */
export function dependenciesOf(type: string, name: string): Promise<string[]> {
  const { dependsOn } = optionsOf(type, name);
  const resources = (Array.isArray(dependsOn) ? dependsOn : [dependsOn]) as pulumi.Resource[];
  return Promise.all(resources.map(async (each) => (await valueOf(each.urn)).split("::").pop() ?? ""));
}

export const list = (value: string | string[]): string[] => (Array.isArray(value) ? value : [value]);

/** The statements of a policy in JSON. */
export const statementsOf = (policy: unknown): PolicyStatement[] =>
  (JSON.parse(String(policy)) as { Statement: PolicyStatement[] }).Statement;

const ROLE_POLICY = "aws:iam/rolePolicy:RolePolicy";

/** Everything that a role may do: `action resource`, sorted; each pair once. */
export function permissionsOf(role: string): string[] {
  const pairs = ofType(ROLE_POLICY)
    .filter(({ inputs }) => inputs.role === role)
    .flatMap(({ inputs }) => statementsOf(inputs.policy))
    .flatMap(({ Action, Resource }) =>
      list(Action).flatMap((action) => list(Resource).map((resource) => `${action} ${resource}`)),
    );
  return [...new Set(pairs)].sort();
}

/** Actions that a role may do on anything at all. */
export const actionsOf = (role: string): string[] => [
  ...new Set(permissionsOf(role).map((permission) => permission.split(" ")[0] ?? "")),
];

/** The environment of a function. */
export function variablesOf(name: string): Record<string, string> {
  const { environment } = inputsOf("aws:lambda/function:Function", name) as {
    environment?: { variables: Record<string, string> };
  };
  return environment?.variables ?? {};
}

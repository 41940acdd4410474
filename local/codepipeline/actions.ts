import { execFile } from "node:child_process";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";
import { InvokeCommand } from "@aws-sdk/client-lambda";
import { GetBucketVersioningCommand } from "@aws-sdk/client-s3";
import type { CodeBuild } from "../codebuild/service";
import { roleClients, type RoleClients } from "../iam/role-clients";
import { messageOf } from "../server/errors";
import type { ServerContext } from "../server/context";
import { AwsError } from "../server/json-service";
import { newArtifact, putArtifact, referenceFiles, type Artifact, type ArtifactStore } from "./artifacts";
import { usingConnection } from "./connection";
import type { Jobs } from "./jobs";
import type { Declaration } from "./pipelines";

export type Action = Declaration["stages"][number]["actions"][number];

/** What an action's run has at hand. */
export interface ActionContext {
  executionId: string;
  /** Commits that the execution was started with, by source action; the others take what is there. */
  revisions: ReadonlyMap<string, string>;
  pipelineName: string;
  /** In whose name the pipeline acts. */
  roleArn: string;
  /** Where this execution's artifacts are, by name. */
  artifacts: Map<string, Artifact>;
  /** Results of earlier actions by namespace. */
  variables: Map<string, Record<string, string>>;
  /** The execution's own folder. */
  directory: string;
  artifactStore: ArtifactStore;
}

/** How an action ended. */
export interface ActionResult {
  succeeded: boolean;
  summary: string;
  externalExecutionId?: string;
  errorCode?: string;
  variables?: Record<string, string>;
}

/** How long CodePipeline waits until it calls a function again that asked for it. AWS: about half a minute. */
const CONTINUATION_MILLISECONDS = 1_000;
/** How long a function may take to answer for its job. AWS: 20 minutes. */
const JOB_MILLISECONDS = 20 * 60_000;

const SERVICE = "codepipeline.amazonaws.com";

/** Carries actions out, in the name of the pipeline's role: sources, builds and functions. */
export class Actions {
  constructor(
    private readonly server: ServerContext,
    private readonly codebuild: CodeBuild,
    private readonly jobs: Jobs,
  ) {}

  /** Never rejects: what goes wrong is the action's failure. */
  async run(action: Action, context: ActionContext): Promise<ActionResult> {
    const { category, provider } = action.actionTypeId;
    const { roleArn, executionId: session } = context;
    let role: RoleClients | undefined;
    try {
      role = await roleClients(this.server, { roleArn, service: SERVICE, session });
      const configuration = resolved(action.configuration ?? {}, context.variables);
      if (category === "Source" && provider === "CodeStarSourceConnection") {
        return await this.source(action, configuration, context, role);
      }
      if (provider === "CodeBuild") return await this.build(action, configuration, context, role);
      if (category === "Invoke" && provider === "Lambda")
        return await this.invoke(action, configuration, context, role);
      throw new Error(`the local CodePipeline does not run ${category} actions of ${provider}`);
    } catch (error) {
      return { succeeded: false, summary: messageOf(error), errorCode: errorCodeOf(error) };
    } finally {
      role?.end();
    }
  }

  /** The source is this machine's project, whatever the connection: builds are told which state of it, and clone that. */
  private async source(
    action: Action,
    configuration: Record<string, string>,
    context: ActionContext,
    role: RoleClients,
  ): Promise<ActionResult> {
    const { ConnectionArn = "", FullRepositoryId = "", BranchName = "", OutputArtifactFormat } = configuration;
    if (OutputArtifactFormat !== "CODEBUILD_CLONE_REF") {
      throw new Error(
        `OutputArtifactFormat is ${OutputArtifactFormat ?? "CODE_ZIP"}: the local CodePipeline hands sources over as ` +
          "CODEBUILD_CLONE_REF.",
      );
    }
    await role.require(usingConnection(ConnectionArn));
    const project = this.server.settings.sourceDirectory;
    const revision = context.revisions.get(action.name);
    const { stdout } = await promisify(execFile)("git", ["-C", project, "rev-parse", `${revision ?? "HEAD"}^{commit}`]);
    const commitId = stdout.trim();
    const reference = {
      connectionArn: ConnectionArn,
      fullRepositoryId: FullRepositoryId,
      commitId,
      workingCopy: revision === undefined,
    };
    const { artifactStore } = context;
    await role.s3.send(new GetBucketVersioningCommand({ Bucket: artifactStore.location }));
    for (const { name } of action.outputArtifacts ?? []) {
      const artifact = newArtifact(artifactStore, context.pipelineName, name);
      await putArtifact(role.s3, artifact, referenceFiles(reference), artifactStore.keyArn);
      context.artifacts.set(name, artifact);
    }
    return {
      succeeded: true,
      summary: revision === undefined ? `the working copy of ${commitId}` : commitId,
      externalExecutionId: commitId,
      variables: { CommitId: commitId, BranchName, FullRepositoryName: FullRepositoryId, ConnectionArn },
    };
  }

  private async build(
    action: Action,
    configuration: Record<string, string>,
    context: ActionContext,
    role: RoleClients,
  ): Promise<ActionResult> {
    const name = configuration["ProjectName"] ?? "";
    const project = this.codebuild.project(name);
    if (project === undefined) throw new Error(`there is no CodeBuild project "${name}"`);
    const [input] = action.inputArtifacts ?? [];
    const source = context.artifacts.get(input?.name ?? "");
    if (source === undefined) throw new Error(`the action ${action.name} has no input artifact`);
    const [wanted] = action.outputArtifacts ?? [];
    const output = wanted && newArtifact(context.artifactStore, context.pipelineName, wanted.name);
    await role.require({ action: "codebuild:StartBuild", resources: [project.arn] });
    const build = this.codebuild.builds.start({
      project,
      input: source,
      output,
      variables: variablesOf(overridesOf(configuration["EnvironmentVariables"])),
      directory: join(context.directory, action.name),
    });
    const result = await build.result;
    await role.require({ action: "codebuild:BatchGetBuilds", resources: [project.arn] });
    if (wanted !== undefined && output !== undefined) context.artifacts.set(wanted.name, output);
    return {
      succeeded: result.succeeded,
      summary: result.summary,
      externalExecutionId: build.id,
      variables: result.exported,
      ...(result.succeeded ? {} : { errorCode: "JobFailed" }),
    };
  }

  private async invoke(
    action: Action,
    configuration: Record<string, string>,
    context: ActionContext,
    { lambda }: RoleClients,
  ): Promise<ActionResult> {
    let continuationToken: string | undefined;
    for (;;) {
      const { id, result } = this.jobs.open();
      const event = await this.jobEvent(id, action, configuration, context, continuationToken);
      await lambda.send(
        new InvokeCommand({
          FunctionName: configuration["FunctionName"],
          InvocationType: "Event",
          Payload: Buffer.from(JSON.stringify(event)),
        }),
      );
      const answer = await Promise.race([result, delay(JOB_MILLISECONDS, undefined, { ref: false })]);
      if (answer === undefined) {
        this.jobs.abandon(id);
        return { succeeded: false, summary: "The function did not answer for its job.", errorCode: "TimeoutError" };
      }
      if (!answer.succeeded) {
        const { message, type, externalExecutionId } = answer.result.failureDetails;
        return {
          succeeded: false,
          summary: message,
          errorCode: type,
          ...(externalExecutionId === undefined ? {} : { externalExecutionId }),
        };
      }
      const { executionDetails, outputVariables } = answer.result;
      continuationToken = answer.result.continuationToken;
      if (continuationToken === undefined) {
        const externalExecutionId = executionDetails?.externalExecutionId;
        return {
          succeeded: true,
          summary: executionDetails?.summary ?? "",
          variables: outputVariables ?? {},
          ...(externalExecutionId === undefined ? {} : { externalExecutionId }),
        };
      }
      await delay(CONTINUATION_MILLISECONDS);
    }
  }

  /** What CodePipeline sends to a function. */
  private async jobEvent(
    id: string,
    { inputArtifacts = [], outputArtifacts = [] }: Action,
    { FunctionName, UserParameters }: Record<string, string>,
    { artifactStore, artifacts, pipelineName, roleArn, executionId }: ActionContext,
    continuationToken: string | undefined,
  ): Promise<object> {
    // Good for the pipeline's artifacts, and for nothing else that its role may do.
    const policy = artifactPolicy(artifactStore);
    const credentials = await this.server.roles.credentials(roleArn, executionId, policy);
    const { accessKeyId, secretAccessKey, sessionToken = "" } = credentials;
    const described = (name: string) => {
      const place = artifacts.get(name) ?? newArtifact(artifactStore, pipelineName, name);
      artifacts.set(name, place);
      return { name, revision: null, location: { type: "S3", s3Location: place } };
    };
    return {
      "CodePipeline.job": {
        id,
        accountId: this.server.settings.accountId,
        data: {
          actionConfiguration: {
            configuration: { FunctionName, ...(UserParameters === undefined ? {} : { UserParameters }) },
          },
          inputArtifacts: inputArtifacts.map(({ name }) => described(name)),
          outputArtifacts: outputArtifacts.map(({ name }) => described(name)),
          artifactCredentials: { accessKeyId, secretAccessKey, sessionToken },
          ...(artifactStore.keyArn === undefined ? {} : { encryptionKey: { id: artifactStore.keyArn, type: "KMS" } }),
          ...(continuationToken === undefined ? {} : { continuationToken }),
        },
      },
    };
  }
}

/** What whoever has a job's credentials may do: read and write artifacts. */
function artifactPolicy({ location, keyArn }: ArtifactStore): string {
  const allow = (Action: string[], Resource: string) => ({ Effect: "Allow", Action, Resource });
  const objects = `arn:aws:s3:::${location}/*`;
  return JSON.stringify({
    Version: "2012-10-17",
    Statement: [
      allow(["s3:GetObject", "s3:GetObjectVersion", "s3:PutObject"], objects),
      ...(keyArn === undefined ? [] : [allow(["kms:Decrypt", "kms:GenerateDataKey"], keyArn)]),
    ],
  });
}

/** CodePipeline's words for why an action could not be carried out. */
function errorCodeOf(error: unknown): string {
  const causes = error instanceof Error && error.cause instanceof Error ? [error, error.cause] : [error];
  const denied = causes.some((each) => /^AccessDenied/.test(codeOf(each)));
  return denied ? "PermissionError" : "ConfigurationError";
}

const codeOf = (error: unknown): string =>
  error instanceof AwsError ? error.code : error instanceof Error ? error.name : "";

/** @throws Error for a variable that no earlier action has put out */
function resolved(
  configuration: Readonly<Record<string, string>>,
  variables: ReadonlyMap<string, Record<string, string>>,
): Record<string, string> {
  const resolve = (text: string) =>
    text.replaceAll(/#\{([\w@-]+)\.([\w@-]+)\}/g, (reference, namespace: string, name: string) => {
      const value = variables.get(namespace)?.[name];
      if (value === undefined) throw new Error(`${reference} is put out by no earlier action`);
      return value;
    });
  return Object.fromEntries(Object.entries(configuration).map(([key, value]) => [key, resolve(value)]));
}

type Variable = { name?: string | undefined; value?: string | undefined };

function variablesOf(list: readonly Variable[]): Record<string, string> {
  return Object.fromEntries(list.map(({ name = "", value = "" }) => [name, value]));
}

/** The action's own variables, JSON. */
function overridesOf(text: string | undefined): Variable[] {
  return text === undefined ? [] : (JSON.parse(text) as Variable[]);
}

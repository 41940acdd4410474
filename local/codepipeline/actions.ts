import { execFile } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";
import { InvokeCommand, type LambdaClient } from "@aws-sdk/client-lambda";
import { downloadSettings } from "../download-settings";
import type { CodeBuild } from "../codebuild/service";
import { messageOf } from "../server/errors";
import type { ServerContext } from "../server/context";
import { runBuild } from "./buildspec";
import type { Jobs } from "./jobs";
import type { Declaration } from "./pipelines";

export type Action = Declaration["stages"][number]["actions"][number];

/** What an action's run has at hand. */
export interface ActionContext {
  executionId: string;
  /** Commits that the execution was started with, by source action; the others take what is there. */
  revisions: ReadonlyMap<string, string>;
  /** Where this execution's artifacts are, by name. */
  artifacts: Map<string, string>;
  /** Results of earlier actions by namespace. */
  variables: Map<string, Record<string, string>>;
  /** The execution's own folder. */
  directory: string;
  artifactStore: { location: string };
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

/** Carries actions out: sources, builds and functions. */
export class Actions {
  constructor(
    private readonly server: ServerContext,
    private readonly codebuild: CodeBuild,
    private readonly jobs: Jobs,
    private readonly lambda: LambdaClient,
  ) {}

  /** Never rejects: what goes wrong is the action's failure. */
  async run(action: Action, context: ActionContext): Promise<ActionResult> {
    const { category, provider } = action.actionTypeId;
    try {
      const configuration = resolved(action.configuration ?? {}, context.variables);
      if (category === "Source" && provider === "CodeStarSourceConnection") {
        return await this.source(action, configuration, context);
      }
      if (provider === "CodeBuild") return await this.build(action, configuration, context);
      if (category === "Invoke" && provider === "Lambda") return await this.invoke(action, configuration, context);
      throw new Error(`the local CodePipeline does not run ${category} actions of ${provider}`);
    } catch (error) {
      return { succeeded: false, summary: messageOf(error), errorCode: "ConfigurationError" };
    }
  }

  /** The source is this machine's project, whatever the connection: as it stands, or a commit of it. */
  private async source(
    action: Action,
    configuration: Record<string, string>,
    { artifacts, directory, revisions }: ActionContext,
  ): Promise<ActionResult> {
    const git = async (...words: string[]) => (await promisify(execFile)("git", words)).stdout.trim();
    const project = this.server.settings.sourceDirectory;
    const revision = revisions.get(action.name);
    let source = project;
    if (revision !== undefined) {
      source = join(directory, action.name);
      await git("clone", "--quiet", "--no-checkout", "--shared", project, source);
      await git("-C", source, "checkout", "--quiet", "--detach", revision);
    }
    const commit = await git("-C", source, "rev-parse", "HEAD");
    for (const { name } of action.outputArtifacts ?? []) artifacts.set(name, source);
    return {
      succeeded: true,
      summary: revision === undefined ? `the working copy of ${commit}` : commit,
      externalExecutionId: commit,
      variables: {
        CommitId: commit,
        BranchName: configuration["BranchName"] ?? "",
        FullRepositoryName: configuration["FullRepositoryId"] ?? "",
        ConnectionArn: configuration["ConnectionArn"] ?? "",
      },
    };
  }

  private async build(
    action: Action,
    configuration: Record<string, string>,
    { artifacts, directory, executionId }: ActionContext,
  ): Promise<ActionResult> {
    const name = configuration["ProjectName"] ?? "";
    const project = this.codebuild.project(name);
    if (project === undefined) throw new Error(`there is no CodeBuild project "${name}"`);
    const [input] = action.inputArtifacts ?? [];
    const source = artifacts.get(input?.name ?? "");
    if (source === undefined) throw new Error(`the action ${action.name} has no input artifact`);
    const own = join(directory, action.name);
    mkdirSync(own, { recursive: true });
    const [output] = action.outputArtifacts ?? [];
    const artifact = output === undefined ? undefined : join(own, "artifact");
    const environment = this.server.childEnvironment();
    const result = await runBuild(this.server.processes, {
      source,
      buildspec: project.source.buildspec ?? "buildspec.yml",
      directory: join(own, "build"),
      artifact,
      environment: {
        ...environment,
        ...downloadSettings(process.env),
        // There is no container engine here: `docker` is a stand-in that records in ECR what would have been built.
        PATH: `${join(__dirname, "bin")}:${environment["PATH"] ?? ""}`,
        HOME: join(own, "build", "home"),
        CODEBUILD_BUILD_ID: `${name}:${executionId}`,
        CODEBUILD_SRC_DIR: source,
        CI: "true",
        ...variablesOf(project.environment.environmentVariables ?? []),
        ...variablesOf(overridesOf(configuration["EnvironmentVariables"])),
      },
    });
    if (output !== undefined && artifact !== undefined) artifacts.set(output.name, artifact);
    return {
      succeeded: result.succeeded,
      summary: result.summary,
      externalExecutionId: `${name}:${executionId}`,
      variables: result.exported,
      ...(result.succeeded ? {} : { errorCode: "JobFailed" }),
    };
  }

  private async invoke(
    action: Action,
    configuration: Record<string, string>,
    context: ActionContext,
  ): Promise<ActionResult> {
    let continuationToken: string | undefined;
    for (;;) {
      const { id, result } = this.jobs.open();
      const event = this.jobEvent(id, action, configuration, context, continuationToken);
      await this.lambda.send(
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
  private jobEvent(
    id: string,
    { inputArtifacts = [] }: Action,
    { FunctionName, UserParameters }: Record<string, string>,
    { artifactStore }: ActionContext,
    continuationToken: string | undefined,
  ): object {
    return {
      "CodePipeline.job": {
        id,
        accountId: this.server.settings.accountId,
        data: {
          actionConfiguration: {
            configuration: { FunctionName, ...(UserParameters === undefined ? {} : { UserParameters }) },
          },
          inputArtifacts: inputArtifacts.map(({ name }) => ({
            name,
            revision: null,
            location: { type: "S3", s3Location: { bucketName: artifactStore.location, objectKey: name } },
          })),
          outputArtifacts: [],
          artifactCredentials: { accessKeyId: "local", secretAccessKey: "local", sessionToken: "local" },
          ...(continuationToken === undefined ? {} : { continuationToken }),
        },
      },
    };
  }
}

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

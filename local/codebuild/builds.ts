/** Builds, each in the name of its project's role: the source in, commands, and log, reports and artifact out. */
import { execFile } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { CreateLogStreamCommand } from "@aws-sdk/client-cloudwatch-logs";
import { getArtifact, putArtifact, referenceIn, type Artifact, type CloneReference } from "../codepipeline/artifacts";
import { usingConnection } from "../codepipeline/connection";
import { downloadSettings } from "../download-settings";
import { roleClients, type RoleClients } from "../iam/role-clients";
import type { ServerContext } from "../server/context";
import { messageOf } from "../server/errors";
import { LogStream } from "../server/log-stream";
import { matching, readBuildspec, runCommands, type BuildResult } from "./buildspec";
import type { Project } from "./documents";
import type { Reports } from "./reports";

const SERVICE = "codebuild.amazonaws.com";

export interface BuildRequest {
  project: Project;
  input: Artifact;
  /** Where the build's artifact goes, where somebody wants it. */
  output: Artifact | undefined;
  /** On top of the project's. */
  variables: Record<string, string>;
  /** The build's own folder. */
  directory: string;
}

/** A build that has begun. */
export interface Build {
  /** `<project>:<id>` */
  id: string;
  /** Rejects where the build could not do what is no command of its specification. */
  result: Promise<BuildResult>;
}

export class Builds {
  constructor(
    private readonly server: ServerContext,
    private readonly reports: Reports,
    private readonly arnOf: (resource: string) => string,
  ) {}

  start(request: BuildRequest): Build {
    const uuid = randomUUID();
    const id = `${request.project.name}:${uuid}`;
    return { id, result: this.run(request, uuid, id) };
  }

  private async run(request: BuildRequest, uuid: string, id: string): Promise<BuildResult> {
    const { project, directory } = request;
    const session = `AWSCodeBuild-${uuid}`;
    const role = await roleClients(this.server, { roleArn: project.serviceRole, service: SERVICE, session });
    let log: LogStream | undefined;
    const say = (line: string): void => log?.write(line);
    try {
      log = await during("PROVISIONING", () => this.log(project, uuid, role));
      const source = await during("DOWNLOAD_SOURCE", () => this.download(request, role));
      const spec = readBuildspec(join(source, project.source.buildspec ?? "buildspec.yml"));
      const artifact = request.output && join(directory, "artifact");
      const result = await runCommands(this.server.processes, spec, {
        source,
        directory: join(directory, "build"),
        artifact,
        environment: this.environment(request, role, { id, source }),
        onLine: say,
      });
      await during("UPLOAD_ARTIFACTS", async () => {
        const reporter = { projectName: project.name, buildArn: this.arnOf(`build/${id}`), source };
        await this.reports.take(spec, reporter, role, say);
        if (!result.succeeded || artifact === undefined || request.output === undefined) return;
        await putArtifact(role.s3, request.output, await filesIn(artifact), project.encryptionKey);
      });
      return result;
    } catch (error) {
      say(messageOf(error));
      throw error;
    } finally {
      await log?.close();
      role.end();
    }
  }

  private environment(
    { project, variables, directory }: BuildRequest,
    role: RoleClients,
    { id, source }: { id: string; source: string },
  ): Record<string, string> {
    const own = role.environment();
    return {
      ...own,
      ...downloadSettings(process.env),
      // There is no container engine here: `docker` is a stand-in that records in ECR what would have been built.
      PATH: `${join(__dirname, "bin")}:${own["PATH"] ?? ""}`,
      HOME: join(directory, "build", "home"),
      CODEBUILD_BUILD_ID: id,
      CODEBUILD_BUILD_ARN: this.arnOf(`build/${id}`),
      CODEBUILD_SRC_DIR: source,
      CI: "true",
      ...Object.fromEntries(
        (project.environment.environmentVariables ?? []).map(({ name, value }) => [name, value] as const),
      ),
      ...variables,
    };
  }

  /** The project's log, in the role's name; none where the project has no group of its own. */
  private async log({ logsConfig }: Project, uuid: string, { logs }: RoleClients): Promise<LogStream | undefined> {
    const { status, groupName, streamName } = logsConfig?.cloudWatchLogs ?? {};
    if (status !== "ENABLED" || groupName === undefined) return undefined;
    const stream = streamName === undefined ? uuid : `${streamName}/${uuid}`;
    if (!this.server.access.enforced) return new LogStream(logs, groupName, stream);
    // Asked for at once: a build whose log cannot be written does not begin.
    await logs.send(new CreateLogStreamCommand({ logGroupName: groupName, logStreamName: stream }));
    return new LogStream(logs, groupName, stream, false);
  }

  /** Brings the source here. @returns its folder */
  private async download({ input, directory }: BuildRequest, role: RoleClients): Promise<string> {
    const files = await getArtifact(role.s3, input);
    const reference = referenceIn(files);
    if (reference !== undefined) {
      await role.require(usingConnection(reference.connectionArn));
      return this.clone(reference, join(directory, "source"));
    }
    const source = join(directory, "source");
    rmSync(source, { recursive: true, force: true });
    for (const [path, content] of Object.entries(files)) {
      mkdirSync(dirname(join(source, path)), { recursive: true });
      writeFileSync(join(source, path), content);
    }
    return source;
  }

  /** The source is this machine's project, whatever the connection: as it stands, or a commit of it. */
  private async clone({ commitId, workingCopy }: CloneReference, directory: string): Promise<string> {
    const project = this.server.settings.sourceDirectory;
    if (workingCopy) return project;
    const git = (...words: string[]) => promisify(execFile)("git", words);
    rmSync(directory, { recursive: true, force: true });
    await git("clone", "--quiet", "--no-checkout", "--shared", project, directory);
    await git("-C", directory, "checkout", "--quiet", "--detach", commitId);
    return directory;
  }
}

/** Says in which of CodeBuild's phases something went wrong. */
async function during<T>(phase: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw new Error(`${phase}: ${messageOf(error)}`, { cause: error });
  }
}

async function filesIn(directory: string): Promise<Record<string, Uint8Array>> {
  const paths = await matching(directory, ["**/*"]);
  return Object.fromEntries(paths.map((path) => [path, readFileSync(join(directory, path))]));
}

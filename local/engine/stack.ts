import "./defer-closures";
import "./lean-sdk";
import { existsSync, lstatSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { LocalWorkspace, PulumiCommand, type PulumiFn, type Stack } from "@pulumi/pulumi/automation";
import type { Project } from "./project";
import { removeTornDescriptions } from "./recovery";

/** The project of Pulumi.yaml, and so the namespace of its configuration. */
export const PROJECT = "fraud";

export interface StackOptions {
  stack: string;
  /** Default: {@link PROJECT}. */
  project?: string;
  program: PulumiFn;
  /** Path of the stack's configuration file, `Pulumi.<stack>.yaml`. It is copied, never written to. */
  configFile: string;
  /** State, the engine's home and its work directory, all below it. */
  directory: string;
  /** Variables of the engine and the provider: AWS endpoints, region, credentials. */
  environment: Record<string, string>;
  /** Absolute path of `pulumi`. */
  pulumiBinary: string;
  /** What runs it. Default: the Automation API's own. */
  command?: PulumiCommand;
  /** Directory that holds the executables `pulumi-resource-aws` and `pulumi-resource-awsx`. */
  pluginDirectory: string;
  /** What relative paths of assets in the program start from. Default: the current directory. */
  programDirectory?: string;
  /** The provider calls nothing, and answers by itself: plans without a cloud. Default: false. */
  planOnly?: boolean;
  /** Directory that holds the executable `pulumi-analyzer-policy-nodejs`, which runs policy packs. Default: none are. */
  analyzerDirectory?: string;
}

/**
 * Opens a stack of the real Pulumi engine, making it where it does not exist. Nothing outside `directory` is written,
 * and no connection is opened but to the addresses in `environment`.
 *
 * @throws when the configuration file or the engine is missing
 */
export async function openStack(options: StackOptions): Promise<Stack> {
  const workDir = below(options.directory, "work");
  const engineSettings = commandLine(options.directory, options.stack);
  copyConfiguration(options.configFile, engineSettings.PULUMI_OPTION_CONFIG_FILE);
  link(resolve(options.programDirectory ?? process.cwd()), join(workDir, PROGRAM_LINK));
  const state = below(options.directory, "state");
  removeTornDescriptions(join(state, ".pulumi"));
  const { analyzerDirectory, project = PROJECT } = options;
  const projectSettings: Project = {
    name: project,
    runtime: "nodejs",
    main: PROGRAM_LINK,
    backend: { url: engineSettings.PULUMI_BACKEND_URL },
    plugins: {
      providers: ["aws", "awsx"].map((name) => ({ name, path: resolve(options.pluginDirectory) })),
      ...(analyzerDirectory ? { analyzers: [{ name: "policy-nodejs", path: resolve(analyzerDirectory) }] } : {}),
    },
  };
  return LocalWorkspace.createOrSelectStack(
    { stackName: options.stack, projectName: project, program: options.program },
    {
      workDir,
      pulumiHome: engineSettings.PULUMI_HOME,
      pulumiCommand: options.command ?? (await engine(options.pulumiBinary)),
      projectSettings,
      envVars: {
        ...engineSettings,
        PULUMI_AUTOMATION_API_SKIP_VERSION_CHECK: "true",
        ...options.environment,
        AWS_LOCAL_PLAN_ONLY: options.planOnly ? "1" : "0",
      },
    },
  );
}

/**
 * Variables by which the engine's command line, too, finds a stack that {@link openStack} keeps in a directory: whatever
 * else the environment, or the project, says of state, secrets and configuration, these come before it.
 */
export function commandLine(directory: string, stack: string) {
  return {
    PULUMI_BACKEND_URL: pathToFileURL(below(directory, "state")).href,
    // The state of a throw-away cloud: what is secret in it is worth what the cloud is worth.
    PULUMI_CONFIG_PASSPHRASE: "local",
    PULUMI_HOME: below(directory, "home"),
    PULUMI_OPTION_CONFIG_FILE: join(below(directory, "work"), `Pulumi.${stack}.yaml`),
    PULUMI_SKIP_UPDATE_CHECK: "true",
    PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
  };
}

/** The engine wants the program's directory below its own: a link to it does. */
const PROGRAM_LINK = "program";

function below(directory: string, name: string): string {
  const path = resolve(directory, name);
  mkdirSync(path, { recursive: true });
  return path;
}

function link(target: string, path: string): void {
  if (lstatSync(path, { throwIfNoEntry: false })) rmSync(path);
  symlinkSync(target, path, "dir");
}

/** The engine lies in `bin/` below its root. A build from source has no version to compare. */
async function engine(binary: string): Promise<PulumiCommand> {
  if (!existsSync(binary)) throw new Error(`there is no Pulumi engine at ${binary}: run the set-up again`);
  return PulumiCommand.get({ root: dirname(dirname(binary)), skipVersionCheck: true });
}

/**
 * Copies a stack's configuration. The engine adds the salt of the stack's secrets to its copy; that stays, unless the
 * file brings its own.
 */
function copyConfiguration(source: string, copy: string): void {
  if (!existsSync(source)) throw new Error(`there is no stack configuration at ${source}`);
  const text = readFileSync(source, "utf8");
  const salt = /^encryptionsalt:.*$/m;
  const kept = existsSync(copy) ? salt.exec(readFileSync(copy, "utf8")) : null;
  writeFileSync(copy, kept && !salt.test(text) ? `${kept[0]}\n${text}` : text);
}

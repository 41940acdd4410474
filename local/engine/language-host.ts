/** What the engine runs programs of Node.js by, where the machine's `pulumi` was built from source and came without. */
import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { Server, ServerCredentials, status, type handleUnaryCall, type ServerWritableStream } from "@grpc/grpc-js";
import { LanguageRuntimeService } from "@pulumi/pulumi/proto/language_grpc_pb";
import * as messages from "@pulumi/pulumi/proto/language_pb";
import * as plugin from "@pulumi/pulumi/proto/plugin_pb";
import { messageOf } from "../server/errors";

/** Exit code of a program that has told the engine itself what is wrong. */
const TOLD = 32;

type Handler = (request: never) => object | Promise<object>;

/** The engine's address: the last argument, until the engine says it in its handshake. */
let engine = process.argv.at(-1) ?? "";

const handlers: Record<string, Handler> = {
  handshake: (request: messages.LanguageHandshakeRequest) => {
    engine = request.getEngineAddress();
    return new messages.LanguageHandshakeResponse();
  },
  getPluginInfo: () => new plugin.PluginInfo(),
  // Plugins are found on PATH: none is looked for, nor downloaded.
  getRequiredPackages: () => new messages.GetRequiredPackagesResponse(),
  getRequiredPlugins: () => new messages.GetRequiredPluginsResponse(),
  runtimeOptionsPrompts: () => new messages.RuntimeOptionsResponse(),
  about: () => new messages.AboutResponse().setExecutable(process.execPath).setVersion(process.version),
  run,
};

async function run(request: messages.RunRequest): Promise<messages.RunResponse> {
  const program = request.getInfo();
  const directory = program?.getProgramDirectory() ?? request.getPwd();
  const { nodeArguments, typescript } = programOptions(program);
  const args = [
    ...nodeArguments,
    join(pulumiPackage(directory), "cmd", "run"),
    ...["--monitor", request.getMonitorAddress(), "--engine", engine],
    ...["--organization", request.getOrganization(), "--project", request.getProject(), "--stack", request.getStack()],
    ...["--root-directory", program?.getRootDirectory() ?? request.getPwd(), "--pwd", request.getPwd()],
    ...["--parallel", String(request.getParallel())],
    ...(request.getDryrun() ? ["--dry-run"] : []),
    program?.getEntryPoint() || request.getProgram() || ".",
    ...request.getArgsList(),
  ];
  const child = spawn(process.execPath, args, {
    cwd: request.getPwd(),
    env: {
      ...process.env,
      PULUMI_NODEJS_TYPESCRIPT: typescript,
      PULUMI_CONFIG: JSON.stringify(Object.fromEntries(request.getConfigMap().getEntryList())),
      PULUMI_CONFIG_SECRET_KEYS: JSON.stringify(request.getConfigsecretkeysList()),
    },
    // Standard output is the engine's: it read the port there.
    stdio: ["ignore", process.stderr, process.stderr],
  });
  const response = new messages.RunResponse();
  return new Promise((done, fail) => {
    child.once("error", fail);
    child.once("close", (code, signal) => {
      if (code === TOLD) response.setBail(true);
      else if (code !== 0) response.setError(`The program ended with ${signal ?? `exit code ${code}`}.`);
      done(response);
    });
  });
}

/** Runs a plugin that is a Node.js package: a policy pack, or a component provider. What it prints is the engine's. */
function runPlugin(call: ServerWritableStream<messages.RunPluginRequest, messages.RunPluginResponse>): void {
  const { request } = call;
  const directory = request.getInfo()?.getProgramDirectory() ?? request.getProgram();
  const pulumi = pulumiPackage(directory);
  const given = request
    .getEnvList()
    .map((pair) => [pair.slice(0, pair.indexOf("=")), pair.slice(pair.indexOf("=") + 1)]);
  const options = programOptions(request.getInfo());
  const args =
    request.getKind() === "analyzer"
      ? [join(pulumi, "cmd", "run-policy-pack"), ...request.getArgsList(), "."]
      : [join(pulumi, "cmd", "run-plugin"), directory, ...request.getArgsList()];
  const child = spawn(process.execPath, [...options.nodeArguments, ...args], {
    cwd: directory,
    env: {
      ...process.env,
      ...(Object.fromEntries(given) as Record<string, string>),
      PULUMI_NODEJS_TYPESCRIPT: options.typescript,
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  child.stdout.on("data", (data: Buffer) => call.write(new messages.RunPluginResponse().setStdout(data)));
  child.stderr.on("data", (data: Buffer) => call.write(new messages.RunPluginResponse().setStderr(data)));
  child.once("error", (error) => call.destroy(error));
  child.once("close", (code) => {
    call.write(new messages.RunPluginResponse().setExitcode(code ?? 1));
    call.end();
  });
  call.once("cancelled", () => child.kill());
}

/** The program's own `@pulumi/pulumi`. */
function pulumiPackage(directory: string): string {
  return dirname(createRequire(join(directory, "package.json")).resolve("@pulumi/pulumi/package.json"));
}

/** What `runtime.options` of a project says. */
function programOptions(program: messages.ProgramInfo | undefined): { nodeArguments: string[]; typescript: string } {
  const { nodeargs = "", typescript = true } = (program?.getOptions()?.toJavaScript() ?? {}) as {
    nodeargs?: string;
    typescript?: boolean;
  };
  return { nodeArguments: nodeargs.split(/\s+/).filter((word) => word !== ""), typescript: String(typescript) };
}

/** A method of the service for the server; what has no handler is not implemented. */
function method(name: string): handleUnaryCall<unknown, object> {
  return (call, answer) => {
    const handler = handlers[name];
    if (handler === undefined) return answer({ code: status.UNIMPLEMENTED, details: `${name} is not implemented` });
    Promise.resolve(call.request as never)
      .then(handler)
      .then(
        (response) => answer(null, response),
        (error: unknown) => answer({ code: status.UNKNOWN, details: messageOf(error) }),
      );
  };
}

const server = new Server();
server.addService(LanguageRuntimeService, {
  ...Object.fromEntries(Object.keys(LanguageRuntimeService).map((name) => [name, method(name)])),
  runPlugin,
});
server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, port) => {
  if (error) throw error;
  process.stdout.write(`${port}\n`);
});

import { createWriteStream, existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { cp, glob } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { isLeft } from "fp-ts/Either";
import * as t from "io-ts";
import { parse } from "yaml";
import type { ProcessTable } from "../server/processes";

const ReportFiles = t.intersection([
  t.type({ files: t.array(t.string) }),
  t.partial({ "base-directory": t.string, "file-format": t.string }),
]);
export type ReportFiles = t.TypeOf<typeof ReportFiles>;

const Phase = t.partial({ commands: t.array(t.string), finally: t.array(t.string) });

/** CodeBuild's build specification, version 0.2, as far as builds here go. What a runtime is, this machine decides. */
const Buildspec = t.intersection([
  t.type({ version: t.literal(0.2) }),
  t.partial({
    env: t.partial({ variables: t.record(t.string, t.string), "exported-variables": t.array(t.string) }),
    phases: t.partial({ install: Phase, pre_build: Phase, build: Phase, post_build: Phase }),
    reports: t.record(t.string, ReportFiles),
    artifacts: t.intersection([t.type({ files: t.array(t.string) }), t.partial({ "base-directory": t.string })]),
  }),
]);
export type Buildspec = t.TypeOf<typeof Buildspec>;

/** @throws Error where the file is missing or is no build specification */
export function readBuildspec(file: string): Buildspec {
  if (!existsSync(file)) throw new Error(`YAML_FILE_ERROR: ${basename(file)} does not exist in the source`);
  const decoded = Buildspec.decode(parse(readFileSync(file, "utf8")));
  if (!isLeft(decoded)) return decoded.right;
  const wrong = decoded.left.map(({ context }) => context.map(({ key }) => key).filter((key) => !/^\d*$/.test(key)));
  const places = [...new Set(wrong.map((path) => path.join(".")))].join(", ");
  throw new Error(`YAML_FILE_ERROR: ${basename(file)}: wrong at ${places}`);
}

const PHASES = ["install", "pre_build", "build", "post_build"] as const;

/**
 * One shell for all commands, as CodeBuild has it: a command that fails ends its phase, and the build with it, but that
 * `post_build` follows a failed `build`, and `finally` whatever became of its phase. What is exported is written to a file.
 */
export function scriptOf(spec: Buildspec, exportsFile: string): string {
  const lines = ["failed=0 build_failed=0"];
  const run = (commands: readonly string[] = [], guard: string) => {
    for (const command of commands) {
      const told = JSON.stringify(`Command did not exit successfully: ${command.trim()}`).replaceAll("$", "\\$");
      const message = told.replaceAll("`", "\\`");
      lines.push(`if [ ${guard} ]; then`, `{ ${command.trim()}`, "}", "code=$?");
      lines.push(`if [ $code -ne 0 ]; then failed=1 phase_failed=1; echo ${message} exit status $code; fi`, "fi");
    }
  };
  for (const name of PHASES) {
    const phase = spec.phases?.[name];
    lines.push(name === "post_build" ? "phase_failed=$((failed && !build_failed))" : "phase_failed=$failed");
    lines.push(`[ $phase_failed -eq 1 ] || echo "Entering phase ${name.toUpperCase()}"`);
    lines.push("entered=$((1 - phase_failed))");
    run(phase?.commands, "$phase_failed -eq 0");
    if (name === "build") lines.push("build_failed=$phase_failed; [ $entered -eq 1 ] || build_failed=0");
    run(phase?.finally, "$entered -eq 1");
  }
  for (const variable of spec.env?.["exported-variables"] ?? []) {
    lines.push(`printf '%s\\0%s\\0' ${variable} "\${${variable}:-}" >> '${exportsFile}'`);
  }
  return [...lines, "exit $failed", ""].join("\n");
}

export interface CommandsRequest {
  /** Where the source is: commands run in it. */
  source: string;
  environment: Record<string, string>;
  /** Where the build may put what is its own. */
  directory: string;
  /** Where the artifact goes, if the specification has one. */
  artifact: string | undefined;
  /** Takes each line that the commands write. */
  onLine: (line: string) => void;
}

export interface BuildResult {
  succeeded: boolean;
  /** What failed, or the last words of the build. */
  summary: string;
  exported: Record<string, string>;
}

const LAST_LINES = 20;

/** Runs a specification's commands, and collects what they made. Their log is `build.log` in the build's own folder. */
export async function runCommands(
  processes: ProcessTable,
  spec: Buildspec,
  request: CommandsRequest,
): Promise<BuildResult> {
  rmSync(request.directory, { recursive: true, force: true });
  mkdirSync(join(request.directory, "home"), { recursive: true });
  const [script, exportsFile] = [join(request.directory, "build.sh"), join(request.directory, "exported")];
  writeFileSync(script, scriptOf(spec, exportsFile));
  const lines: string[] = [];
  const log = createWriteStream(join(request.directory, "build.log"));
  const owned = processes.start({
    command: "bash",
    arguments: [script],
    environment: { ...request.environment, ...spec.env?.variables },
    workingDirectory: request.source,
    onLine(line) {
      lines.push(line);
      log.write(`${line}\n`);
      request.onLine(line);
    },
  });
  const { code } = await owned.exited;
  await new Promise<void>((done) => log.end(done));
  const exported = existsSync(exportsFile) ? pairs(readFileSync(exportsFile, "utf8").split("\0").slice(0, -1)) : {};
  if (code !== 0) {
    const failure = lines.findLast((line) => line.startsWith("Command did not exit successfully"));
    const said = lines.filter((line) => line !== failure).slice(-LAST_LINES);
    return { succeeded: false, summary: [failure ?? `exit status ${code}`, ...said].join("\n"), exported };
  }
  const lacking = await collect(spec, request);
  if (lacking.length > 0) {
    return { succeeded: false, summary: `no matching artifact paths found: ${lacking.join(", ")}`, exported };
  }
  return { succeeded: true, summary: lines.slice(-1).join(""), exported };
}

/** Copies what is the build's artifact. @returns patterns that match nothing */
async function collect({ artifacts }: Buildspec, { source, artifact }: CommandsRequest): Promise<string[]> {
  if (artifacts === undefined || artifact === undefined) return [];
  const base = join(source, artifacts["base-directory"] ?? ".");
  rmSync(artifact, { recursive: true, force: true });
  mkdirSync(artifact, { recursive: true });
  const lacking: string[] = [];
  for (const pattern of artifacts.files) {
    const found = await matching(base, [pattern]);
    for (const file of found) {
      mkdirSync(dirname(join(artifact, file)), { recursive: true });
      await cp(join(base, file), join(artifact, file));
    }
    if (found.length === 0) lacking.push(pattern);
  }
  return lacking;
}

/** Files, not folders, that match any of the patterns, as paths below `base`. */
export async function matching(base: string, patterns: readonly string[]): Promise<string[]> {
  const found: string[] = [];
  for await (const file of glob([...patterns], { cwd: base }))
    if (statSync(join(base, file)).isFile()) found.push(file);
  return found;
}

function pairs(words: readonly string[]): Record<string, string> {
  const found: Record<string, string> = {};
  for (let at = 0; at + 1 < words.length; at += 2) found[words[at] ?? ""] = words[at + 1] ?? "";
  return found;
}

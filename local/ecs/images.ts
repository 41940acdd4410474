import { existsSync, readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { DockerfileParser, type Instruction, type JSONInstruction, type PropertyInstruction } from "dockerfile-ast";
import { projectRoot } from "../tools";

/** What an image holds, as a folder: its content, and how its containers run where nothing else is asked for. */
export interface ImageContent {
  directory: string;
  command: string[];
  environment: Record<string, string>;
}

/**
 * The content of every image: there is no container engine here, so none can be pulled, and whatever is named stands
 * for the one that the project's `Dockerfile` builds.
 *
 * @returns undefined where what it copies was not built
 * @throws Error for a Dockerfile that needs a container engine
 */
export function imageContent(): ImageContent | undefined {
  return readDockerfile(join(projectRoot, "Dockerfile"));
}

/** Instructions that change nothing of what runs here. */
const WITHOUT_EFFECT = new Set(["FROM", "USER", "LABEL", "EXPOSE", "STOPSIGNAL"]);

/**
 * Reads a Dockerfile that copies one folder into its working directory and runs a command there: what needs no build,
 * and so is the same as a process. The build's context is the Dockerfile's folder.
 *
 * @returns undefined where the folder does not exist
 * @throws Error that names everything it cannot stand for
 */
export function readDockerfile(file: string): ImageContent | undefined {
  const found: { copied: string[]; command?: string[]; workdir?: string; environment: Record<string, string> } = {
    copied: [],
    environment: {},
  };
  const problems: string[] = [];
  for (const instruction of DockerfileParser.parse(readFileSync(file, "utf8")).getInstructions()) {
    const keyword = instruction.getKeyword();
    const words = instruction.getArguments().map((argument) => argument.getValue());
    const line = instruction.getRange().start.line + 1;
    if (WITHOUT_EFFECT.has(keyword)) continue;
    if (keyword === "WORKDIR") found.workdir = words[0] ?? "";
    else if (keyword === "ENV") Object.assign(found.environment, variablesOf(instruction));
    else if (keyword === "CMD") found.command = execForm(instruction);
    else if (keyword === "COPY" && words.length === 2 && isWorkdir(words[1], found.workdir)) {
      found.copied.push(words[0] ?? "");
    } else problems.push(`line ${line}: ${keyword} ${words.join(" ")} takes a container engine`);
  }
  if (found.copied.length !== 1) problems.push(`${found.copied.length} folders are copied, where one is wanted`);
  if (!found.command?.length) problems.push('there is no CMD in the form ["program", "argument"]');
  if (problems.length > 0) throw new Error(`${file} can't be run as a process: ${problems.join("; ")}`);
  const directory = join(dirname(file), found.copied[0] ?? "");
  if (!existsSync(directory) || !statSync(directory).isDirectory()) return undefined;
  return { directory, command: found.command ?? [], environment: found.environment };
}

function isWorkdir(target: string | undefined, workdir: string | undefined): boolean {
  return target === "./" || target === "." || (workdir !== undefined && target?.replace(/\/$/, "") === workdir);
}

function variablesOf(instruction: Instruction): Record<string, string> {
  const properties = (instruction as PropertyInstruction).getProperties();
  return Object.fromEntries(properties.map((property) => [property.getName(), property.getValue() ?? ""]));
}

/** The words of `["program", "argument"]`; empty for the form that takes a shell. */
function execForm(instruction: Instruction): string[] {
  const strings = (instruction as JSONInstruction).getJSONStrings();
  return strings.map((string) => string.getJSONValue());
}

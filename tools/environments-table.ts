// How the environments differ, as a table for docs/environments.md: read off Pulumi.*.yaml, defaults applied.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { isLeft } from "fp-ts/Either";
import { parse } from "yaml";
import { decodeStackConfig, describeErrors, type StackConfig } from "../config";

/** In the order in which a model gets from one to the next. */
export const ENVIRONMENTS = ["local", "dev", "staging", "prod"] as const;

/** Groups that say what a stack is called, and not what it is. */
const NAMES = new Set(["global", "names", "tags"]);

/** The configuration of `Pulumi.<stack>.yaml`, defaults applied. @throws Error where there is none, or it does not decode */
export function stackConfiguration(directory: string, stack: string): StackConfig {
  const file = join(directory, `Pulumi.${stack}.yaml`);
  if (!existsSync(file)) throw new Error(`There is no stack ${stack}: Pulumi.${stack}.yaml does not exist.`);
  const { config } = parse(readFileSync(file, "utf8")) as { config: object };
  const groups = Object.fromEntries(
    Object.entries(config).flatMap(([key, value]) =>
      key.startsWith("fraud:") ? [[key.slice("fraud:".length), value as unknown]] : [],
    ),
  );
  const decoded = decodeStackConfig(groups);
  if (isLeft(decoded)) throw new Error(`Pulumi.${stack}.yaml is wrong:\n${describeErrors(decoded.left, "fraud:")}`);
  return decoded.right;
}

/** The value of each setting of a stack, by its path (`deployment.rollout.type`). */
function settingsOf(directory: string, stack: string): Map<string, string> {
  const settings = new Map<string, string>();
  for (const [group, value] of Object.entries(stackConfiguration(directory, stack))) {
    if (!NAMES.has(group)) flatten(group, value, settings);
  }
  return settings;
}

function flatten(path: string, value: unknown, into: Map<string, string>): void {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) {
    for (const [key, inner] of Object.entries(value)) flatten(`${path}.${key}`, inner, into);
  } else if (value !== undefined) {
    into.set(path, typeof value === "string" ? value : JSON.stringify(value));
  }
}

/** The settings in which the environments differ, a row each. */
export function environmentsMarkdown(directory: string): string {
  const stacks = ENVIRONMENTS.map((stack) => settingsOf(directory, stack));
  const paths = [...new Set(stacks.flatMap((settings) => [...settings.keys()]))].sort();
  const own = (path: string) => /\.(endpointName|modelName)$/.test(path);
  const rows = paths
    .map((path) => [path, ...stacks.map((settings) => settings.get(path) ?? "–")])
    .filter(([path = "", ...values]) => !own(path) && new Set(values).size > 1);
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  return [
    line(["setting", ...ENVIRONMENTS]),
    `|${"---|".repeat(ENVIRONMENTS.length + 1)}`,
    ...rows.map(([path = "", ...values]) => line([`\`${path}\``, ...values])),
  ].join("\n");
}

const BEGIN = "<!-- environments: written by npm run docs:environments -->";
const END = "<!-- end of environments -->";

/** The text with the table between its marks. @throws Error where it has no marks */
export function withEnvironments(text: string, table: string): string {
  const [from, to] = [text.indexOf(BEGIN), text.indexOf(END)];
  if (from < 0 || to < from) throw new Error(`The text has no "${BEGIN}" … "${END}" to write the table between.`);
  return `${text.slice(0, from + BEGIN.length)}\n\n${table}\n\n${text.slice(to)}`;
}

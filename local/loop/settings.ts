// The stack's configuration file for one run: Pulumi.<stack>.yaml with what the command line overrides.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { parse, stringify } from "yaml";
import { projectRoot } from "../tools";
import { UserError } from "./errors";

interface StackFile {
  config: Record<string, unknown>;
}

/** A run's configuration file, and what of it decides before anything runs. */
export interface RunFile {
  path: string;
  region: string;
  /** Whether the transactions come from a database. */
  fromDatabase: boolean;
  /** Whether preprocessing runs on Spark, or may. */
  mayUseSpark: boolean;
}

/**
 * Writes the stack's file with overrides.
 *
 * @param overrides `group.key=value` pairs, values in YAML: `evaluation.rocAucMinThreshold=0.99`
 * @throws UserError for a pair that is none. What it says is checked where the configuration is decoded.
 */
export function writeStackFile(stack: string, overrides: readonly string[], directory: string): RunFile {
  const file = parse(readFileSync(join(projectRoot, `Pulumi.${stack}.yaml`), "utf8")) as StackFile;
  for (const pair of overrides) {
    const match = /^([A-Za-z][\w.]*)=(.*)$/s.exec(pair);
    if (!match?.[1])
      throw new UserError(
        `--set ${pair}: GROUP.KEY=VALUE is wanted, for example --set evaluation.rocAucMinThreshold=0.95.`,
      );
    const [group = "", ...path] = match[1].split(".");
    file.config[`fraud:${group}`] = assign(file.config[`fraud:${group}`], path, parse(match[2] ?? ""));
  }
  const path = join(directory, `Pulumi.${stack}.yaml`);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, stringify(file));
  const source = file.config["fraud:source"] as { type?: unknown } | undefined;
  const preprocess = file.config["fraud:preprocess"] as { framework?: unknown } | undefined;
  return {
    path,
    region: String(file.config["aws:region"]),
    fromDatabase: source?.type === "rds",
    mayUseSpark: preprocess?.framework !== "scikit-learn",
  };
}

function assign(target: unknown, [key, ...rest]: string[], value: unknown): unknown {
  if (key === undefined) return value;
  const record = target !== null && typeof target === "object" ? (target as Record<string, unknown>) : {};
  return { ...record, [key]: assign(record[key], rest, value) };
}

import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { suggest } from "../config/nearest";
import type { Framework } from "./images";
import { readJobCode, type JobCode } from "./job-code";

/** A version of one of AWS's framework containers. */
export interface Container {
  readonly framework: Framework;
  readonly version: string;
}

/** Containers whose jobs import nothing else. */
const complete: readonly Framework[] = ["sagemaker-spark-processing"];

/** The name of a set's lock beside its wheels. */
const lockName = "requirements.lock";

/**
 * The wheels that a job needs beside what its container holds, and their lock.
 * @param root holds `wheels/<container>/<job>/`, where the build put them.
 * @param locks folder of the locks: `<container>/<job>.lock`.
 * @returns undefined where the container has all that the job imports.
 * @throws {Error} for a container that there are no locks for, and for wheels that are not those of the lock.
 */
export async function readWheels(
  root: string,
  locks: string,
  { framework, version }: Container,
  job: string,
): Promise<JobCode | undefined> {
  if (complete.includes(framework)) return undefined;
  const container = `${framework}-${version}`;
  if (!existsSync(path.join(locks, container))) {
    const versions = (await readdir(locks))
      .filter((name) => name.startsWith(`${framework}-`))
      .map((name) => name.slice(framework.length + 1));
    throw new Error(
      `there are no wheels for ${framework} in version ${JSON.stringify(version)}: ${suggest(version, versions)} ` +
        `(known: ${versions.join(", ")}), or lock them in ${path.join(path.basename(locks), container)}`,
    );
  }
  const lock = path.join(locks, container, `${job}.lock`);
  if (!existsSync(lock)) return undefined;
  const folder = path.join(root, "wheels", container, job);
  const [wanted, downloaded] = await Promise.all([
    readFile(lock, "utf8"),
    readFile(path.join(folder, lockName), "utf8").catch(() => undefined),
  ]);
  if (wanted !== downloaded) {
    const state = downloaded === undefined ? "are not there" : "are of another lock";
    throw new Error(`the wheels of ${job} in ${container} ${state} (${folder}): run npm run build again`);
  }
  return readJobCode([folder]);
}

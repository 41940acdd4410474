// The wheels that jobs need beside what AWS's containers have (jobs/wheels), downloaded for the containers' Pythons and
// platform. Plain JavaScript without packages, because set-up runs it before there are any.
import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "..");
const sources = join(root, "jobs", "wheels");
/** Where the downloaded sets lie, by container and job. The build copies them to the launcher. */
export const wheelsDirectory = join(root, ".local", "wheels");
/** The lock's name beside its wheels: a set of other content is told by it. */
export const LOCK = "requirements.lock";

/** Every set: `{container, job, lock (its text), platforms, pythons}`, sorted. */
export function wheelSets() {
  return readdirSync(sources, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .flatMap(({ name: container }) => {
      const { pythons, glibc } = JSON.parse(readFileSync(join(sources, container, "container.json"), "utf8"));
      return readdirSync(join(sources, container))
        .filter((file) => file.endsWith(".lock"))
        .map((file) => ({
          container,
          job: file.slice(0, -".lock".length),
          lock: readFileSync(join(sources, container, file), "utf8"),
          pythons,
          platforms: platformsOf(glibc),
        }));
    })
    .sort((a, b) => `${a.container}/${a.job}`.localeCompare(`${b.container}/${b.job}`));
}

/** pip takes tags literally: all that a glibc of this version runs. SageMaker's CPU images are x86-64. */
function platformsOf(glibc) {
  const newest = Number(glibc.split(".")[1]);
  const tags = Array.from({ length: newest - 4 }, (_, index) => `manylinux_2_${newest - index}_x86_64`);
  return [...tags, "manylinux2014_x86_64", "manylinux2010_x86_64", "manylinux1_x86_64"];
}

const directoryOf = ({ container, job }) => join(wheelsDirectory, container, job);
const isDownloaded = (set) => {
  const lock = join(directoryOf(set), LOCK);
  return existsSync(lock) && readFileSync(lock, "utf8") === set.lock;
};

/** Changes exactly if something is to be downloaded, or no longer is. */
export function wheelsState() {
  const hash = createHash("sha256");
  for (const set of wheelSets()) hash.update(JSON.stringify([set, isDownloaded(set)]));
  return hash.digest("hex");
}

/**
 * Downloads the sets that are not there as locked, whole or not at all, and removes those that no lock names.
 * @param run runs Python with arguments: `(arguments) => Promise`, and rejects where it fails.
 */
export async function downloadWheels(run) {
  const sets = wheelSets();
  mkdirSync(wheelsDirectory, { recursive: true });
  const wanted = new Set(sets.map(directoryOf));
  for (const container of readdirSync(wheelsDirectory)) {
    const directory = join(wheelsDirectory, container);
    for (const job of readdirSync(directory)) {
      if (!wanted.has(join(directory, job))) rmSync(join(directory, job), { recursive: true, force: true });
    }
  }
  for (const set of sets.filter((each) => !isDownloaded(each))) {
    const scratch = mkdtempSync(join(wheelsDirectory, "..", "wheels-"));
    try {
      writeFileSync(join(scratch, LOCK), set.lock);
      for (const python of set.pythons) {
        const options = [
          "--quiet",
          "--disable-pip-version-check",
          "--no-deps",
          "--require-hashes",
          "--only-binary",
          ":all:",
        ];
        options.push("--implementation", "cp", "--python-version", python, "--dest", scratch);
        options.push(...set.platforms.flatMap((platform) => ["--platform", platform]));
        await run(["-m", "pip", "download", ...options, "--requirement", join(scratch, LOCK)]);
      }
      rmSync(directoryOf(set), { recursive: true, force: true });
      mkdirSync(dirname(directoryOf(set)), { recursive: true });
      renameSync(scratch, directoryOf(set));
    } finally {
      rmSync(scratch, { recursive: true, force: true });
    }
  }
}

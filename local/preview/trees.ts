// The project as git has it: checked out below .local, one folder for each content, so that nothing in the checkout
// that people work in is touched, and what was evaluated once is found again.
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { cp, mkdir, mkdtemp, readdir, rename, rm, stat, symlink, utimes } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve, sep } from "node:path";
import { promisify } from "node:util";

const execute = promisify(execFile);

/** A state of the project, checked out. */
export interface Tree {
  /** Git's hash of everything in it. */
  hash: string;
  /** Where it is; packages and wheels are those of the checkout. */
  directory: string;
  /** The commit that it is of; undefined for what is in the checkout now, committed or not. */
  commit?: string;
}

/** What was not asked for that long is removed. */
const KEEP_DAYS = 7;
const DAY_MILLISECONDS = 86_400_000;

/** Something that the person who asked for the preview can put right. */
export class PreviewError extends Error {
  override name = "PreviewError";
}

/** What is in a checkout now, with changes that nobody committed, and new files; not what git ignores. */
export async function headTree(project: string, store: string): Promise<Tree> {
  return withIndex(async (index) => {
    const own = resolve(project, await git(project, ["rev-parse", "--git-path", "index"]));
    // What git knows of files' times spares it reading them all.
    if (existsSync(own)) await cp(own, index);
    await git(project, ["add", "--all", "."], index);
    const hash = await git(project, ["write-tree"], index);
    return { hash, directory: await checkOut(project, store, hash) };
  });
}

/** @throws PreviewError where git does not know the revision */
export async function treeOf(project: string, store: string, revision: string): Promise<Tree> {
  let commit: string;
  try {
    commit = await git(project, ["rev-parse", "--verify", "--quiet", "--end-of-options", `${revision}^{commit}`]);
  } catch (cause) {
    throw new PreviewError(
      `--base ${revision} is no commit that this checkout knows: fetch it first (git fetch origin), or give another one.`,
      { cause },
    );
  }
  const hash = await git(project, ["rev-parse", `${commit}^{tree}`]);
  return { hash, commit, directory: await checkOut(project, store, hash) };
}

/** A hash of some of a tree's files and folders; of those that it does not have, that it has none. */
export async function partOf(project: string, tree: Tree, paths: readonly string[]): Promise<string> {
  return git(project, ["ls-tree", tree.hash, "--", ...paths]);
}

async function checkOut(project: string, store: string, hash: string): Promise<string> {
  const directory = join(store, hash);
  await mkdir(store, { recursive: true });
  if (!existsSync(directory)) {
    const making = await mkdtemp(join(store, "making-"));
    await withIndex(async (index) => {
      await git(project, ["read-tree", hash], index);
      await git(project, ["checkout-index", "--all", `--prefix=${making}${sep}`], index);
    });
    // What set-up installed, and git does not have.
    await mkdir(join(making, ".local"), { recursive: true });
    for (const installed of ["node_modules", join(".local", "wheels")]) {
      await rm(join(making, installed), { recursive: true, force: true });
      await symlink(join(project, installed), join(making, installed), "dir");
    }
    await settle(making, directory);
  }
  await touch(directory);
  return directory;
}

/** With an index of git's own for the time being: the checkout's stays as it is. */
async function withIndex<T>(use: (index: string) => Promise<T>): Promise<T> {
  const scratch = await mkdtemp(join(tmpdir(), "index-"));
  try {
    return await use(join(scratch, "index"));
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** Puts a finished folder in its place. Another preview may have been faster: then its is the same. */
export async function settle(made: string, place: string): Promise<void> {
  try {
    await rename(made, place);
  } catch (error) {
    if (!existsSync(place)) throw error;
    await rm(made, { recursive: true, force: true });
  }
}

export async function touch(directory: string): Promise<void> {
  const now = new Date();
  await utimes(directory, now, now);
}

/** Removes folders of a store that nobody asked for in a week. */
export async function prune(store: string): Promise<void> {
  if (!existsSync(store)) return;
  for (const name of await readdir(store)) {
    const path = join(store, name);
    const { mtimeMs } = await stat(path);
    if (Date.now() - mtimeMs > KEEP_DAYS * DAY_MILLISECONDS) await rm(path, { recursive: true, force: true });
  }
}

async function git(project: string, args: readonly string[], index?: string): Promise<string> {
  const env = index === undefined ? process.env : { ...process.env, GIT_INDEX_FILE: index };
  const { stdout } = await execute("git", args, { cwd: project, env, maxBuffer: 100_000_000 });
  return stdout.trim();
}

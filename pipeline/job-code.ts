import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { gzipSync } from "node:zlib";
import { Header } from "tar";

/** A file that a job needs: its path beside the job's entry point, and its content. */
export interface CodeFile {
  readonly path: string;
  readonly content: Buffer;
}

/** Files of one job, sorted by path, and a name that changes exactly if one of them does. */
export interface JobCode {
  readonly files: readonly CodeFile[];
  /** SHA-256 of paths and contents, in hexadecimal. */
  readonly hash: string;
}

/** What tools leave beside sources, and nothing runs. */
const leftovers = /(?:^|\/)(?:__pycache__|\.[^/]*|[^/]*\.pyc)$/;

async function filesUnder(folder: string): Promise<CodeFile[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = entries
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)).split(path.sep).join("/"))
    .filter((name) => !name.split("/").some((_, index, parts) => leftovers.test(parts.slice(0, index + 1).join("/"))));
  return Promise.all(paths.map(async (name) => ({ path: name, content: await readFile(path.join(folder, name)) })));
}

/**
 * Reads a job's files: those of all folders as if they were one, because a container gets one folder.
 * @param made files that are in no folder
 * @throws {Error} if a folder has no files, or if two folders have different files of one name.
 */
export async function readJobCode(folders: readonly string[], made: readonly CodeFile[] = []): Promise<JobCode> {
  const merged = new Map<string, { file: CodeFile; folder: string }>();
  for (const folder of folders) {
    const files = await filesUnder(folder);
    if (files.length === 0) throw new Error(`${folder} holds no files: the launcher needs the jobs' sources there`);
    for (const file of files) {
      const other = merged.get(file.path);
      if (other !== undefined && !other.file.content.equals(file.content)) {
        throw new Error(`${other.folder} and ${folder} both have ${file.path}, and they differ: rename one of them`);
      }
      merged.set(file.path, { file, folder });
    }
  }
  const files = [...[...merged.values()].map(({ file }) => file), ...made].sort((a, b) => (a.path < b.path ? -1 : 1));
  return jobCode(files);
}

/** Files that are not read from a folder. */
export function jobCode(files: readonly CodeFile[]): JobCode {
  return { files, hash: contentHash(files) };
}

/** SHA-256 over paths and contents. Lengths stand in between, so that nothing can move from one to the other. */
function contentHash(files: readonly CodeFile[]): string {
  const hash = createHash("sha256");
  for (const { path: name, content } of files) {
    hash.update(`${Buffer.byteLength(name)}:${name}${content.length}:`).update(content);
  }
  return hash.digest("hex");
}

const tarBlockBytes = 512;

/** The files as a .tar.gz. The same files give the same bytes: no times, no owners, one mode. */
export function tarball(files: readonly CodeFile[]): Buffer {
  const blocks = files.flatMap(({ path: name, content }) => {
    const header = new Header({
      path: name,
      type: "File",
      mode: 0o644,
      size: content.length,
      uid: 0,
      gid: 0,
      mtime: new Date(0),
    });
    const block = Buffer.alloc(tarBlockBytes);
    if (header.encode(block))
      throw new Error(`the path ${name} is too long for a tar file: shorten it to 100 characters`);
    const padding = (tarBlockBytes - (content.length % tarBlockBytes)) % tarBlockBytes;
    return [block, content, Buffer.alloc(padding)];
  });
  return gzipSync(Buffer.concat([...blocks, Buffer.alloc(2 * tarBlockBytes)]));
}

// Modules of a tree, each run as one compiled file, and stacks that name the lines of their sources all the same.
import { existsSync, readFileSync } from "node:fs";
import { SourceMap, type SourceMapPayload } from "node:module";
import { dirname, join, relative, resolve } from "node:path";
import { compile } from "../../tools/compile.mjs";
import { PreviewError, type Tree } from "./trees";

/** What esbuild throws. */
interface BuildFailure {
  errors: { text: string; location: { file: string; line: number; column: number } | null }[];
}

/**
 * What a module of a tree exports.
 *
 * @param script its path in the tree
 * @throws PreviewError naming each line that does not compile
 */
export async function loadFrom(tree: Tree, script: string): Promise<unknown> {
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- known only when it runs
  return require(await compileFrom(tree, script));
}

/** The file of a module of a tree. @throws PreviewError as {@link loadFrom} */
export function compileFrom({ directory }: Tree, script: string, renamed?: Record<string, string>): Promise<string> {
  return compile(directory, script, renamed).catch((error: unknown) => {
    throw isBuildFailure(error) ? new PreviewError(`${script} does not compile:\n${problemsOf(error)}`) : error;
  });
}

function isBuildFailure(error: unknown): error is BuildFailure {
  return error instanceof Error && "errors" in error && Array.isArray(error.errors);
}

function problemsOf({ errors }: BuildFailure): string {
  return errors
    .map(({ text, location }) =>
      location ? `${location.file}:${location.line}:${location.column + 1}: ${text}` : text,
    )
    .join("\n");
}

/**
 * A stack, or a message that holds one, with the places of the sources in the place of the compiled files'. Sources of
 * a tree are named from there, as a person knows them.
 */
export function bySource(text: string): string {
  return text.replace(
    /(\/[^\s():]+\.cjs):(\d+):(\d+)/g,
    (place: string, file: string, line: string, column: string) => {
      const entry = mapOf(file)?.findEntry(Number(line) - 1, Number(column) - 1);
      if (!entry || !("originalSource" in entry)) return place;
      const [root] = file.split(join("/", ".local", "compiled"));
      const source = relative(root ?? "/", resolve(dirname(file), entry.originalSource));
      return `${source}:${entry.originalLine + 1}:${entry.originalColumn + 1}`;
    },
  );
}

function mapOf(file: string): SourceMap | undefined {
  const map = `${file}.map`;
  return existsSync(map) ? new SourceMap(JSON.parse(readFileSync(map, "utf8")) as SourceMapPayload) : undefined;
}

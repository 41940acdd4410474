import { existsSync } from "node:fs";
import { join } from "node:path";
import { projectRoot } from "../tools";

/** What an image holds, as a folder: its content, and what its containers run where nothing else is asked for. */
export interface ImageContent {
  directory: string;
  command: string[];
}

/**
 * The content of an image. There is no container engine here, so an image cannot be pulled: the launcher's is what
 * the build puts into `dist/launcher`, whatever registry and tag it is given.
 *
 * @returns undefined where the build has not run
 */
export function contentOf(image: string): ImageContent | undefined {
  if (!/[\w.-]+(?:\/[\w./-]+)?(?::[\w.-]+)?/.test(image)) return undefined;
  const directory = join(projectRoot, "dist", "launcher");
  return existsSync(join(directory, "index.js")) ? { directory, command: ["node", "index.js"] } : undefined;
}

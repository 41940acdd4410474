import { existsSync } from "node:fs";
import { join } from "node:path";
import { projectRoot } from "../tools";

/** What an image holds, as a folder: its content, and what its containers run where nothing else is asked for. */
export interface ImageContent {
  directory: string;
  command: string[];
}

/**
 * The content of every image: there is no container engine here, so none can be pulled, and whatever is named stands
 * for the launcher, as the build puts it into `dist/launcher`.
 *
 * @returns undefined where the build has not run
 */
export function imageContent(): ImageContent | undefined {
  const directory = join(projectRoot, "dist", "launcher");
  return existsSync(join(directory, "index.js")) ? { directory, command: ["node", "index.js"] } : undefined;
}

import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import * as tar from "tar";
import { downloadFile, downloadFiles, listFiles, parseS3Uri } from "../s3-files";
import type { Clients } from "../clients";
import type { ServedContainer } from "./models";

/**
 * Puts a model's data into a folder: the contents of its archive, or the objects under its prefix.
 *
 * @throws Error when it is missing, is no archive, or holds links or paths that leave the folder
 */
export async function placeModelData(clients: Clients, container: ServedContainer, folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  const uri = container.modelDataUri;
  if (uri === undefined) return;
  if (!container.compressed) return downloadFiles(clients.s3, await listFiles(clients.s3, uri), folder);
  const archive = join(folder, "..", "model.tar.gz");
  await downloadFile(clients.s3, parseS3Uri(uri), archive);
  await extract(archive, folder);
  await rm(archive);
}

async function extract(archive: string, folder: string): Promise<void> {
  const links: string[] = [];
  await tar.extract({
    file: archive,
    cwd: folder,
    // Warnings of paths that leave the folder become errors.
    strict: true,
    filter: (path, entry) => {
      const link = "type" in entry && (entry.type === "SymbolicLink" || entry.type === "Link");
      if (link) links.push(path);
      return !link;
    },
  });
  if (links.length > 0) throw new Error(`the model archive holds links, which are refused: ${links.join(", ")}`);
}

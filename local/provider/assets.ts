import { readFileSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { zipSync, type Zippable } from "fflate";
import { isArchive, type ArchiveValue, type AssetValue } from "./values";

/** A fixed time for every entry, so that the same content gives the same bytes. Zip's calendar starts in 1980. */
const ENTRY_TIME = new Date("1980-01-02T00:00:00Z");

/** An archive as a zip file: byte for byte the same for the same content. */
export function zip(archive: ArchiveValue): Uint8Array {
  if (archive.path !== undefined && !statSync(archive.path).isDirectory()) return readFileSync(archive.path);
  const files: Zippable = {};
  for (const [name, content] of contents(archive)) files[name] = [content, { mtime: ENTRY_TIME }];
  return zipSync(files);
}

function contents(archive: ArchiveValue): [string, Uint8Array][] {
  if (archive.path !== undefined) return folder(archive.path);
  const assets = Object.entries(archive.assets ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
  return assets.flatMap(([name, value]) => entry(name, value));
}

/** An archive within an archive becomes a folder of it. */
function entry(name: string, value: AssetValue | ArchiveValue): [string, Uint8Array][] {
  if (isArchive(value)) return contents(value).map(([inner, content]) => [`${name}/${inner}`, content]);
  return [[name, asset(value)]];
}

function folder(path: string): [string, Uint8Array][] {
  const names = readdirSync(path, { recursive: true, encoding: "utf8" }).sort();
  const files = names.filter((name) => statSync(join(path, name)).isFile());
  return files.map((name) => [name.split("\\").join("/"), readFileSync(join(path, name))]);
}

/** The content of a file, or a text. */
export function asset(value: AssetValue): Uint8Array {
  if (value.path) return readFileSync(value.path);
  return Buffer.from(value.text ?? "");
}

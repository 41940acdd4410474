import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";

/**
 * A directory that a package of the project's virtual environment brings.
 *
 * @param variable environment variable that names the directory instead
 * @param product the package's name, for the message
 * @param parts the directory below `site-packages`
 * @throws when there is no such directory; the message names the one searched, and the variable
 */
export function sitePackages(variable: string, product: string, ...parts: string[]): string {
  const configured = process.env[variable];
  if (configured) {
    if (!existsSync(configured)) throw new Error(`${variable} is ${configured}, which does not exist`);
    return configured;
  }
  const lib = projectPath(".local", "venv", "lib");
  const pythons = existsSync(lib) ? readdirSync(lib).filter((name) => name.startsWith("python3")) : [];
  const found = pythons.map((name) => join(lib, name, "site-packages", ...parts)).find((dir) => existsSync(dir));
  if (!found) {
    throw new Error(
      `${product} is not installed below ${lib}: run the set-up again, or set ${variable} to its data directory`,
    );
  }
  return found;
}

/** Directory of what is derived from the models: `AWS_MODELS_CACHE`, else `.local/models`. */
export function modelsCache(): string {
  return process.env["AWS_MODELS_CACHE"] ?? projectPath(".local", "models");
}

/** What `make` gives, from the cache when it was made before under the same name. */
export function cachedJson<T>(name: string, make: () => T): T {
  const directory = modelsCache();
  const cached = join(directory, `${name}.json`);
  if (existsSync(cached)) return JSON.parse(readFileSync(cached, "utf8")) as T;
  const made = make();
  mkdirSync(directory, { recursive: true });
  const temporary = `${cached}.${process.pid}.${process.hrtime.bigint()}`;
  writeFileSync(temporary, JSON.stringify(made));
  renameSync(temporary, cached);
  return made;
}

function projectPath(...parts: string[]): string {
  return resolve(__dirname, "..", "..", ...parts);
}

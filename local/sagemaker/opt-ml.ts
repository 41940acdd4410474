import { readFile, stat, writeFile } from "node:fs/promises";

/** `/opt/ml` as a path of its own, not as part of another (`/data/opt/ml`, `/opt/mlflow`). */
const OPT_ML = /(?<![\w.-])\/opt\/ml(?![\w.-])/g;

/** Puts a job's folder in the place of `/opt/ml` wherever a text names it. */
export function localise(text: string, folder: string): string {
  return text.replace(OPT_ML, () => folder);
}

/** The same in every value of a record. */
export function localiseValues(values: Readonly<Record<string, string>>, folder: string): Record<string, string> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, localise(value, folder)]));
}

/**
 * The same within the scripts that a command names: programs are often written for one place, and the shell script that
 * the SageMaker SDK puts before a source folder always is. Modules that the scripts import stay as they are.
 *
 * @param command before it is localised
 */
export async function localiseScripts(command: readonly string[], folder: string): Promise<void> {
  for (const word of command.filter((each) => each.startsWith("/opt/ml/") && /\.(py|sh)$/.test(each))) {
    const path = localise(word, folder);
    const file = await stat(path).catch(() => undefined);
    if (file?.isFile()) await writeFile(path, localise(await readFile(path, "utf8"), folder));
  }
}

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

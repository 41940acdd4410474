import { join } from "node:path";
import { projectRoot } from "../../tools";

/** Commands that an image brings beside Python, by the end of its repository's name. */
const PROGRAMS: readonly (readonly [RegExp, string])[] = [
  [/\/sagemaker-spark-processing(?=[:@]|$)/, join(projectRoot, "local", "containers", "spark", "bin")],
];

/** The PATH of an image's containers: what it brings, before everything else. */
export function pathOf(image: string, path: string): string {
  return [...PROGRAMS.filter(([name]) => name.test(image)).map(([, folder]) => folder), path].join(":");
}

// The tools that set-up chose or installed, as tools/setup.mjs recorded them.
import { readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import * as t from "io-ts";
import { isLeft } from "fp-ts/Either";

/** The checkout's root. */
export const projectRoot = resolve(__dirname, "..");
/** Everything that is made here and never committed. */
export const localDirectory = join(projectRoot, ".local");

const Tools = t.intersection([
  t.type({ node: t.string, python: t.string, pulumi: t.string }),
  t.partial({
    // The Python with the clients of AWS that tests use: only `npm test` installs it.
    oracles: t.string,
    // The Python with Spark, and the home of the Java that it runs on: installed when first asked for.
    spark: t.string,
    java: t.string,
  }),
]);
/** Absolute paths of the executables. */
export type Tools = t.TypeOf<typeof Tools>;

const SetupState = t.type({ tools: Tools });

/** @throws Error where set-up has not run in this checkout. */
export function tools(): Tools {
  const file = join(localDirectory, "setup.json");
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (cause) {
    throw new Error(`${file} is missing: run \`npm start\` or \`npm test\`, which set everything up first.`, { cause });
  }
  const state = SetupState.decode(JSON.parse(text));
  if (isLeft(state)) throw new Error(`${file} is not what set-up writes: delete it and run the same command again.`);
  return state.right.tools;
}

/** Directories that come first on the PATH of every process of the local cloud. */
export function toolPath(): string {
  const { node, python } = tools();
  return [dirname(node), dirname(python)].join(":");
}

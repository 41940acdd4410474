import type { Value } from "./expressions";

const inputs = "/opt/ml/processing/input";
/** Where a processing job finds its code. */
export const codeFolder = `${inputs}/code`;
/** What every job starts with (jobs/shared): it installs what the container lacks, and then runs the job's program. */
const starter = "run_job.py";

interface Started {
  /** A script among the job's code. */
  readonly program: string;
  readonly code: string;
  /** Folder of wheels, where the container lacks something. */
  readonly wheels: string | undefined;
}

/** Variables by which the starter knows what to do. */
function variables(program: string, wheelsFolder: string | undefined): Readonly<Record<string, string>> {
  return { JOB_PROGRAM: program, ...(wheelsFolder === undefined ? {} : { JOB_WHEELS: wheelsFolder }) };
}

/** How a processing job starts: entry point, and the inputs and the environment that it asks for. `code` is a folder. */
export function processingStart({ program, code, wheels }: Started) {
  const places: Readonly<Record<string, { readonly uri: Value<string>; readonly path: string }>> = {
    code: { uri: code, path: codeFolder },
    ...(wheels === undefined ? {} : { wheels: { uri: wheels, path: `${inputs}/wheels` } }),
  };
  return {
    entrypoint: ["python3", `${codeFolder}/${starter}`],
    inputs: places,
    environment: variables(program, wheels === undefined ? undefined : `${inputs}/wheels`),
  };
}

/** How a training job in script mode starts: hyperparameters, channels and environment. `code` is a .tar.gz. */
export function trainingStart({ program, code, wheels }: Started) {
  const channels: Readonly<Record<string, { readonly uri: Value<string> }>> =
    wheels === undefined ? {} : { wheels: { uri: wheels } };
  return {
    hyperparameters: { sagemaker_program: starter, sagemaker_submit_directory: code },
    channels,
    environment: variables(program, wheels === undefined ? undefined : "/opt/ml/input/data/wheels"),
  };
}

import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { jobCode } from "../pipeline/job-code";
import type { ComponentArgs } from "./component";
import { PlatformComponent } from "./component";
import type { Storage } from "./storage";

/** AWS's container that monitors' jobs run in. */
export const monitorContainer = { framework: "sagemaker-scikit-learn", version: "1.4-2" } as const;

const ROOT = path.join(__dirname, "..");
/** Where the build put what the jobs run. */
const BUILT = path.join(ROOT, "dist", "monitor");
const LOCK = path.join(
  ROOT,
  "jobs",
  "wheels",
  `${monitorContainer.framework}-${monitorContainer.version}`,
  "monitor.lock",
);
/** Of the lock beside the wheels that it locks. */
const LOCK_NAME = "requirements.lock";

interface Folder {
  /** Where the files are on this machine. */
  path: string;
  /** The files' names, sorted. */
  names: readonly string[];
  /** Changes exactly if a file does. */
  hash: string;
}

/** @param hashed which files tell a change of any. Default: all. */
function folderOf(folder: string, hashed: (name: string) => boolean = () => true): Folder {
  const entries = existsSync(folder) ? readdirSync(folder, { recursive: true, withFileTypes: true }) : [];
  const names = entries
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)).split(path.sep).join("/"))
    .sort();
  const files = names.filter(hashed).map((name) => ({ path: name, content: readFileSync(path.join(folder, name)) }));
  return { path: folder, names, hash: jobCode(files).hash };
}

/** @throws Error when the build is missing, or has no wheels or those of another lock. */
function builtMonitor(): { code: Folder; wheels: Folder } {
  const code = folderOf(path.join(BUILT, "code"));
  // The lock has the hash of every wheel.
  const wheels = folderOf(path.join(BUILT, "wheels"), (name) => name === LOCK_NAME);
  const again = "Build with `npm run build` and try again.";
  if (code.names.length === 0)
    throw new Error(`The monitors' code was not built: dist/monitor/code is empty. ${again}`);
  const built = path.join(wheels.path, LOCK_NAME);
  if (existsSync(LOCK) && !(existsSync(built) && readFileSync(built).equals(readFileSync(LOCK)))) {
    throw new Error(
      `The monitors' wheels in dist/monitor/wheels are not those of ${path.relative(ROOT, LOCK)}. ${again}`,
    );
  }
  return { code, wheels };
}

export interface MonitorCodeArgs extends ComponentArgs {
  storage: Storage;
}

/**
 * What monitors' jobs run, in the bucket: a folder for the code and one for the wheels, each named after its content, so
 * that a job that has begun reads what it was started with.
 *
 * @throws Error when the project was not built.
 */
export class MonitorCode extends PlatformComponent {
  /** Folders, without slashes at their ends. */
  readonly codeUri: pulumi.Output<string>;
  /** Undefined where the container has all that the jobs import. */
  readonly wheelsUri: pulumi.Output<string> | undefined;
  /** What jobs depend on. */
  readonly objects: readonly pulumi.Resource[];

  constructor(name: string, args: MonitorCodeArgs, options?: pulumi.ComponentResourceOptions) {
    super("MonitorCode", name, args, options);
    const { code, wheels } = builtMonitor();
    const put = (kind: string, folder: Folder): pulumi.Resource[] =>
      folder.names.map((file) =>
        this.child(aws.s3.BucketObjectv2, `${kind}-${file}`, {
          bucket: args.storage.bucketName,
          key: `${args.storage.prefix}/scripts/${folder.hash}/${file}`,
          source: new pulumi.asset.FileAsset(path.join(folder.path, file)),
        }),
      );
    this.objects = [...put("code", code), ...put("wheel", wheels)];
    this.codeUri = args.storage.uri(`scripts/${code.hash}`);
    this.wheelsUri = wheels.names.length === 0 ? undefined : args.storage.uri(`scripts/${wheels.hash}`);
    this.registerOutputs({ codeUri: this.codeUri });
  }
}

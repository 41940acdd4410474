// What buildspec.yml runs: sees to it that the repository has the launcher's image of this version and revision, and
// prints the image's URI on standard output, alone.
import { execFile, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import path from "node:path";
import { promisify } from "node:util";
import {
  BatchGetImageCommand,
  DescribeImagesCommand,
  ECRClient,
  GetAuthorizationTokenCommand,
  PutImageCommand,
} from "@aws-sdk/client-ecr";
import { decideRelease, revisionTag } from "./release";

interface Repository {
  name: string;
  /** `registry/name`. */
  url: string;
}

/** Media types of what a build puts out, all of which stay as they are when another tag is given. */
const MANIFESTS = [
  "application/vnd.docker.distribution.manifest.v2+json",
  "application/vnd.oci.image.manifest.v1+json",
  "application/vnd.oci.image.index.v1+json",
];

/** The image's tags, or undefined where there is none under this one. */
async function tagsOf(ecr: ECRClient, { name }: Repository, imageTag: string): Promise<string[] | undefined> {
  try {
    const { imageDetails = [] } = await ecr.send(
      new DescribeImagesCommand({ repositoryName: name, imageIds: [{ imageTag }] }),
    );
    return imageDetails[0]?.imageTags;
  } catch (error) {
    if (error instanceof Error && error.name === "ImageNotFoundException") return undefined;
    throw error;
  }
}

/** Gives the revision's image the version as another tag. @throws Error where the version has come to be another's. */
async function tagVersion(ecr: ECRClient, { name }: Repository, revision: string, version: string): Promise<void> {
  const { images = [] } = await ecr.send(
    new BatchGetImageCommand({
      repositoryName: name,
      imageIds: [{ imageTag: revisionTag(revision) }],
      acceptedMediaTypes: MANIFESTS,
    }),
  );
  const [image] = images;
  if (image?.imageManifest === undefined) throw new Error(`${name} lost the image of ${revision}: build again`);
  await ecr.send(
    new PutImageCommand({
      repositoryName: name,
      imageTag: version,
      imageManifest: image.imageManifest,
      ...(image.imageManifestMediaType === undefined ? {} : { imageManifestMediaType: image.imageManifestMediaType }),
    }),
  );
}

/** Runs docker with what it says on standard error, since standard output is for the image's URI. */
function docker(args: readonly string[]): Promise<void> {
  return new Promise((done, fail) => {
    const child = spawn("docker", args, { stdio: ["ignore", process.stderr, process.stderr] });
    child.once("error", fail);
    child.once("close", (code) =>
      code === 0 ? done() : fail(new Error(`docker ${args.slice(0, 2).join(" ")} ended with exit code ${code}`)),
    );
  });
}

async function logIn(ecr: ECRClient, registry: string): Promise<void> {
  const { authorizationData = [] } = await ecr.send(new GetAuthorizationTokenCommand({}));
  const token = authorizationData[0]?.authorizationToken;
  if (token === undefined) throw new Error("ECR gave no authorization token");
  const [user = "", password = ""] = Buffer.from(token, "base64").toString("utf8").split(":");
  const running = promisify(execFile)("docker", ["login", "--username", user, "--password-stdin", registry]);
  running.child.stdin?.end(password);
  await running;
}

async function build(ecr: ECRClient, { url }: Repository, revision: string, context: string): Promise<void> {
  await logIn(ecr, url.slice(0, url.indexOf("/")));
  // The default driver can't export its cache to a registry.
  await docker(["buildx", "create", "--use", "--driver", "docker-container"]);
  const cache = `type=registry,ref=${url}:cache-main`;
  await docker([
    ...["buildx", "build", "--platform", "linux/amd64", "--provenance=false"],
    ...["--cache-from", cache, "--cache-to", `${cache},mode=max,image-manifest=true,oci-mediatypes=true`],
    ...["--label", `org.opencontainers.image.revision=${revision}`],
    ...["--tag", `${url}:${revisionTag(revision)}`, "--push", context],
  ]);
}

function required(name: string): string {
  const value = process.env[name];
  if (value === undefined || value === "") throw new Error(`${name} is not set: the delivery pipeline sets it`);
  return value;
}

async function main(context: string): Promise<void> {
  const repository = { name: required("REPOSITORY_NAME"), url: required("REPOSITORY_URL") };
  const revision = required("GIT_REVISION");
  const { version } = JSON.parse(readFileSync(path.join(context, "package.json"), "utf8")) as { version: string };
  const ecr = new ECRClient();
  const release = decideRelease({
    version,
    revision,
    versionTags: await tagsOf(ecr, repository, version),
    revisionBuilt: (await tagsOf(ecr, repository, revisionTag(revision))) !== undefined,
  });
  if (release.kind === "refuse") throw new Error(release.reason);
  if (release.kind === "build") await build(ecr, repository, revision, context);
  if (release.kind !== "reuse") await tagVersion(ecr, repository, revision, version);
  console.error(`${release.kind}: version ${version}, revision ${revision}`);
  console.log(`${repository.url}:${version}`);
}

main(process.argv[2] ?? ".").catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});

// Stands in for `docker` in builds of the local CodePipeline, where there is no container engine. It does not build:
// it looks at what would be built (the Dockerfile and what it copies), and puts an image with that content's hash into
// ECR under the tag that was asked for. What it does not know, it refuses.
import { createHash } from "node:crypto";
import { globSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { ECRClient, PutImageCommand } from "@aws-sdk/client-ecr";

const MANIFEST = "application/vnd.docker.distribution.manifest.v2+json";
const words = process.argv.slice(2);

function option(name) {
  const at = words.indexOf(name);
  return at < 0 ? undefined : words[at + 1];
}

/** @throws Error where the Dockerfile, or a folder that it copies, is not there */
function contentHash(context) {
  const dockerfile = readFileSync(join(context, "Dockerfile"), "utf8");
  const hash = createHash("sha256").update(dockerfile);
  for (const [, source = ""] of dockerfile.matchAll(/^COPY (?:--\S+ )*(\S+) /gm)) {
    const files = globSync(`${source.replace(/\/$/, "")}/**`, { cwd: context }).filter((file) =>
      statSync(join(context, file)).isFile(),
    );
    if (files.length === 0) throw new Error(`${source} is copied by the Dockerfile, and is not in the context`);
    for (const file of files.sort()) hash.update(file).update(readFileSync(join(context, file)));
  }
  return hash.digest("hex");
}

async function build() {
  const tag = option("--tag");
  const [, repositoryName, imageTag] = /^[^/]+\/(.+):([^:/]+)$/.exec(tag ?? "") ?? [];
  if (repositoryName === undefined || !words.includes("--push")) {
    throw new Error("a build has --tag registry/repository:tag and --push");
  }
  const digest = `sha256:${contentHash(words.at(-1))}`;
  const layer = { mediaType: "application/vnd.docker.image.rootfs.diff.tar.gzip", size: 1, digest };
  const config = { mediaType: "application/vnd.docker.container.image.v1+json", size: 1, digest };
  const imageManifest = JSON.stringify({ schemaVersion: 2, mediaType: MANIFEST, config, layers: [layer] });
  await new ECRClient().send(
    new PutImageCommand({ repositoryName, imageTag, imageManifest, imageManifestMediaType: MANIFEST }),
  );
  console.error(`not built here, but recorded: ${tag}`);
}

const command = words.slice(0, 2).join(" ");
if (command === "buildx build") await build();
else if (words[0] !== "login" && command !== "buildx create") {
  throw new Error(`docker ${words.join(" ")} takes a container engine`);
}

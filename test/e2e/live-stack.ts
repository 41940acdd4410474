// The stack that a loop has left up, opened with the real engine as `npm start` opens it.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import program from "../../index";
import { environment, findCloud } from "../../local/cloud";
import { openStack } from "../../local/engine";
import { localDirectory, tools } from "../../local/tools";

/** The cloud that is up, and what clients of its services are made with. */
export async function liveCloud() {
  const cloud = await findCloud(join(localDirectory, "cloud"));
  if (!cloud) throw new Error("the cloud is not up");
  const { awsEndpointUrl: endpoint, region } = cloud.description;
  return { cloud, client: { endpoint, region, credentials: { accessKeyId: "local", secretAccessKey: "local" } } };
}

/** Opens the stack as it was configured, but for the share of the requests that its endpoint captures. */
export async function withCapturePercent<T>(
  percent: number,
  use: (open: () => ReturnType<typeof openStack>) => Promise<T>,
): Promise<T> {
  const { cloud } = await liveCloud();
  const given = readFileSync(join(localDirectory, "run", "Pulumi.local.yaml"), "utf8");
  const changed = given.replace(/dataCapturePercent: \d+/, `dataCapturePercent: ${percent}`);
  expect(changed).not.to.equal(given);
  const directory = mkdtempSync(join(tmpdir(), "live-stack-"));
  const configFile = join(directory, "Pulumi.local.yaml");
  writeFileSync(configFile, changed);
  const open = () =>
    openStack({
      stack: "local",
      program,
      configFile,
      directory: join(cloud.description.directory, "pulumi"),
      environment: environment(cloud.description),
      pulumiBinary: tools().pulumi,
      pluginDirectory: join(localDirectory, "plugin"),
    });
  try {
    return await use(open);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

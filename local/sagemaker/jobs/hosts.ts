import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";

/** One instance of a job: its name on the job's network and the folder that stands for `/opt/ml`. */
export interface Host {
  name: string;
  folder: string;
}

/** The instances of a job. */
export function hostsOf(jobFolder: string, count: number): Host[] {
  return Array.from({ length: count }, (_, index) => {
    const name = `algo-${index + 1}`;
    return { name, folder: join(jobFolder, name) };
  });
}

/** What `resourceconfig.json` tells a container of the instances it runs on. */
export function resourceConfig(host: Host, hosts: readonly Host[], instanceType: string): object {
  const names = hosts.map(({ name }) => name);
  return {
    current_host: host.name,
    current_instance_type: instanceType,
    current_group_name: "homogeneousCluster",
    hosts: names,
    instance_groups: [{ instance_group_name: "homogeneousCluster", instance_type: instanceType, hosts: names }],
    network_interface_name: "lo",
  };
}

/** Those of a data source's elements that one instance gets. */
export function shardFor<T>(all: readonly T[], distribution: string | undefined, index: number, count: number): T[] {
  return distribution === "ShardedByS3Key" ? all.filter((_, position) => position % count === index) : [...all];
}

export async function writeJson(path: string, value: unknown): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, JSON.stringify(value));
}

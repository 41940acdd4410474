// What a run brought to light, in the report's form.
import type { ResourceSummary } from "../engine";
import type { RunReport, StageResult, TreeNode } from "../report/report";
import { Interrupted } from "../interrupt";
import { RefusedError } from "./errors";
import type { Findings } from "./run";

export interface RunFacts {
  startedAt: Date;
  stages: StageResult[];
  findings: Findings;
  /** What ended the run early. */
  failure: unknown;
  peakMb: number | undefined;
}

export function reportOf({ startedAt, stages, findings, failure, peakMb }: RunFacts): RunReport {
  const { dataset, split, stack, evaluation, registry, endpoint, api, stream, monitors } = findings;
  const metrics = evaluation?.metrics;
  const tree = stack && treeOf(stack.resources);
  return {
    passed: failure === undefined && stages.every((stage) => stage.status === "passed"),
    data: {
      source: findings.fromDatabase ? "database" : (dataset?.source ?? "synthetic"),
      rows: split?.rows ?? null,
      frauds: split?.frauds ?? null,
    },
    stages,
    model: {
      algorithm: evaluation?.algorithm ?? null,
      rocAuc: metrics?.rocAuc.value ?? null,
      auprc: metrics?.auprc.value ?? null,
      auprcInterval: metrics?.auprc.interval ?? null,
      threshold: evaluation?.threshold ?? null,
      recallAtFpr001: metrics?.recallAtFpr001.value ?? null,
    },
    registry: {
      modelPackageArn: registry?.modelPackageArn ?? null,
      mlflowModelVersion: registry?.mlflowModelVersion ?? null,
    },
    endpoint: {
      name: endpoint?.name ?? null,
      configName: endpoint?.configName ?? null,
      status: endpoint?.status ?? null,
    },
    api: {
      url: api?.url ?? null,
      predictStatus: api?.predictStatus ?? null,
      noKeyStatus: api?.noKeyStatus ?? null,
      healthStatus: api?.healthStatus ?? null,
      p50Ms: api?.p50Ms ?? null,
      p99Ms: api?.p99Ms ?? null,
    },
    stream: {
      rowsIn: stream?.rowsIn ?? null,
      scored: stream?.scored ?? null,
      quarantined: stream?.quarantined ?? null,
      written: stream?.written ?? null,
    },
    ...(monitors === undefined ? {} : { monitors }),
    provisioned: {
      resources: stack ? stack.resources.filter(isCloudResource).length : null,
      components: stack ? stack.resources.filter((each) => each.type.startsWith("fraud:")).length : null,
    },
    startedAt: startedAt.toISOString(),
    durationSeconds: Number(((Date.now() - startedAt.getTime()) / 1000).toFixed(1)),
    resources: { peakMb: peakMb ?? null },
    ...(failure instanceof RefusedError ? { refusal: failure.reason } : {}),
    ...(failure !== undefined && !(failure instanceof RefusedError) ? { error: messageOf(failure) } : {}),
    ...(evaluation ? { evaluation } : {}),
    ...(tree ? { tree } : {}),
    ...(api ? { apiExamples: api.examples } : {}),
    ...(stream ? { quarantineReasons: stream.examples } : {}),
  };
}

function messageOf(failure: unknown): string {
  if (failure instanceof Interrupted) return "Interrupted.";
  return failure instanceof Error ? failure.message : String(failure);
}

/** What stands in the cloud, as against components, the stack itself and the provider. */
const isCloudResource = (each: ResourceSummary) => each.type.startsWith("aws:");

/** The resources below their components; the stack and the provider left out. */
export function treeOf(resources: ResourceSummary[]): TreeNode[] {
  const nodes = new Map<string, TreeNode>();
  for (const { urn, type } of resources)
    nodes.set(urn, { name: urn.split("::").slice(3).join("::"), type, children: [] });
  const roots: TreeNode[] = [];
  for (const { urn, type, parent } of resources) {
    if (type.startsWith("pulumi:")) continue;
    const node = nodes.get(urn) as TreeNode;
    const above = parent === undefined || parent.includes("::pulumi:pulumi:Stack::") ? undefined : nodes.get(parent);
    (above?.children ?? roots).push(node);
  }
  return roots;
}

// What a run found, as `.local/report.json` has it. Keys are added over time, never renamed.
import * as t from "io-ts";
import { EvaluationReport } from "../../functions/shared/evaluation-report";

const nullable = <C extends t.Mixed>(codec: C) => t.union([codec, t.null]);
const number = nullable(t.number);
const text = nullable(t.string);

/** A component or a resource, and what it is made of. */
export interface TreeNode {
  name: string;
  type: string;
  children: TreeNode[];
}
const TreeNode: t.Type<TreeNode> = t.recursion("TreeNode", (self) =>
  t.type({ name: t.string, type: t.string, children: t.array(self) }),
);

export const StageResult = t.intersection([
  t.type({
    name: t.string,
    status: t.union([t.literal("passed"), t.literal("failed"), t.literal("skipped")]),
    seconds: t.number,
  }),
  t.partial({ detail: t.string }),
]);
export type StageResult = t.TypeOf<typeof StageResult>;

const MonitorFindings = t.type({
  clean: t.type({ violations: t.number }),
  drifted: t.type({ violations: t.number, features: t.array(t.string) }),
  /** Folder of what it wrote of the drifted traffic. */
  output: t.string,
});

/** A run of the loop. What a run did not come to is null. */
export const RunReport = t.intersection(
  [
    t.type({
      passed: t.boolean,
      data: t.type({
        source: t.union([t.literal("file"), t.literal("synthetic"), t.literal("database")]),
        rows: number,
        frauds: number,
      }),
      stages: t.array(StageResult),
      model: t.type({
        algorithm: text,
        rocAuc: number,
        auprc: number,
        auprcInterval: nullable(t.tuple([t.number, t.number])),
        threshold: number,
        /** Recall at a false-positive rate of 0.001. */
        recallAtFpr001: number,
      }),
      registry: t.type({ modelPackageArn: text, mlflowModelVersion: text }),
      endpoint: t.type({ name: text, configName: text, status: text }),
      api: t.type({
        url: text,
        predictStatus: number,
        noKeyStatus: number,
        healthStatus: number,
        p50Ms: number,
        p99Ms: number,
      }),
      stream: t.type({ rowsIn: number, scored: number, quarantined: number, written: number }),
      provisioned: t.type({ resources: number, components: number }),
      startedAt: t.string,
      durationSeconds: t.number,
      /** Peak memory of all processes of the run, in MB. */
      resources: t.type({ peakMb: number }),
    }),
    t.partial({
      /** Why the gate refused the model. */
      refusal: t.string,
      /** Why the run failed. */
      error: t.string,
      evaluation: EvaluationReport,
      tree: t.array(TreeNode),
      apiExamples: t.array(t.type({ request: t.unknown, status: t.number, response: t.unknown })),
      /** What each monitor found in clean and in drifted traffic. */
      monitors: t.type({
        dataQuality: MonitorFindings,
        modelQuality: MonitorFindings,
        bias: MonitorFindings,
        explainability: MonitorFindings,
      }),
      /** Reasons of quarantined rows. */
      quarantineReasons: t.array(t.string),
    }),
  ],
  "RunReport",
);
export type RunReport = t.TypeOf<typeof RunReport>;

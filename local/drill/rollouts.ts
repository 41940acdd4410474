// The rollouts that a drill plays, and what must become of each.

/** How a candidate differs from the champion, in the words of Python that its serving script ends with. */
export interface Rollout {
  name: string;
  title: string;
  /** What it shows, in one sentence. */
  shows: string;
  outcome: Outcome;
  /** The end of the serving script; empty where the candidate is as good as the champion. */
  defect: string;
  /** Which alarm has to go off: the end of its name. */
  alarm?: string;
}

export type Outcome = "succeeded" | "rolledBack";

/** What a rollout was, as drill.json tells it. */
export interface PlayedRollout {
  name: string;
  outcome: Outcome;
  /** Sent while it went on, by the endpoint and the API. */
  requests: number;
  failedRequests: number;
  /** The endpoint config that is live afterwards. */
  liveConfig: string;
  /** From the request for the deployment until it was settled. */
  seconds: number;
}

/** drill.json. */
export interface DrillReport {
  rollouts: PlayedRollout[];
  passed: boolean;
}

/** Longer than the latency alarm allows: half a second. */
const SLOW_SECONDS = 0.8;

export const ROLLOUTS: readonly Rollout[] = [
  {
    name: "good",
    title: "A good model",
    shows: "The canary bakes, then the new model serves everything, and no request fails.",
    outcome: "succeeded",
    defect: "",
  },
  {
    name: "errors",
    title: "A model that fails",
    shows: "Each request that reaches the canary fails, until the alarm on its errors gives all traffic back.",
    outcome: "rolledBack",
    defect: 'def predict_fn(rows, served):\n    raise RuntimeError("the drill broke this model")\n',
    alarm: "server-errors",
  },
  {
    name: "slow",
    title: "A model that is slow",
    shows: "Each answer of the canary takes too long, until the alarm on its latency gives all traffic back.",
    outcome: "rolledBack",
    defect: `import time\ndef predict_fn(rows, served):\n    time.sleep(${SLOW_SECONDS})\n    return _inference.predict_fn(rows, served)\n`,
    alarm: "latency",
  },
  {
    name: "shifted",
    title: "A model whose scores have shifted",
    shows: "The canary answers quickly and without errors, and wrongly: only its scores tell.",
    outcome: "rolledBack",
    defect:
      "import dataclasses\ndef predict_fn(rows, served):\n    found = _inference.predict_fn(rows, served)\n" +
      "    if not hasattr(found, 'scores'):\n        return found\n" +
      "    return dataclasses.replace(found, scores=found.scores * 0.5 + 0.5)\n",
    alarm: "score-shift",
  },
];

/** The serving script of a candidate: the champion's, and what is different. */
export const servingScript = (defect: string): string =>
  `import inference as _inference\nfrom inference import *  # noqa: F403\n\n${defect}`;

/** Share of the instances, and of the requests, that a new model gets first, in percent. */
export const CANARY_PERCENT = 10;
/** How long it bakes then, in seconds: more than the alarms take to go off, and than 5,000 requests need on a busy machine. */
export const BAKE_SECONDS = 60;

/** What the drill changes in the stack's configuration: two instances, a canary, alarms by the ten seconds. */
export const DRILL_SETTINGS: readonly string[] = [
  "deployment.minCapacity=2",
  "deployment.maxCapacity=3",
  "deployment.autoscaling={invocationsPerInstance: 1000000}",
  `deployment.rollout={type: canary, canaryPercent: ${CANARY_PERCENT}, waitIntervalSeconds: ${BAKE_SECONDS}}`,
  "deployment.alarms={periodSeconds: 10, evaluationPeriods: 2, minimumScores: 20}",
];

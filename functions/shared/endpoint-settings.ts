import * as t from "io-ts";
import { Rollout } from "./rollout";

/** What an endpoint records of its traffic: `percent` (0–100) of requests and answers, under `destinationUri`. */
export const DataCapture = t.type({ percent: t.number, destinationUri: t.string }, "DataCapture");
export type DataCapture = t.TypeOf<typeof DataCapture>;

/** A fleet that is scaled between two numbers of instances by the invocations of each in a minute. */
export const Instances = t.type(
  {
    instanceType: t.string,
    /** Also the number of a new endpoint; an update keeps the number that scaling has reached. */
    minCapacity: t.number,
    maxCapacity: t.number,
    invocationsPerInstance: t.number,
    scaleInCooldownSeconds: t.number,
    scaleOutCooldownSeconds: t.number,
  },
  "Instances",
);
export type Instances = t.TypeOf<typeof Instances>;

/** No fleet: SageMaker runs the container when there are requests. */
export const Serverless = t.intersection(
  [t.type({ memoryMib: t.number, maxConcurrency: t.number }), t.partial({ provisionedConcurrency: t.number })],
  "Serverless",
);
export type Serverless = t.TypeOf<typeof Serverless>;

/** From when on the new fleet's alarms fire. */
export const AlarmLimits = t.type(
  {
    periodSeconds: t.number,
    /** Bad periods in a row. */
    evaluationPeriods: t.number,
    /** Share of the answers that are server errors. */
    serverErrorPercent: t.number,
    latencyP99Milliseconds: t.number,
    /** Difference to the live model's mean probability, or share of transactions that are called fraud: 0–1. */
    scoreShift: t.number,
    /** Scores of each of the two models in a period, below which they are not compared. */
    minimumScores: t.number,
  },
  "AlarmLimits",
);
export type AlarmLimits = t.TypeOf<typeof AlarmLimits>;

/** What a stack configures of its endpoint; any model is served so. */
export const EndpointSettings = t.intersection(
  [
    t.type({
      endpointName: t.string,
      /** Never changes during an endpoint's life: autoscaling and retained properties hang on it. */
      variantName: t.string,
      capacity: t.union([t.type({ instances: Instances }), t.type({ serverless: Serverless })]),
      rollout: Rollout,
      /** AWS stops and rolls back a deployment that takes longer. */
      timeoutSeconds: t.number,
      alarms: AlarmLimits,
      /** Endpoint configs, with their models, that are kept: the live one and those before it. */
      keepVersions: t.number,
    }),
    t.partial({
      /** Nothing is captured without it. */
      dataCapture: DataCapture,
      /** Key of the instances' volumes. Default: AWS's own key. */
      kmsKeyArn: t.string,
      /** Where models of packages serve. Default: in none of the account's networks. */
      network: t.type({ subnetIds: t.array(t.string), securityGroupIds: t.array(t.string) }),
    }),
  ],
  "EndpointSettings",
);
export type EndpointSettings = t.TypeOf<typeof EndpointSettings>;

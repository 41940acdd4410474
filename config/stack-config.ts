import { either } from "fp-ts";
import * as t from "io-ts";
import { Api } from "./api";
import { configErrors, optional, struct, withDefault, type ConfigError } from "./codec";
import { Monitors } from "./monitors";
import { Budget, Ci, Ecs, Global, Logs, Names, Network, Notifications, Roles, Storage, Tags } from "./platform";
import { Deployment } from "./deployment";
import { Promotion } from "./promotion";
import { Stream } from "./serving";
import { Evaluation, Preprocess, Registry, Source, Training } from "./training";

/** Of a job of SageMaker's. */
const maxSecurityGroups = 5;

/** A group that is left out decodes like an empty one, so each key that it must hold is reported by itself. */
const Groups = struct("Groups", {
  global: withDefault(Global, {}),
  storage: withDefault(Storage, {}),
  ecs: withDefault(Ecs, {}),
  source: withDefault(Source, { type: "s3" }),
  preprocess: withDefault(Preprocess, {}),
  training: withDefault(Training, {}),
  evaluation: withDefault(Evaluation, {}),
  registry: withDefault(Registry, {}),
  promotion: withDefault(Promotion, {}),
  deployment: withDefault(Deployment, {}),
  monitors: withDefault(Monitors, {}),
  api: withDefault(Api, {}),
  stream: withDefault(Stream, {}),
  ci: optional(Ci),
  network: optional(Network),
  roles: withDefault(Roles, {}),
  names: withDefault(Names, {}),
  notifications: withDefault(Notifications, {}),
  budget: optional(Budget),
  logs: withDefault(Logs, {}),
  tags: withDefault(Tags, {}),
})
  .rule(["ci", "ecs"], ({ ci, ecs }) => {
    if (ci === undefined || ecs.image === undefined) return [];
    const problem = "is never run, because ci builds the launcher's image";
    return [{ path: "ecs.image", value: ecs.image, problem, remedy: "leave out one of ecs.image and ci" }];
  })
  .rule(["source", "network"], ({ source, network }) => {
    if (source.type !== "rds" || source.securityGroupId === undefined) return [];
    // A network of the stack's own has one group; the database's is in a VPC that is peered with it.
    if (network !== undefined && "create" in network) return [];
    if (network !== undefined) {
      if (network.securityGroupIds.length < maxSecurityGroups) return [];
      const problem = `leaves no room for the group that the database lets in: a job has at most ${maxSecurityGroups}`;
      const value = network.securityGroupIds;
      return [{ path: "network.securityGroupIds", value, problem, remedy: `give at most ${maxSecurityGroups - 1}` }];
    }
    const problem = "is a security group of a VPC, and the job that reads the database is in none";
    const remedy =
      "give network.vpcId, network.subnetIds and network.securityGroupIds, or network.create, or leave it out";
    return [{ path: "source.securityGroupId", value: source.securityGroupId, problem, remedy }];
  })
  .rule(["source", "ecs"], ({ source, ecs }) => {
    if (source.type === "s3" || ecs.launchOnRawData === undefined) return [];
    const problem = "waits for objects to land, and the transactions come from a database";
    const remedy = "leave it out, or use ecs.schedule";
    return [{ path: "ecs.launchOnRawData", value: ecs.launchOnRawData, problem, remedy }];
  })
  .rule(["deployment", "monitors", "network"], ({ deployment, monitors, network }) => {
    if (!("serverless" in deployment)) return [];
    const remedy = (off: string) => `${off}, or leave deployment.serverless out and give instances`;
    const problem = "does not go with deployment.serverless";
    const kinds = ["dataQuality", "modelQuality", "bias", "explainability"] as const;
    const watched = kinds
      .filter((kind) => monitors[kind].enabled)
      .map((kind) => ({
        path: `monitors.${kind}.enabled`,
        value: true,
        problem: `${problem}: AWS captures nothing of it for a monitor to read`,
        remedy: remedy("make it false"),
      }));
    if (network === undefined) return watched;
    const inNetwork = { path: "network", value: network, problem: `${problem}: it can't be in a VPC` };
    return [...watched, { ...inNetwork, remedy: remedy("leave it out") }];
  })
  .rule(["deployment", "monitors"], ({ deployment, monitors }) => {
    if (!("idle" in deployment) || deployment.idle === undefined || monitors.engine === "processing") return [];
    const problem =
      "takes down the endpoint that AWS's monitoring schedules look at, and their runs would fail until it is back";
    const remedy = "leave it out, or make monitors.engine processing";
    return [{ path: "deployment.idle", value: deployment.idle, problem, remedy }];
  })
  .rule(["deployment", "storage"], ({ deployment, storage }) => {
    if (!storage.protect) return [];
    const production = "and this stack, whose storage is protected, is for production";
    if ("serverless" in deployment) {
      const problem = `is for trying things out: no canary, no capture, no monitors; ${production}`;
      const remedy = "leave it out and give instances";
      return [{ path: "deployment.serverless", value: deployment.serverless, problem, remedy }];
    }
    if (deployment.idle === undefined) return [];
    const problem = `takes an endpoint down by the clock, ${production}`;
    return [{ path: "deployment.idle", value: deployment.idle, problem, remedy: "leave it out" }];
  });
type Groups = t.TypeOf<typeof Groups>;

/** The groups' names. */
export const groupNames = Object.keys(Groups.fields) as (keyof Groups)[];

/** Everything that a stack is configured with, defaults applied. The region is the provider's (`aws:region`). */
export type StackConfig = Omit<Groups, "registry"> & {
  readonly registry: Registry & { readonly modelName: string };
};

/** Decodes the groups of a stack's configuration; what it decodes to encodes to a configuration that decodes to the same. */
export const StackConfig = new t.Type<StackConfig, Groups, unknown>(
  "StackConfig",
  (value): value is StackConfig => Groups.is(value) && value.registry.modelName !== undefined,
  (value, context) =>
    either.Functor.map(Groups.validate(value, context), (groups) => ({
      ...groups,
      registry: { ...groups.registry, modelName: groups.registry.modelName ?? groups.global.pipelineName },
    })),
  t.identity,
);

/**
 * Decodes the groups of a stack's configuration, each under its name.
 * @returns every error at once, or the configuration with its defaults applied.
 */
export function decodeStackConfig(raw: Readonly<Record<string, unknown>>): either.Either<ConfigError[], StackConfig> {
  return either.mapLeft(configErrors)(StackConfig.decode(raw));
}

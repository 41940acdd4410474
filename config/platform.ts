import type * as t from "io-ts";
import {
  dictionary,
  eitherOf,
  flag,
  integer,
  leaf,
  list,
  number,
  oneOf,
  oneOfNumbers,
  optional,
  struct,
  text,
  withDefault,
} from "./codec";
import {
  AccountId,
  arn,
  BucketName,
  RoleArn,
  sageMakerName,
  SecurityGroupId,
  StoragePrefix,
  SubnetId,
  VpcId,
} from "./values";

/** Names and folders that the whole stack shares. */
export const Global = struct("Global", {
  pipelineName: sageMakerName(63),
  /** Begins the names of jobs: at most 28 characters, because the task and an ending follow and SageMaker stops at 63. */
  baseJobNamePrefix: sageMakerName(28),
  /** Folder of the project that holds the jobs' Python. Default jobs. */
  jobsScriptsFolder: withDefault(
    text("a folder inside the project", /[\w-]+(?:\/[\w-]+)*/, "give a relative folder such as jobs"),
    "jobs",
  ),
});
export type Global = t.TypeOf<typeof Global>;

export const Storage = struct("Storage", {
  /** Folder for everything of the stack, at most 128 characters. Default fraud. */
  prefix: withDefault(StoragePrefix, "fraud"),
  /** An existing bucket to adopt; else one is made. */
  bucketName: optional(BucketName),
  /** Storage outlives the stack. Default true. */
  retainOnDelete: withDefault(flag, true),
  /** Pulumi refuses to delete it. Default false. */
  protect: withDefault(flag, false),
});
export type Storage = t.TypeOf<typeof Storage>;

/** Memory, in MiB, that Fargate offers with each number of CPU units: from, to, step. */
const fargateMemoryMib: ReadonlyMap<number, readonly number[]> = new Map([
  [256, [512, 1024, 2048]],
  [512, steps(1024, 4096, 1024)],
  [1024, steps(2048, 8192, 1024)],
  [2048, steps(4096, 16384, 1024)],
  [4096, steps(8192, 30720, 1024)],
  [8192, steps(16384, 61440, 4096)],
  [16384, steps(32768, 122880, 8192)],
]);

function steps(from: number, to: number, step: number): number[] {
  return Array.from({ length: (to - from) / step + 1 }, (_, index) => from + index * step);
}

const TimeZone = leaf(
  "TimeZone",
  (value): value is string => typeof value === "string" && isTimeZone(value),
  "is not a time zone",
  "give an IANA name such as Europe/Paris, or UTC",
);

function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat("en", { timeZone: name }).resolvedOptions().timeZone !== "";
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}

/** The Fargate task that launches the pipeline, and when. */
export const Ecs = struct("Ecs", {
  /** CPU units, 1024 to a core. Default 512. */
  cpu: withDefault(oneOfNumbers([...fargateMemoryMib.keys()], "CPU units"), 512),
  /** Must be one that Fargate offers with the CPU units. Default 1024. */
  memoryMib: withDefault(integer(512, 122_880), 1024),
  /** Image with the launcher; else the one that CiPipeline builds. */
  image: optional(text("an image's URI", /\S+/, "give registry/repository:tag")),
  subnetIds: optional(list(SubnetId, 1)),
  securityGroupIds: optional(list(SecurityGroupId, 1)),
  /** When the pipeline is launched by itself. Default: never. */
  schedule: optional(
    text(
      "a schedule of EventBridge Scheduler",
      /cron\(\S+(?: \S+){5}\)|rate\([1-9]\d* (?:minute|hour|day)s?\)/,
      "give cron(MINUTE HOUR DAY MONTH WEEKDAY YEAR), such as cron(0 3 * * ? *), or rate(1 day)",
    ),
  ),
  /** Of `schedule`, as the IANA names it. Default UTC. */
  scheduleTimezone: withDefault(TimeZone, "UTC"),
  /** The launch comes within that many minutes of its time: 0 to 1440, default 15. */
  flexibleWindowMinutes: withDefault(integer(0, 1440), 15),
  /** Launches the pipeline when raw data land in the bucket. Default: never. */
  launchOnRawData: optional(
    struct("LaunchOnRawData", {
      /** How long nothing more may land until the launch, in minutes: 1 to 60. */
      quietMinutes: integer(1, 60),
    }),
  ),
  /** Whether a launch starts a run while another is under way. Default skip: it starts none. */
  overlappingRuns: withDefault(oneOf("skip", "allow"), "skip"),
}).rule(["cpu", "memoryMib"], ({ cpu, memoryMib }) => {
  const offered = fargateMemoryMib.get(cpu) ?? [];
  if (offered.includes(memoryMib)) return [];
  const problem = `is not a memory size that Fargate offers with ${cpu} CPU units`;
  return [{ path: "memoryMib", value: memoryMib, problem, remedy: `give one of ${offered.join(", ")}` }];
});
export type Ecs = t.TypeOf<typeof Ecs>;

/** What a merge to the main branch starts. */
export const Ci = struct("Ci", {
  connectionArn: arn(
    "codeconnections|codestar-connections",
    /connection\/[0-9a-f-]+/,
    "arn:aws:codeconnections:<region>:123456789012:connection/<id>",
  ),
  repository: text(
    "OWNER/REPOSITORY",
    /[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?\/[\w.-]+/,
    "give OWNER/REPOSITORY, without host or .git",
  ),
  /** Default main. */
  branch: withDefault(text("a branch", /(?!\/)[\w./-]+/, "give a branch's name"), "main"),
  /** Size of the machine that runs the tests. Default BUILD_GENERAL1_LARGE. */
  testComputeType: withDefault(
    oneOf("BUILD_GENERAL1_MEDIUM", "BUILD_GENERAL1_LARGE", "BUILD_GENERAL1_XLARGE", "BUILD_GENERAL1_2XLARGE"),
    "BUILD_GENERAL1_LARGE",
  ),
  /** How long the tests may take, 5 to 480 minutes. Default 90. */
  testTimeoutMinutes: withDefault(integer(5, 480), 90),
  /** How long the task may take until it is RUNNING, 60 to 3600 seconds. Default 600. */
  startTimeoutSeconds: withDefault(integer(60, 3600), 600),
  /** The delivery pipeline whose success starts this one; without it, each push to the branch does. */
  after: optional(
    struct("CiAfter", {
      accountId: AccountId,
      /** `<pipelineName>-ci` of the other stack. */
      pipelineName: text("a pipeline's name", /[\w.@-]{1,100}/, "give the other stack's name of it"),
    }),
  ),
  /** Event buses, of other accounts as a rule, that hear of each delivery that succeeded. Default none. */
  notifyEventBusArns: withDefault(
    list(arn("events", /event-bus\/[\w./-]+/, "arn:aws:events:<region>:123456789012:event-bus/default"), 0),
    [],
  ),
});
export type Ci = t.TypeOf<typeof Ci>;

export const NetworkExisting = struct("NetworkExisting", {
  vpcId: VpcId,
  subnetIds: list(SubnetId, 1),
  securityGroupIds: list(SecurityGroupId, 1),
});

/** Tasks, jobs, models and endpoints each take addresses in it; AWS keeps five. */
const LEAST_SUBNET_BITS = 26;

/** A network of the stack's own. */
export const NetworkCreation = struct("NetworkCreation", {
  /** Its addresses, /16 to /28. Each zone gets an equal part of them, and its private subnet half of that. */
  cidrBlock: text(
    "an IPv4 block of /16 to /28",
    /(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)\/(?:1[6-9]|2[0-8])/,
    "give a block such as 10.0.0.0/16",
  ),
  /** In how many zones it has a subnet, 1 to 6. */
  availabilityZones: integer(1, 6),
  /** 0: no way to the internet, and endpoints for AWS's services. 1: one for all zones. Else: one in each zone. */
  natGateways: integer(0, 6),
})
  .rule(["availabilityZones", "natGateways"], ({ availabilityZones, natGateways }) =>
    [0, 1, availabilityZones].includes(natGateways)
      ? []
      : [
          {
            path: "natGateways",
            value: natGateways,
            problem: `is neither none, nor one, nor one for each of the ${availabilityZones} availability zones`,
            remedy: `give ${[...new Set([0, 1, availabilityZones])].join(", ").replace(/, (\d+)$/, " or $1")}`,
          },
        ],
  )
  .rule(["cidrBlock", "availabilityZones"], ({ cidrBlock, availabilityZones }) => {
    const least = LEAST_SUBNET_BITS - 1 - Math.ceil(Math.log2(availabilityZones));
    return Number(cidrBlock.split("/")[1]) <= least
      ? []
      : [
          {
            path: "cidrBlock",
            value: cidrBlock,
            problem: `is too small for subnets of /${LEAST_SUBNET_BITS} in ${availabilityZones} availability zones`,
            remedy: `give a block of /${least} or larger`,
          },
        ];
  });
export type NetworkCreation = t.TypeOf<typeof NetworkCreation>;

const NetworkCreate = struct("NetworkCreate", { create: NetworkCreation });

export type NetworkExisting = t.TypeOf<typeof NetworkExisting>;

/** An existing network, or one to create. */
export const Network = eitherOf("Network", "create", NetworkCreate, NetworkExisting);
export type Network = t.TypeOf<typeof Network>;

/** The platform's functions, as `roles` and `names` call them. */
export const functionKeys = [
  "runPipeline",
  "launchSoon",
  "findChampion",
  "gateModel",
  "registerModel",
  "promoteModel",
  "compareShadow",
  "deployModel",
  "settleDeployment",
  "requestDeployment",
  "inference",
  "inferenceHealth",
  "authorize",
  "scorer",
  "runMonitor",
  "settleMonitor",
  "mergeLabels",
  "reconcileMonitors",
  "teardown",
] as const;
export type FunctionKey = (typeof functionKeys)[number];

function perFunction<C extends t.Mixed>(codec: C): Record<FunctionKey, C> {
  return Object.fromEntries(functionKeys.map((key) => [key, codec])) as Record<FunctionKey, C>;
}

/** Existing roles by purpose; what is not given is made. */
export const Roles = struct("Roles", {
  ...perFunction(optional(RoleArn)),
  sagemaker: optional(RoleArn),
  /** Of the job that reads the database. Default: `sagemaker`'s where that is given. */
  extract: optional(RoleArn),
  launcher: optional(RoleArn),
  launcherExecution: optional(RoleArn),
  /** That VPC writes the flow logs of a network of the stack's own under. */
  flowLogs: optional(RoleArn),
  /** Of the monitors' jobs. Default: one is made, `sagemaker` notwithstanding: it does less. */
  monitoring: optional(RoleArn),
  permissionsBoundaryArn: optional(
    text(
      "an ARN of an IAM policy",
      /arn:aws(?:-[a-z]+)*:iam::(?:\d{12}|aws):policy\/[\w+=,.@/-]+/,
      "give an ARN such as arn:aws:iam::123456789012:policy/name",
    ),
  ),
  path: optional(text("an IAM path", /\/(?:[\w+=,.@-]+\/)*/, "begin and end it with a slash")),
});
export type Roles = t.TypeOf<typeof Roles>;

const FunctionName = text(
  "a Lambda function's name",
  /[\w-]{1,64}/,
  "use letters, digits, - and _, at most 64 characters",
);

/** Physical names; what is not given is named by Pulumi. */
export const Names = struct("Names", {
  ...perFunction(optional(FunctionName)),
  pipeline: optional(sageMakerName(63)),
  taskDefinition: optional(text("a task family", /[\w-]{1,255}/, "use letters, digits, - and _")),
});
export type Names = t.TypeOf<typeof Names>;

export const Notifications = struct("Notifications", {
  /** Who hears of alarms and refusals. Default nobody. */
  emails: withDefault(list(text("an email address", /[^\s@]+@[^\s@]+\.[^\s@]+/, "give name@domain"), 0), []),
});
export type Notifications = t.TypeOf<typeof Notifications>;

export const Budget = struct("Budget", { monthlyUsd: number(1, 10_000_000) });
export type Budget = t.TypeOf<typeof Budget>;

const logRetentionDays = [
  1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
];

export const Logs = struct("Logs", {
  /** Default 30. */
  retentionDays: withDefault(oneOfNumbers(logRetentionDays, "days"), 30),
});
export type Logs = t.TypeOf<typeof Logs>;

/** Put on everything that takes tags. */
export const Tags = dictionary(
  text(
    "a tag's key",
    /(?!aws:)[\p{L}\p{Z}\p{N}_.:/=+@-]{1,128}/u,
    "use at most 128 letters, digits, spaces or _.:/=+-@, not aws: first",
  ),
  text(
    "a tag's value",
    /[\p{L}\p{Z}\p{N}_.:/=+@-]{0,256}/u,
    "use at most 256 letters, digits, spaces or _.:/=+-@, in quotes",
  ),
);
export type Tags = t.TypeOf<typeof Tags>;

import { processingMemoryOf, vcpusOf } from "../config/instance-types";
import type { Json } from "./canonical-json";

/** Instances of one type. */
export interface Instances {
  readonly instanceType: string;
  readonly instanceCount: number;
}

const mebibytesPerGibibyte = 1024;
/** Of each instance, for the operating system and the daemons of Hadoop that the container runs. */
const systemMib = 1536;
/** Of each instance's memory, the driver's; it collects counts, not rows. */
const driverShare = 1 / 8;
const driverMinimumMib = 1024;
const driverMaximumMib = 8192;
/** Beyond this, an executor's threads wait for each other and its garbage collections get long. */
const executorCoresMaximum = 5;
/** Memory outside of the heap, as a share of the heap: Spark's own default, and its minimum. */
const overheadShare = 0.1;
const overheadMinimumMib = 384;
/** Two rounds of tasks keep cores busy while one is slow. */
const tasksPerCore = 2;

function overheadMib(heapMib: number): number {
  return Math.max(overheadMinimumMib, Math.ceil(heapMib * overheadShare));
}

/** The largest heap that fits, with what lies outside of it, into so much memory. */
function heapWithin(totalMib: number): number {
  return Math.min(totalMib - overheadMinimumMib, Math.floor(totalMib / (1 + overheadShare)) - 1);
}

/**
 * Settings of Hadoop's and Spark's for instances of a type, in the form that Amazon EMR and SageMaker's Spark container
 * take. The driver runs on the first instance, beside executors; as all instances have the same settings, each has the
 * driver's room. (The container's own settings promise one instance's memory twice, to the driver and to an executor.)
 * @throws {Error} for an instance type that processing jobs do not run on.
 */
export function sparkConfiguration({ instanceType, instanceCount }: Instances): Json {
  const memoryGib = processingMemoryOf(instanceType);
  if (memoryGib === undefined) throw new Error(`${instanceType} is not an instance type of processing jobs`);
  const memoryMib = memoryGib * mebibytesPerGibibyte;
  const vcpus = vcpusOf(instanceType);

  const driverMib = Math.min(Math.max(Math.floor(memoryMib * driverShare), driverMinimumMib), driverMaximumMib);
  const executorsMib = memoryMib - systemMib - driverMib - overheadMib(driverMib);
  // Of two cores, both: the daemons do little.
  const executorVcpus = vcpus > 2 ? vcpus - 1 : vcpus;
  const executors = Math.ceil(executorVcpus / executorCoresMaximum);
  const executorCores = Math.floor(executorVcpus / executors);
  const executorMib = heapWithin(Math.floor(executorsMib / executors));
  const tasks = instanceCount * executors * executorCores * tasksPerCore;

  return [
    {
      Classification: "yarn-site",
      Properties: {
        "yarn.nodemanager.resource.memory-mb": String(executorsMib),
        "yarn.nodemanager.resource.cpu-vcores": String(vcpus),
        "yarn.scheduler.maximum-allocation-mb": String(executorsMib),
        "yarn.scheduler.maximum-allocation-vcores": String(vcpus),
      },
    },
    {
      Classification: "spark-defaults",
      Properties: {
        "spark.driver.memory": `${driverMib}m`,
        "spark.driver.memoryOverhead": `${overheadMib(driverMib)}m`,
        "spark.dynamicAllocation.enabled": "false",
        "spark.executor.cores": String(executorCores),
        "spark.executor.instances": String(instanceCount * executors),
        "spark.executor.memory": `${executorMib}m`,
        "spark.executor.memoryOverhead": `${overheadMib(executorMib)}m`,
        "spark.default.parallelism": String(tasks),
        "spark.sql.shuffle.partitions": String(tasks),
      },
    },
  ];
}

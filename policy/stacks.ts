/** What is allowed in a stack. */
export interface StackLimits {
  /** Days that log groups keep their events, at least. */
  logRetentionDays: number;
  /** Whether data can't be deleted together with the stack: protected, and never emptied by force. */
  keepsData: boolean;
  /** Largest instances of SageMaker's: the part after the family, such as `2xlarge`. */
  largestInstance: InstanceSize;
  /** Most instances that an endpoint starts with. */
  endpointInstances: number;
  /** Most that the stack's budget may be, in USD a month. */
  monthlyUsd: number;
}

/** From small to large. */
export const INSTANCE_SIZES = [
  "medium",
  "large",
  "xlarge",
  "2xlarge",
  "4xlarge",
  "8xlarge",
  "9xlarge",
  "12xlarge",
] as const;
export type InstanceSize = (typeof INSTANCE_SIZES)[number];

/** Families that the platform's jobs and endpoints run on: general purpose, compute and memory, without GPUs. */
export const INSTANCE_FAMILIES = ["c5", "c6i", "c7i", "m5", "m6i", "m7i", "r5", "r6i", "r7i", "t3"];

const LIMITS: Record<string, StackLimits> = {
  local: { logRetentionDays: 1, keepsData: false, largestInstance: "2xlarge", endpointInstances: 4, monthlyUsd: 500 },
  dev: { logRetentionDays: 7, keepsData: false, largestInstance: "2xlarge", endpointInstances: 2, monthlyUsd: 1000 },
  staging: {
    logRetentionDays: 30,
    keepsData: false,
    largestInstance: "4xlarge",
    endpointInstances: 4,
    monthlyUsd: 3000,
  },
  prod: {
    logRetentionDays: 365,
    keepsData: true,
    largestInstance: "4xlarge",
    endpointInstances: 12,
    monthlyUsd: 20_000,
  },
};

/** The limits of a stack. One that nobody named is held to those of dev. */
export function limitsOf(stack: string): StackLimits {
  return LIMITS[stack] ?? (LIMITS["dev"] as StackLimits);
}

import type { ResourceRule, StackRule } from "../rule";
import { authorizedMethods, confinedInvocations, noOpenPorts, noPublicBuckets, noPublicPrincipals } from "./access";
import { encryptedAtRest, encryptedBuckets, noPlaintextSecrets, rotatedKeys } from "./encryption";
import { leastPrivilege, usedExceptions } from "./least-privilege";
import { budgetPresent, budgets, endpointCapacity, instanceTypes, taggedResources, tagsPresent } from "./limits";
import { keptData, keptLogs, keptMessages, recoverableTables, versionedBuckets } from "./retention";

/** What each resource must meet. */
export const RESOURCE_RULES: readonly ResourceRule[] = [
  authorizedMethods,
  budgets,
  confinedInvocations,
  encryptedAtRest,
  endpointCapacity,
  instanceTypes,
  keptData,
  keptLogs,
  keptMessages,
  leastPrivilege,
  noOpenPorts,
  noPlaintextSecrets,
  noPublicPrincipals,
  recoverableTables,
  rotatedKeys,
  taggedResources,
  tagsPresent,
];

/** What the resources of a stack must meet together. */
export const STACK_RULES: readonly StackRule[] = [
  budgetPresent,
  encryptedBuckets,
  noPublicBuckets,
  usedExceptions,
  versionedBuckets,
];

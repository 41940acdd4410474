import type { Refusal } from "../server/json-service";

/** What the local ECS leaves out on purpose. */
export const refused: readonly Refusal[] = [
  {
    operations:
      /^(?:(?:Create|Delete|Describe|List|Update|Continue|Stop)(?:Services?|ServicesByNamespace|ServicePrimaryTaskSet|ServiceDeployments?|ServiceRevisions|TaskSets?|Daemon.*|ExpressGatewayService)|RegisterDaemonTaskDefinition)$/,
    why: "Tasks are run and end; nothing here keeps a number of them running: start servers with RunTask.",
  },
  {
    operations:
      /^(?:(?:Register|Deregister|Describe|List|Update)ContainerInstances?(?:State)?|UpdateContainerAgent|DiscoverPollEndpoint|Submit(?:Attachment|Container|Task)StateChanges?|StartTask|(?:Put|Delete|List)Attributes)$/,
    why: "There are no container instances, nor their agent: tasks are processes of this machine.",
  },
  {
    operations: /^(?:(?:Create|Delete|Describe|Update)CapacityProviders?|PutClusterCapacityProviders)$/,
    why: "Capacity is this machine's.",
  },
  { operations: /^ExecuteCommand$/, why: "There is no container to enter: the task is a process, seen from outside." },
];

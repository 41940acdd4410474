export { describeErrors, type ConfigError } from "./codec";
export { decodeStackConfig, groupNames, StackConfig } from "./stack-config";
export { readStackConfig } from "./read";
export { processingMemoryGib } from "./instance-types";
export {
  Budget,
  Ci,
  Ecs,
  functionKeys,
  Global,
  Logs,
  Names,
  Network,
  NetworkExisting,
  Notifications,
  Roles,
  Storage,
  Tags,
  type FunctionKey,
} from "./platform";
export { Monitors, scheduleHours, schedulePeriodSeconds, type Monitor } from "./monitors";
export { Api, Authorizer } from "./api";
export { Stream } from "./serving";
export { Deployment, Rollout, rolloutWaitSeconds } from "./deployment";
export { Evaluation, Preprocess, Registry, Source, Training } from "./training";

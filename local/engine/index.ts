/** The real Pulumi engine, through the Automation API: inline program, file backend, the local provider as plugin. */
export {
  changesOf,
  EngineError,
  resourcesOf,
  run,
  type Changes,
  type Hooks,
  type Operation,
  type ResourceSummary,
  type RunResult,
  type Step,
} from "./run";
export { commandLine, openStack, PROJECT, type StackOptions } from "./stack";
export { quickEngine } from "./quick-engine";

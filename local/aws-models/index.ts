/** AWS's published API models: what a service's operations take and give. */
export { answer } from "./answer";
export { cloudFormationSchemas, loadCloudFormation, type CloudFormationType } from "./cloudformation";
export {
  arn,
  between,
  bucketName,
  functionEnvironment,
  ipv4Block,
  jsonObject,
  named,
  oneOf,
  policy,
  scheduleExpression,
  schedulerExpression,
} from "./formats";
export { modelsCache } from "./installed";
export { sameName, toInput, type Mapped } from "./mapping";
export { mirror, sameJson } from "./mirror";
export { botocoreData, hasOperation, loadModel, operationOf, shapeOf, type ServiceModel, type Shape } from "./model";
export { refusal, type Refusal } from "./refusal";
export { brokenRules } from "./rules";
export { validate, validationMessage, type ValidationOptions, type Violation } from "./validate";

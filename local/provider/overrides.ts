import type { Consequence } from "./cloudformation";
import type { Properties } from "./values";

/** Where `@pulumi/aws`, which is what runs on AWS, does something else than CloudFormation's schemas say. */
export interface Override {
  /** What a change does; or how to tell that by the values after it. */
  consequence: Consequence | ((now: Properties) => Consequence);
  reason: string;
}

const CALLED_ONCE = "a call that was made can't be changed, only made again";
const PUT_ONCE = "@pulumi/aws sends no patch for it, but deletes the integration and puts another";
const MODIFIED: Override = { consequence: "update", reason: "ModifySecurityGroupRules takes another" };
const RULE: Record<string, Override> = {
  cidrIpv4: MODIFIED,
  fromPort: MODIFIED,
  ipProtocol: MODIFIED,
  prefixListId: MODIFIED,
  referencedSecurityGroupId: MODIFIED,
  tags: { consequence: "update", reason: "a rule has tags, of which CloudFormation knows nothing" },
  toPort: MODIFIED,
};
const SPECIFIED_ONCE = "KMS fixes it with the key and refuses its update, which CloudFormation passes on";

/** By type and input. */
export const OVERRIDES: Record<string, Record<string, Override>> = {
  "aws:apigateway/apiKey:ApiKey": {
    name: { consequence: "update", reason: "UpdateApiKey takes a new name" },
  },
  "aws:apigateway/deployment:Deployment": {
    triggers: { consequence: "replace", reason: "the triggers' only purpose is a new deployment" },
    variables: { consequence: "replace", reason: "they belong to the stage that only the deployment's creation makes" },
  },
  "aws:apigateway/integration:Integration": {
    credentials: { consequence: "replace", reason: PUT_ONCE },
    integrationHttpMethod: { consequence: "replace", reason: PUT_ONCE },
    passthroughBehavior: { consequence: "replace", reason: PUT_ONCE },
    type: { consequence: "replace", reason: PUT_ONCE },
  },
  "aws:apigateway/requestValidator:RequestValidator": {
    name: { consequence: "update", reason: "UpdateRequestValidator takes a new name" },
  },
  "aws:apigateway/resource:Resource": {
    parentId: { consequence: "update", reason: "UpdateResource moves a resource" },
    pathPart: { consequence: "update", reason: "UpdateResource renames a resource" },
  },
  "aws:budgets/budget:Budget": {
    notifications: { consequence: "update", reason: "@pulumi/aws deletes the old notifications and makes the new" },
  },
  "aws:cloudwatch/logGroup:LogGroup": {
    logGroupClass: { consequence: "replace", reason: "Logs has no operation that changes a group's class" },
  },
  "aws:dynamodb/table:Table": {
    localSecondaryIndexes: { consequence: "replace", reason: "UpdateTable takes no local indexes" },
  },
  "aws:glue/catalogDatabase:CatalogDatabase": {
    tags: { consequence: "update", reason: "Glue tags databases with TagResource, which CloudFormation does not know" },
  },
  "aws:ssm/parameter:Parameter": {
    keyId: { consequence: "update", reason: "PutParameter takes another key; CloudFormation makes no SecureStrings" },
  },
  "aws:ec2/internetGateway:InternetGateway": {
    vpcId: { consequence: "update", reason: "@pulumi/aws detaches the gateway and attaches it to the other VPC" },
  },
  "aws:ec2/routeTableAssociation:RouteTableAssociation": {
    routeTableId: { consequence: "update", reason: "ReplaceRouteTableAssociation takes another table" },
  },
  "aws:kms/key:Key": {
    customerMasterKeySpec: { consequence: "replace", reason: SPECIFIED_ONCE },
    keyUsage: { consequence: "replace", reason: SPECIFIED_ONCE },
    multiRegion: { consequence: "replace", reason: SPECIFIED_ONCE },
  },
  "aws:lambda/invocation:Invocation": {
    functionName: { consequence: "replace", reason: CALLED_ONCE },
    input: {
      consequence: ({ lifecycleScope }) => (lifecycleScope === "CRUD" ? "update" : "replace"),
      reason: "with the life-cycle scope CRUD the function is told of changes; without it a call is only made again",
    },
    lifecycleScope: { consequence: "update", reason: "it says what becomes of later changes" },
    qualifier: { consequence: "replace", reason: CALLED_ONCE },
    terraformKey: { consequence: "replace", reason: CALLED_ONCE },
    triggers: { consequence: "replace", reason: "the triggers' only purpose is a new call" },
  },
  "aws:lambda/permission:Permission": {
    statementId: { consequence: "replace", reason: "CloudFormation makes the id itself; a statement can't be renamed" },
  },
  "aws:s3/bucket:Bucket": {
    objectLockEnabled: { consequence: "replace", reason: "@pulumi/aws sets it with the bucket's creation only" },
  },
  "aws:s3/bucketObjectv2:BucketObjectv2": {
    bucket: { consequence: "replace", reason: "an object lies in one bucket" },
    key: { consequence: "replace", reason: "the key is what an object is known by" },
    source: { consequence: "update", reason: "another content is put under the same key" },
    contentType: { consequence: "update", reason: "an object is put anew with it" },
  },
  "aws:sagemaker/mlflowApp:MlflowApp": {
    name: { consequence: "update", reason: "UpdateMlflowApp takes a new name" },
  },
  "aws:scheduler/schedule:Schedule": {
    groupName: { consequence: "replace", reason: "it is part of a schedule's identity: UpdateSchedule can't move it" },
  },
  "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": RULE,
  "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": RULE,
};

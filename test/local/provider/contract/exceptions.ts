/** What the contract can't be held to, each with the reason. A test fails when one of these is so no longer. */

const TREE = "takes the last part of a patch's path for a key of a map, where AWS has a list";
const DROPPED = "does not keep it";

/** What the local cloud does otherwise than AWS (MiniStack, where nothing else is said), by type and input. */
export const LOCAL_CLOUD: Record<string, string> = {
  "aws:apigateway/integration:Integration.cacheNamespace": "has the resource's id there always",
  "aws:apigateway/integration:Integration.connectionId": DROPPED,
  "aws:apigateway/method:Method.authorizationScopes": DROPPED,
  "aws:apigateway/method:Method.requestModels": "leaves ~1 in a patch's path as it is",
  "aws:apigateway/restApi:RestApi.binaryMediaTypes": TREE,
  "aws:apigateway/restApi:RestApi.endpointConfiguration": TREE,
  "aws:apigateway/usagePlan:UsagePlan.apiStages": "puts a stage that a patch adds in the place of the list of stages",
  "aws:cloudwatch/logGroup:LogGroup.kmsKeyId": "has no AssociateKmsKey",
  "aws:cloudwatch/metricAlarm:MetricAlarm.thresholdMetricId": "our CloudWatch has no anomaly detection",
  "aws:ec2/flowLog:FlowLog.tags":
    "takes the tags of a creation under the resource type flow-log, where AWS has vpc-flow-log",
  "aws:ec2/subnet:Subnet.assignIpv6AddressOnCreation": DROPPED,
  "aws:ec2/vpcEndpoint:VpcEndpoint.policy": DROPPED,
  "aws:ec2/vpcEndpoint:VpcEndpoint.privateDnsEnabled": DROPPED,
  "aws:ec2/vpcEndpoint:VpcEndpoint.securityGroupIds": DROPPED,
  "aws:ecr/repository:Repository.imageTagMutabilityExclusionFilters": DROPPED,
  "aws:lambda/eventSourceMapping:EventSourceMapping.kmsKeyArn": DROPPED,
  "aws:lambda/eventSourceMapping:EventSourceMapping.tumblingWindowInSeconds": DROPPED,
  "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration.transitionDefaultMinimumObjectSize":
    "answers with the same value always",
  "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule.prefixListId": DROPPED,
  "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule.referencedSecurityGroupId":
    "ModifySecurityGroupRules reads another member than AWS's ReferencedGroupId",
  "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule.prefixListId": DROPPED,
  "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule.referencedSecurityGroupId":
    "ModifySecurityGroupRules reads another member than AWS's ReferencedGroupId",
};

const FROM_WHERE = "Lambda keeps the code, not where it came from";

/** Inputs that no answer of AWS tells, by type and input. What the provider keeps for itself is not listed. */
export const UNREADABLE: Record<string, string> = {
  "aws:kms/key:Key.deletionWindowInDays": "KMS learns it with the key's deletion",
  "aws:lambda/function:Function.code": "Lambda answers with the hash of the archive, which says nothing of its files",
  "aws:lambda/function:Function.s3Bucket": FROM_WHERE,
  "aws:lambda/function:Function.s3Key": FROM_WHERE,
  "aws:lambda/function:Function.s3ObjectVersion": FROM_WHERE,
  "aws:lambda/invocation:Invocation.input": "what a function was called with is kept nowhere",
  "aws:lambda/invocation:Invocation.lifecycleScope": "it is the resource's own, and Lambda knows nothing of it",
  "aws:s3/bucketObjectv2:BucketObjectv2.source": "S3 answers with the content, not with the file that it came from",
};

/** Types that are there after their deletion. */
export const LASTING: Record<string, string> = {
  "aws:lambda/invocation:Invocation": "a call can't be undone; it is gone with its function",
  "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration":
    "a bucket is always encrypted: with S3's own keys when nothing else is said",
  "aws:s3/bucketVersioning:BucketVersioning": "a bucket that once had versions can only have them suspended",
};

/** Types of which a creation that nobody saw the end of is not found again. */
export const UNFINDABLE: Record<string, string> = {
  "aws:lambda/invocation:Invocation": "what a function was called with is kept nowhere: it is called once more",
};

/** Inputs of the classes in `@pulumi/aws` that the provider refuses by name, by type. A test holds the list to be all. */
export const UNSUPPORTED: Record<string, readonly string[]> = {
  "aws:apigateway/restApi:RestApi": [
    ...["body", "endpointAccessMode", "failOnWarnings", "parameters", "putRestApiMode", "securityPolicy"],
  ],
  "aws:apigateway/stage:Stage": [
    ...["cacheClusterEnabled", "cacheClusterSize", "canarySettings", "clientCertificateId"],
    ...["documentationVersion"],
  ],
  "aws:apigateway/integration:Integration": ["integrationTarget", "responseTransferMode", "tlsConfig"],
  "aws:cloudwatch/logGroup:LogGroup": ["deletionProtectionEnabled", "namePrefix"],
  "aws:cloudwatch/metricAlarm:MetricAlarm": ["evaluationCriteria", "evaluationInterval", "warmUpConfiguration"],
  "aws:dynamodb/table:Table": [
    ...["globalTableWitness", "importTable", "onDemandThroughput", "replicas", "restoreBackupArn"],
    ...["restoreDateTime", "restoreSourceName", "restoreSourceTableArn", "restoreToLatestTime", "warmThroughput"],
  ],
  "aws:ecs/cluster:Cluster": ["serviceConnectDefaults"],
  "aws:ecs/taskDefinition:TaskDefinition": ["enableFaultInjection", "proxyConfiguration"],
  "aws:cloudwatch/eventRule:EventRule": ["forceDestroy", "isEnabled", "namePrefix"],
  "aws:cloudwatch/eventTarget:EventTarget": [
    ...["appsyncTarget", "batchTarget", "forceDestroy", "httpTarget", "kinesisTarget", "redshiftTarget"],
    ...["runCommandTargets", "sagemakerPipelineTarget"],
  ],
  "aws:scheduler/schedule:Schedule": ["namePrefix"],
  "aws:iam/role:Role": ["inlinePolicies", "managedPolicyArns", "namePrefix"],
  "aws:iam/rolePolicy:RolePolicy": ["namePrefix"],
  "aws:lambda/invocation:Invocation": ["tenantId"],
  "aws:kms/key:Key": ["bypassPolicyLockoutSafetyCheck", "customKeyStoreId", "xksKeyId"],
  "aws:kms/alias:Alias": ["namePrefix"],
  "aws:lambda/function:Function": [
    ...["capacityProviderConfig", "codeSha256", "codeSigningConfigArn", "durableConfig", "fileSystemConfig"],
    ...["imageConfig", "imageUri", "publishTo", "replaceSecurityGroupsOnDestroy", "replacementSecurityGroupIds"],
    ...["skipDestroy", "sourceKmsKeyArn", "tenancyConfig", "useResourceTimeoutForPropagation"],
  ],
  "aws:lambda/permission:Permission": ["statementIdPrefix"],
  "aws:lambda/eventSourceMapping:EventSourceMapping": [
    ...["amazonManagedKafkaEventSourceConfig", "destinationConfig", "documentDbEventSourceConfig"],
    ...["metricsConfig", "provisionedPollerConfig", "queues", "selfManagedEventSource"],
    ...["selfManagedKafkaEventSourceConfig", "sourceAccessConfigurations", "topics"],
    ...["useResourceTimeoutForPropagation"],
  ],
  "aws:sqs/queue:Queue": ["deduplicationScope", "fifoThroughputLimit", "namePrefix"],
  "aws:sns/topic:Topic": [
    ...["applicationFailureFeedbackRoleArn", "applicationSuccessFeedbackRoleArn"],
    ...["applicationSuccessFeedbackSampleRate", "archivePolicy", "deliveryPolicy", "fifoThroughputScope"],
    ...["firehoseFailureFeedbackRoleArn", "firehoseSuccessFeedbackRoleArn", "firehoseSuccessFeedbackSampleRate"],
    ...["httpFailureFeedbackRoleArn", "httpSuccessFeedbackRoleArn", "httpSuccessFeedbackSampleRate"],
    ...["lambdaFailureFeedbackRoleArn", "lambdaSuccessFeedbackRoleArn", "lambdaSuccessFeedbackSampleRate"],
    ...["namePrefix", "sqsFailureFeedbackRoleArn", "sqsSuccessFeedbackRoleArn", "sqsSuccessFeedbackSampleRate"],
  ],
  "aws:sns/topicSubscription:TopicSubscription": [
    ...["confirmationTimeoutInMinutes", "endpointAutoConfirms", "replayPolicy"],
  ],
  "aws:s3/bucket:Bucket": [
    ...["accelerationStatus", "acl", "bucketNamespace", "bucketPrefix", "corsRules", "grants", "lifecycleRules"],
    ...["logging", "objectLockConfiguration", "policy", "replicationConfiguration", "requestPayer"],
    ...["serverSideEncryptionConfiguration", "versioning", "website"],
  ],
  "aws:s3/bucketVersioning:BucketVersioning": ["expectedBucketOwner", "mfa"],
  "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": ["expectedBucketOwner"],
  "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": ["skipDestroy"],
  "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": ["expectedBucketOwner", "timeouts"],
  "aws:sagemaker/mlflowApp:MlflowApp": ["timeouts"],
};

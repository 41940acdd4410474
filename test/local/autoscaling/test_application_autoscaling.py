"""Application Auto Scaling of an endpoint's variant, with boto3."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from botocore.exceptions import ClientError
from endpoints import ask, delete, deploy, make_config, settled, variant
from local_cloud import ACCOUNT, REGION, Cloud, wait_for

SCALABLE = {
    "ServiceNamespace": "sagemaker",
    "ResourceId": "endpoint/elastic/variant/AllTraffic",
    "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
}
# Looked at every ten seconds: one request at a time is four times as many as are wanted of an instance.
TRACKING = {
    "TargetValue": 0.25,
    "PredefinedMetricSpecification": {
        "PredefinedMetricType": "SageMakerVariantConcurrentRequestsPerModelHighResolution"
    },
}


def instances(cloud: Cloud) -> int:
    described = cloud.client("sagemaker").describe_endpoint(EndpointName="elastic")
    return described["ProductionVariants"][0]["CurrentInstanceCount"]


def test_a_variant_scales_with_what_is_asked_of_it_and_keeps_its_count_in_an_update(cloud: Cloud) -> None:
    scaling, sagemaker = cloud.client("application-autoscaling"), cloud.client("sagemaker")
    with pytest.raises(ClientError, match="Could not find the variant"):
        scaling.register_scalable_target(**SCALABLE, MinCapacity=1, MaxCapacity=4)
    deploy(cloud, "elastic")
    with pytest.raises(ClientError) as refused:
        scaling.put_scaling_policy(**SCALABLE, PolicyName="none", PolicyType="TargetTrackingScaling")
    assert refused.value.response["Error"]["Code"] == "ObjectNotFoundException"
    arn = scaling.register_scalable_target(**SCALABLE, MinCapacity=1, MaxCapacity=4, Tags={"a": "b"})
    [target] = scaling.describe_scalable_targets(ServiceNamespace="sagemaker")["ScalableTargets"]
    assert target["ScalableTargetARN"] == arn["ScalableTargetARN"]
    assert (target["MinCapacity"], target["MaxCapacity"]) == (1, 4)
    assert scaling.list_tags_for_resource(ResourceARN=arn["ScalableTargetARN"])["Tags"] == {"a": "b"}
    put = scaling.put_scaling_policy(
        **SCALABLE,
        PolicyName="busy",
        PolicyType="TargetTrackingScaling",
        TargetTrackingScalingPolicyConfiguration=TRACKING,
    )
    again = scaling.put_scaling_policy(
        **SCALABLE,
        PolicyName="busy",
        PolicyType="TargetTrackingScaling",
        TargetTrackingScalingPolicyConfiguration=TRACKING,
    )
    assert (again["PolicyARN"], again["Alarms"]) == (put["PolicyARN"], put["Alarms"])
    [policy] = (
        scaling.get_paginator("describe_scaling_policies")
        .paginate(ServiceNamespace="sagemaker")
        .search("ScalingPolicies[]")
    )
    assert policy["PolicyARN"].startswith(f"arn:aws:autoscaling:{REGION}:{ACCOUNT}:scalingPolicy:")
    names = [alarm["AlarmName"] for alarm in policy["Alarms"]]
    alarms = cloud.client("cloudwatch").describe_alarms(AlarmNames=names)["MetricAlarms"]
    assert {(one["Threshold"], one["EvaluationPeriods"]) for one in alarms} == {(0.25, 3), (0.225, 15)}

    # What is scaled can't be taken away, nor get instances of another type.
    with pytest.raises(ClientError, match="must be deregistered as scalable targets"):
        sagemaker.delete_endpoint(EndpointName="elastic")
    make_config(cloud, "elastic-large", {**variant("elastic"), "InstanceType": "ml.m5.xlarge"})
    with pytest.raises(ClientError, match="must be deregistered as scalable targets"):
        sagemaker.update_endpoint(EndpointName="elastic", EndpointConfigName="elastic-large")

    over = threading.Event()

    def keep_asking() -> None:
        while not over.is_set():
            ask(cloud, "elastic")
            over.wait(0.1)

    with ThreadPoolExecutor(1) as pool:
        asking = pool.submit(keep_asking)
        wait_for(lambda: instances(cloud) == 4, "four instances")
        over.set()
        asking.result()
    settled(cloud, "elastic")

    def activity() -> dict | None:
        found = scaling.describe_scaling_activities(ServiceNamespace="sagemaker")["ScalingActivities"]
        return found[0] if found and found[0]["StatusCode"] == "Successful" else None

    done = wait_for(activity, "the activity to end")
    assert done["Description"] == "Setting desired instance count to 4."
    assert done["Cause"] == f"monitor alarm {names[0]} in state ALARM triggered policy busy"

    # The new config says 1: an update that retains keeps the 4.
    make_config(cloud, "elastic-2", variant("elastic"))
    sagemaker.update_endpoint(EndpointName="elastic", EndpointConfigName="elastic-2", RetainAllVariantProperties=True)
    assert settled(cloud, "elastic")["EndpointConfigName"] == "elastic-2"
    assert instances(cloud) == 4

    # Other limits hold at once.
    scaling.register_scalable_target(**SCALABLE, MaxCapacity=2)
    wait_for(lambda: instances(cloud) == 2, "two instances")
    scaling.deregister_scalable_target(**SCALABLE)
    assert scaling.describe_scaling_policies(ServiceNamespace="sagemaker")["ScalingPolicies"] == []
    assert cloud.client("cloudwatch").describe_alarms(AlarmNames=names)["MetricAlarms"] == []
    with pytest.raises(ClientError, match="No scalable target registered for service namespace: sagemaker"):
        scaling.deregister_scalable_target(**SCALABLE)
    settled(cloud, "elastic")
    delete(cloud, "elastic")


def test_what_is_refused(cloud: Cloud) -> None:
    scaling = cloud.client("application-autoscaling")
    with pytest.raises(ClientError, match="Unsupported resource ID"):
        scaling.register_scalable_target(**{**SCALABLE, "ResourceId": "service/x/y"}, MinCapacity=1, MaxCapacity=2)
    table = {"ServiceNamespace": "dynamodb", "ScalableDimension": "dynamodb:table:ReadCapacityUnits"}
    with pytest.raises(ClientError, match="is scaled here"):
        scaling.register_scalable_target(**{**SCALABLE, **table}, MinCapacity=1, MaxCapacity=2)
    with pytest.raises(ClientError, match="Nothing is scaled by the clock"):
        scaling.describe_scheduled_actions(ServiceNamespace="sagemaker")
    with pytest.raises(ClientError, match="MaxResults 51"):
        scaling.describe_scalable_targets(ServiceNamespace="sagemaker", MaxResults=51)

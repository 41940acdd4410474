"""The arguments and ``SM_*`` variables that a training script is given."""

import json
import os
from pathlib import PurePath
from typing import Any

from .training_job import TrainingJob


def arguments(hyperparameters: dict[str, Any]) -> list[str]:
    """``{"eta": .1, "d": 2}`` → ``["-d", "2", "--eta", "0.1"]``: sorted, one dash for one letter."""
    result: list[str] = []
    for name in sorted(hyperparameters):
        value = hyperparameters[name]
        result.append(f"--{name}" if len(name) > 1 else f"-{name}")
        if isinstance(value, dict):
            result.append(",".join(f"{key}={item}" for key, item in sorted(value.items())))
        else:
            result.append("" if value is None else str(value))
    return result


def environment(job: TrainingJob) -> dict[str, str]:
    """The ``SM_*`` variables of a job: strings as they are, everything else as JSON with sorted keys."""
    host = str(job.resources.get("current_host", "algo-1"))
    hosts = job.resources.get("hosts", [host])
    group = job.resources.get("current_group_name", "homogeneousCluster")
    groups = job.resources.get("instance_groups", [])
    channels = {name: str(job.root / "input" / "data" / name) for name in job.channels}
    values: dict[str, Any] = {
        "hosts": hosts,
        "current_host": host,
        "current_instance_type": job.resources.get("current_instance_type", "local"),
        "current_instance_group": group,
        "current_instance_group_hosts": next(
            (item["hosts"] for item in groups if item.get("instance_group_name") == group), []
        ),
        "instance_groups": [item["instance_group_name"] for item in groups],
        "instance_groups_dict": {item["instance_group_name"]: item for item in groups},
        "is_hetero": len(groups) > 1,
        "network_interface_name": job.resources.get("network_interface_name", "eth0"),
        "hps": job.hyperparameters,
        "user_entry_point": job.program,
        "module_name": _module_name(job.program),
        "module_dir": job.submit_directory,
        "framework_params": {
            name: value for name, value in job.settings.items() if name not in _SETTINGS_OF_THE_TOOLKIT
        },
        "resource_config": job.resources,
        "input_data_config": job.channels,
        "channels": sorted(job.channels),
        "input_dir": str(job.root / "input"),
        "input_config_dir": str(job.root / "input" / "config"),
        "output_dir": str(job.output),
        "output_data_dir": str(job.output / "data"),
        "output_intermediate_dir": str(job.output / "intermediate"),
        "model_dir": str(job.model),
        "num_cpus": os.cpu_count() or 1,
        "num_gpus": 0,
        "log_level": job.settings.get("sagemaker_container_log_level", 20),
        "user_args": arguments(job.hyperparameters),
    }
    training_env = {name: values[name] for name in values if name not in _NOT_IN_TRAINING_ENV} | {
        "channel_input_dirs": channels,
        "hyperparameters": job.hyperparameters,
        "additional_framework_parameters": values["framework_params"],
        "job_name": job.settings.get("sagemaker_job_name", ""),
        "is_master": host == hosts[0],
        "master_hostname": hosts[0],
    }
    values["training_env"] = training_env
    values |= {f"channel_{name}": path for name, path in channels.items()}
    values |= {f"hp_{name}": value for name, value in job.hyperparameters.items()}
    return {f"SM_{name.upper()}": _text(value) for name, value in values.items()}


_SETTINGS_OF_THE_TOOLKIT = {
    "sagemaker_program",
    "sagemaker_submit_directory",
    "sagemaker_container_log_level",
    "sagemaker_job_name",
    "sagemaker_region",
    "sagemaker_s3_output",
}
_NOT_IN_TRAINING_ENV = {"hps", "user_args", "framework_params", "channels"}


def _module_name(program: str) -> str:
    return program.removesuffix(".py") if PurePath(program).suffix == ".py" else program


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    return json.dumps(value, sort_keys=True, separators=(",", ":"))

"""The fixtures of this folder; their parts are in container_processes.py, whose name is its own among all test folders."""

from container_processes import booster, model_dir

__all__ = ["booster", "model_dir"]

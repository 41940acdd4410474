"""The fixtures of this folder. Their parts are in container_processes.py: a name of its own among all test folders."""

from container_processes import booster, model_dir

__all__ = ["booster", "model_dir"]

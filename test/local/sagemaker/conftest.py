"""The fixtures of this folder. Their parts are in local_cloud.py: a name of its own among all test folders."""

from local_cloud import cloud, events

__all__ = ["cloud", "events"]

"""The fixtures of this folder; their parts are in local_cloud.py, whose name is its own among all test folders."""

from local_cloud import cloud, events

__all__ = ["cloud", "events"]

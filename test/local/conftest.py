"""The fixtures of all tests of the local cloud. Their parts are in support/local_cloud.py."""

from local_cloud import cloud, events

__all__ = ["cloud", "events"]

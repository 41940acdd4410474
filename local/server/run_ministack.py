"""MiniStack, with one thing that an AWS account does not have: services may put events with a source of their own.

``python local/server/run_ministack.py`` takes MiniStack's own arguments and environment. EventBridge refuses sources
that begin with ``aws.`` to everybody; those of the local services, marked in their ``TraceHeader``, go through.
"""

from ministack.app import main
from ministack.services import eventbridge

SERVICE_EVENT_MARK = "Root=local-aws-service"

_put_events = eventbridge._put_events


def put_events(data: dict, allow_aws_source: bool = False):
    """PutEvents: entries that all bear the mark may name any source."""
    entries = data.get("Entries") or []
    marked = bool(entries) and all(entry.get("TraceHeader") == SERVICE_EVENT_MARK for entry in entries)
    return _put_events(data, allow_aws_source=allow_aws_source or marked)


eventbridge._put_events = put_events

if __name__ == "__main__":
    main()

"""Reads `{"name": document}` from standard input; prints what parliament finds wrong with each IAM document."""

import json
import logging
import sys
import warnings

warnings.simplefilter("ignore")
logging.disable(logging.WARNING)

from parliament import analyze_policy_string  # noqa: E402 -- after its warnings are off


def problems(document: str) -> list[str]:
    findings = analyze_policy_string(document).findings
    return sorted({f"{finding.issue}: {finding.detail}" for finding in findings})


found = {name: problems(document) for name, document in json.load(sys.stdin).items()}
json.dump({name: each for name, each in found.items() if each}, sys.stdout)

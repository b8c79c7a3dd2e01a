"""What a change is made of."""

from changes.models.approval import Approval, Release
from changes.models.change import Change, ChangeAsset, Involvement, Step
from changes.models.gate import CheckResult, CheckRun, ManualReading, Snapshot
from changes.models.policy import Policy, PolicyAttachment, PolicyVersion, Requirement

__all__ = [
    "Approval",
    "Change",
    "ChangeAsset",
    "CheckResult",
    "CheckRun",
    "Involvement",
    "ManualReading",
    "Policy",
    "PolicyAttachment",
    "PolicyVersion",
    "Release",
    "Requirement",
    "Snapshot",
    "Step",
]

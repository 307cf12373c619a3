"""What an audit found, and whether the evening passes."""

from msgspec import Struct

LEAST_DELIVERED = 0.9
KINDS = ("lost", "gap", "repeat", "inversion", "unbalanced", "double")
"""What must not be, not once."""


class Finding(Struct, frozen=True):
    kind: str
    subject: str
    """The order, the watcher or the courier."""
    says: str

    def __str__(self) -> str:
        return f"{self.kind}: {self.subject}: {self.says}"


class Verdict(Struct, frozen=True):
    findings: tuple[Finding, ...]
    placed_and_paid: int
    delivered: int

    def count(self, kind: str) -> int:
        return sum(finding.kind == kind for finding in self.findings)

    @property
    def enough_delivered(self) -> bool:
        """An evening on which nobody paid for anything proves nothing."""
        return self.placed_and_paid > 0 and self.delivered >= LEAST_DELIVERED * self.placed_and_paid

    @property
    def exit_code(self) -> int:
        return 0 if not self.findings and self.enough_delivered else 1

"""What the rig counts and says at the end."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field


@dataclass(slots=True)
class Tally:
    """Counts over many seeds."""

    seeds: int = 0
    cuts: int = 0
    rows_checked: int = 0
    lost: int = 0
    """Telemetry readings that a power cut took: lawful."""
    refusals: int = 0
    """Times that a full or failing disk made an operation fail."""
    flips: int = 0
    flips_found: int = 0
    """Bits that were flipped, and files whose flips showed in what the store said."""
    violations: int = 0
    failures: list[str] = field(default_factory=list)
    """One line each, with the seed."""

    def fail(self, what: str, seed: int, problem: str) -> None:
        """Note a broken promise."""
        self.violations += 1
        self.failures.append(f"{what} seed {seed}: {problem[:500]}")

    def counts(self) -> dict[str, int]:
        """Return the figures without the lines."""
        return {name: value for name, value in asdict(self).items() if isinstance(value, int)}

"""What a measurement shows, in a line."""

from __future__ import annotations

from collections.abc import Sequence


def quantile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least this share of all values does not pass.

    >>> [quantile([4, 1, 3, 2], share) for share in (0.0, 0.5, 0.51, 1.0)]
    [1, 2, 3, 4]
    """
    ordered = sorted(values)
    return ordered[max(0, -int(-share * len(ordered) // 1) - 1)]


def told(what: str, seconds: Sequence[float]) -> str:
    """Count, median, 90th and 99th percentile and the worst, in milliseconds."""
    p50, p90, p99, worst = (1000 * quantile(seconds, share) for share in (0.5, 0.9, 0.99, 1.0))
    return f"{what}: {len(seconds)} times, p50 {p50:.1f} ms, p90 {p90:.1f} ms, p99 {p99:.1f} ms, worst {worst:.1f} ms"

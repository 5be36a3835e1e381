"""Report of findings: what judging found -> the blocks of the card that say how far to trust it.

It knows nothing about how any of it was computed, nor about the rest of the card.
"""

from training.findings import Findings, Interval, Intervals
from training.markdown import number, table


def blocks(findings: Findings) -> list[str]:
    """Return titles, text and tables of all that was found."""
    found: list[str] = []
    if findings.intervals is not None:
        found += ["### How sure that is", intervals_table(findings.intervals), _about_intervals(findings.intervals)]
    return found


def intervals_table(intervals: Intervals) -> str:
    """One line a metric: the shipped graph, and its difference to boosting, each with its interval."""
    share = f"{intervals.level:.0%} interval"
    rows = (
        [name, number(shipped.value), span(shipped), f"{beside.value:+.4g}", span(beside)]
        for (name, shipped), beside in zip(intervals.shipped.items(), intervals.difference.values(), strict=True)
    )
    return table(["metric", "shipped", share, "less boosting", share], rows)


def span(interval: Interval) -> str:
    """Write the two ends."""
    return f"{number(interval.low)} to {number(interval.high)}"


def _about_intervals(intervals: Intervals) -> str:
    return (
        f"Test rows drawn anew {intervals.resamples:,} times (percentile bootstrap); "
        "boosting answers the same draws, so an interval without zero is a difference that the choice of test rows "
        "does not explain.\nThat another seed would have fitted another network is not in it."
    )

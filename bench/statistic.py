"""Medians, percentiles and ratios. Pure."""

import math
import statistics
from collections.abc import Sequence


def median(values: Sequence[float]) -> float:
    """The median; NaN of nothing."""
    return statistics.median(values) if values else math.nan


def percentile(values: Sequence[float], percent: float) -> float:
    """The smallest value that at least `percent` of the values do not exceed (nearest rank); NaN of nothing."""
    if not values:
        return math.nan
    rank = math.ceil(percent / 100 * len(values))
    return sorted(values)[max(rank, 1) - 1]


def ratio(value: float, reference: float) -> float:
    """`value` in units of `reference`; NaN where the reference is zero or unknown."""
    return value / reference if reference else math.nan


def paired_ratio(values: Sequence[float], references: Sequence[float]) -> float:
    """The median of the ratios round by round: what slows a whole round of interleaved measuring falls out of it.

    NaN where there is not one reference for each value.
    """
    if len(values) != len(references):
        return math.nan
    return median([ratio(value, reference) for value, reference in zip(values, references, strict=True)])

"""How good, how sure, where worst, by which features; two bundles side by side."""

__all__ = [
    "baselines",
    "compare_bundles",
    "cross_validation",
    "evaluate",
    "evaluate_bundle",
    "feature_selection",
    "findings",
    "leakage",
    "permutation_importance",
    "served_bundle",
    "splits",
    "trust",
]

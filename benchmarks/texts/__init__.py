"""Texts beside the obvious scikit-learn pipeline: how good, how small, how quick to fit and to serve."""

"""A type of features and a task that are made up; a test copies this folder into a temporary package.

track     a list of points of varying length ─> two tensors of other dtypes and ranks
visits    which places a track comes by ─> a ranking of places with scores, by a network of its own

`served_` modules are the service's side, `trained_` modules are training's.
"""

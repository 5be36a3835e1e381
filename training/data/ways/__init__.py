"""How rows are divided: the seam is `base`, each way has a module, and `registry` finds them."""

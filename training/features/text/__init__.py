"""Text: a bag of hashed n-grams, from a string to a vector inside the graph."""

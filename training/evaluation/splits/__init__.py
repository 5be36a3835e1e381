"""Whether the number that a split at random gives would hold for rows to come: `candidates`, and `check` of each."""

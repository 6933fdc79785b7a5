"""How likely two records are one person: features, comparisons, weights, score; and training and whole runs of it."""

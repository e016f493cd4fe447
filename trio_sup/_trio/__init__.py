"""Tools over Trio that know nothing of children."""

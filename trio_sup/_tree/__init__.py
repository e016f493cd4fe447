"""The tree as users see it: specifications, handles, opening, running."""

"""One planted bug."""

from attrs import frozen


@frozen
class Mutant:
    """One realistic mistake."""

    name: str
    module: str
    old: str
    new: str

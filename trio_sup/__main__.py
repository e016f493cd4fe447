"""``python -m trio_sup`` is ``trio-sup``."""

from trio_sup.cli import main

if __name__ == "__main__":
    raise SystemExit(main())

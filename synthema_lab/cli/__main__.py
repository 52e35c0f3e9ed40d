"""What runs for ``python -m synthema_lab.cli``? The same as ``synthema``."""

from __future__ import annotations

from . import main

if __name__ == "__main__":
    raise SystemExit(main())

"""How do hospitals run on one machine, as they would apart, and leave nothing behind?"""

from __future__ import annotations

from .hospitals import LocalHospitals, local_hospitals

__all__ = ["LocalHospitals", "local_hospitals"]

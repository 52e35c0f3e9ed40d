"""Where does a hospital's table get read? In a process that can do nothing else.

The site's own process holds keys, books and channels and never opens a table.
A worker opens it, computes the vectors of one study, and can reach neither the
network nor the keys nor the site's environment.
"""

from __future__ import annotations

from .confinement import Confinement, confinement, require_sound
from .process import Worker, WorkerDied, WorkerFailed

__all__ = ["Confinement", "Worker", "WorkerDied", "WorkerFailed", "confinement", "require_sound"]

"""How are patients simulated from what has been published about them?

Each simulator is a package with ``load(patients=..., seed=...)``, which gives a
Cohort, and one table of everything it was calibrated to. `calibration` compares
that table with simulated patients; `measures` takes the quantities off them.
"""

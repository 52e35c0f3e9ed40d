"""What does a notebook touch? (run, manifest, figures, verify, report)"""

"""How right the matching is: trials, calibration, evaluation, and the fitting of weights."""

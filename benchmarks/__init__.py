"""How fast and how right Servery is: one file for each figure, each beside its limit or a peer of the same run.

`python -m benchmarks` runs all of them, `python -m benchmarks NAME ...` some, `python -m benchmarks --list` names them.
"""

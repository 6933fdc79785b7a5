"""What benchmarks stand on: how a figure is told, how noisy the machine is, and an installation to measure."""

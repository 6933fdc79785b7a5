"""Public help for those who write connectors: the stage that simulators play, and tests to hold them to."""

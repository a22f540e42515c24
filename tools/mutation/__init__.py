"""Asks whether the tests would notice: changes one operator of the core at a time and runs them. docs/testing.md."""

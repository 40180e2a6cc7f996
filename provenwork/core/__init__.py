"""Money, state machines, errors and time. Imports nothing of ours."""

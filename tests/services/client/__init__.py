"""The followers of live events, against the real hub and against servers that misbehave."""

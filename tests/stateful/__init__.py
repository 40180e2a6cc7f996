"""State machines over the real contracts on a real chain."""

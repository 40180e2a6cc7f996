"""What everything else stands on: errors and money."""

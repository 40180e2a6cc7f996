"""SessionLens: whose sessions are open."""

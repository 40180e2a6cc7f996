"""How the tables came to be, step by step (alembic). Steps go forward only; a released one is never edited."""

"""What every HTTP service shares, over real sockets and a real Postgres."""

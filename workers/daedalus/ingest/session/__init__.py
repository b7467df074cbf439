"""One connection's life: what it was asked for, what it brings, whether it is alive, and its end."""

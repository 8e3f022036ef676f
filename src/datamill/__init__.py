"""datamill: a computational database for scientists and engineers."""

"""What `make bench` runs: each benchmark against a peer or a limit in the same run."""

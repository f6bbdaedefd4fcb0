"""Networks: pure torch, no host, no settings, no files."""

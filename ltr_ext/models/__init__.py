"""Networks, in pure PyTorch: they use no host, no settings and no files."""

"""A small, independent implementation of the part of visionml/pytracking that box2mask uses.

This folder itself is put on `sys.path` (see `ltr_ext.host`), so that `ltr` and `pytracking` are found here if upstream
is not available. Names, signatures and file formats are upstream's; the code is ours. It imports nothing from the rest
of the repository.
"""

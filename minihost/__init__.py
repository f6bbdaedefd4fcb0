"""An independent, small implementation of the part of visionml/pytracking that box2mask plugs into.

This folder, not the package, goes on `sys.path` (see `ltr_ext.host`), so that `ltr` and `pytracking` are found here
when upstream itself is not at hand. Names, signatures and file formats are upstream's; the code is ours. It imports
nothing of the rest of the repository.
"""

"""Networks of other projects behind our trackers' interface, each from its own package; none is imported unasked."""

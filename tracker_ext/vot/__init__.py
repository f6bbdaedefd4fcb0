"""VOT2020: runs our trackers under the VOT toolkit, and makes workspaces for it."""

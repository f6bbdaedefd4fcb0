"""Parameters of DeAOT, through a package of it."""

"""Parameters of STCN as published, through a package of it; ours is `stcn`."""

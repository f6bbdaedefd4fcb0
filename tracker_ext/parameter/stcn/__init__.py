"""Parameters of STCN (Cheng et al., NeurIPS 2021), lite."""

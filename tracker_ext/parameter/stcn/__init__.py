"""The parameter modules of lite STCN (Cheng et al., NeurIPS 2021)."""

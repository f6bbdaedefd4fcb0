"""The parameter modules of lite SSTVOS (Duke et al., CVPR 2021)."""

"""Parameters of SSTVOS (Duke et al., CVPR 2021), lite."""

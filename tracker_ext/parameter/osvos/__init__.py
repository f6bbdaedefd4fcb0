"""The parameter modules of lite OSVOS (Caelles et al., CVPR 2017) and OnAVOS (Voigtlaender and Leibe, BMVC 2017)."""

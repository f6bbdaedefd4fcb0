"""Parameters of MaskTrack (Perazzi et al., CVPR 2017), lite."""

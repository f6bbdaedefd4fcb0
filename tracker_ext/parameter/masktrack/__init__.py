"""The parameter modules of lite MaskTrack (Perazzi et al., CVPR 2017)."""

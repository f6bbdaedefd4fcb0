"""The parameter modules of lite MaskRNN (Hu et al., NIPS 2017)."""

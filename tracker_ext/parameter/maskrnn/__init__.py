"""Parameters of MaskRNN (Hu et al., NIPS 2017), lite."""

"""Parameters of STM (Oh et al., ICCV 2019), lite."""

"""The parameter modules of lite STM (Oh et al., ICCV 2019)."""

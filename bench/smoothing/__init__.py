"""What smoothing makes of reads that come and fail to come, against a fixed window."""

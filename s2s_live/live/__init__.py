"""The running show: hearing, painting, smoothing, pacing, statistics."""

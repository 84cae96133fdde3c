"""Files in: what a tape looks like, how it is read, loaded and reported."""

"""What `bench` measures, and the physical limits beside it."""

"""Constant SQL of the shared ground."""

from typing import Final

CLOCK_OFFSET_SECONDS: Final = "SELECT seconds FROM clock_offset WHERE id = 1"

"""Files as they come in: written to disk as they arrive, and cut off once they are larger than allowed."""

from typing import Any

from django.conf import settings
from django.core.files.uploadhandler import TemporaryFileUploadHandler


class LimitedUpload(TemporaryFileUploadHandler):
    """Writes to a temporary file up to the limit; what is larger is read off the line and thrown away.

    Afterwards `request.upload_was_too_large` says so, and the file is missing from the form.
    """

    def handle_raw_input(self, input_data: Any, headers: Any, content_length: int | None, *more: Any) -> None:
        """Look at the announced length first."""
        self.too_large = content_length is not None and content_length > settings.IMPORT_MAX_BYTES + 64 * 1024
        self.received = 0
        self._tell()

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        """Begin a file."""
        super().new_file(*args, **kwargs)

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes | None:
        """Keep a chunk, as long as the file is not too large."""
        self.received += len(raw_data)
        if self.received > settings.IMPORT_MAX_BYTES and not self.too_large:
            self.too_large = True
            self._tell()
        return None if self.too_large else super().receive_data_chunk(raw_data, start)

    def file_complete(self, file_size: int) -> Any:
        """Return the file, or nothing where it was too large."""
        if self.too_large:
            self.file.close()
            return None
        return super().file_complete(file_size)

    def _tell(self) -> None:
        if self.request is not None:
            self.request.upload_was_too_large = self.too_large  # type: ignore[attr-defined]

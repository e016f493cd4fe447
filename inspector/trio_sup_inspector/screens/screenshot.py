"""A picture of the screen in a file, which is named, or why there is none."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from textual.app import App


class Pictured(App[int]):
    """Where Textual keeps to itself where a picture went, and why it did not."""

    def deliver_screenshot(
        self,
        filename: str | None = None,
        path: str | None = None,
        time_format: str | None = None,
    ) -> str | None:
        """Write the screen into a file of this directory; a browser saves it itself.

        Args:
            filename: Its name; None for one of the time.
            path: Its directory; None for this one.
            time_format: Of the time in the name.
        """
        if self.is_web:
            return super().deliver_screenshot(filename, path, time_format)
        now = datetime.now(UTC).astimezone()
        name = filename or f"trio-sup-{now.strftime(time_format or '%Y%m%d-%H%M%S.%f')}"
        file = Path(path or ".") / f"{Path(name).name.removesuffix('.svg')}.svg"
        drawn = self.export_screenshot().encode("utf-8", "replace")
        try:
            # None that is there is written over, as with a traceback.
            with file.absolute().open("xb") as written:
                written.write(drawn)
        except OSError as error:
            why = error.strerror or str(error)
            self.notify(f"no screenshot: {file}: {why}", severity="error")
        else:
            self.notify(f"saved {file.absolute()}")
        return None

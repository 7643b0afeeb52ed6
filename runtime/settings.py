"""Settings files: read whole, and refused with every fault at once, each with key and remedy."""

from __future__ import annotations

import errno
import os
import re
import stat
import tomllib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError
from typing_extensions import override

from runtime.settings_words import told_errors

if TYPE_CHECKING:
    from pathlib import Path

_BOM: Final = b"\xef\xbb\xbf"
FILE_BYTES_MAX: Final = 4_000_000
"""Ten thousand devices take about two million."""
KEY_PARTS_MAX: Final = 100
"""The parser's time grows with the square of a key's parts; ours have three."""
_BETWEEN: Final = re.compile(r"[=\n\"']")
"""What ends a key, or begins a text."""


class Settings(BaseModel):
    """Settings forbid unknown keys and take no text for a number: a typo must stop a daemon."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


SettingsT = TypeVar("SettingsT", bound=BaseModel)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing wrong in a settings file."""

    file: str
    key: str
    """The file's own words, list items by their id; empty for the file as a whole."""
    message: str
    remedy: str

    @override
    def __str__(self) -> str:
        where = f"{self.file}: {self.key}" if self.key else self.file
        return f"{where}: {self.message}. {self.remedy}"


class SettingsRefused(Exception):
    """Settings can't be used; `faults` lists every reason."""

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__("\n".join(str(fault) for fault in faults))
        self.faults = faults


def read_bounded(path: Path) -> bytes:
    """Return a regular file's bytes; nothing else can hold a daemon up.

    Raises OSError, and SettingsRefused for a pipe, a device, or a file that is too large.
    """
    # Without waiting: a pipe that nobody writes to would never open.
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    try:
        mode = os.fstat(descriptor).st_mode
        if stat.S_ISDIR(mode):
            raise IsADirectoryError(errno.EISDIR, "is a folder")
        if not stat.S_ISREG(mode):
            raise _refused(path, "is no regular file", "Put a file of that name there.")
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            data = file.read(FILE_BYTES_MAX + 1)
    finally:
        os.close(descriptor)
    if len(data) > FILE_BYTES_MAX:
        raise _refused(path, f"is larger than {FILE_BYTES_MAX} bytes", "Split or shorten it.")
    return data


def read_toml(path: Path) -> dict[str, Any]:
    """Return a TOML file's document. Raises SettingsRefused with the file's one fault."""
    try:
        data = read_bounded(path)
        if data.startswith(_BOM):
            raise _refused(
                path, "starts with a byte order mark", "Save it as UTF-8 without that mark (BOM)."
            )
        text = data.decode()
        if any(part.count(".") > KEY_PARTS_MAX for part in _BETWEEN.split(text)):
            raise _refused(path, f"has a key of more than {KEY_PARTS_MAX} parts", "Shorten it.")
        return tomllib.loads(text)
    except RecursionError as error:
        raise _refused(path, "is no TOML: it is nested too deep", "Mend it there.") from error
    except FileNotFoundError as error:
        raise _refused(path, "is not there", "Name the folder that holds it.") from error
    except IsADirectoryError as error:
        raise _refused(path, "is a folder", "Put a file of that name there.") from error
    except NotADirectoryError as error:
        remedy = "Name the folder, not a file in it."
        raise _refused(path, f"{path.parent} is a file", remedy) from error
    except PermissionError as error:
        remedy = "Give this user the right to read it."
        raise _refused(path, "can't be read: permission denied", remedy) from error
    except OSError as error:
        why = os.strerror(error.errno) if error.errno else str(error)
        raise _refused(path, f"can't be read: {why}", "Mend the disk or name another.") from error
    except UnicodeDecodeError as error:
        message = f"is not UTF-8 (byte {error.start} is 0x{error.object[error.start]:02x})"
        raise _refused(path, message, "Save it as UTF-8.") from error
    except tomllib.TOMLDecodeError as error:
        raise _refused(path, f"is no TOML: {error}", "Mend it there.") from error


def settings_from(
    path: Path, document: dict[str, Any], model: type[SettingsT], *, below: str = ""
) -> SettingsT:
    """Return the checked settings; `below` heads each key. Raises SettingsRefused."""
    try:
        return model.model_validate(document)
    except ValidationError as error:
        head = f"{below}." if below else ""
        raise SettingsRefused(
            [
                Fault(file=str(path), key=f"{head}{key}", message=message, remedy=remedy)
                for key, message, remedy in told_errors(model, document, error)
            ]
        ) from error


def _refused(path: Path, message: str, remedy: str) -> SettingsRefused:
    return SettingsRefused([Fault(file=str(path), key="", message=message, remedy=remedy)])

"""The zip container of a workbook: read with limits, rewritten with every untouched member as it was.

Python's zipfile reads; it cannot copy a member without compressing it anew, so writing is done here, after the
zip application note (APPNOTE 6.3, sections 4.3.7, 4.3.12 and 4.3.16).
"""

from __future__ import annotations

import io
import os
import struct
import zipfile
import zlib
from collections.abc import Mapping

from xlcalc import limits

from .errors import WorkbookError

_RATIO_APPLIES_FROM = 2**26
PART_SETTING, TOTAL_SETTING = "XLCALC_MAX_PART_MIB", "XLCALC_MAX_TOTAL_MIB"
"""Environment variables that set other limits, in MiB."""

_LOCAL = struct.Struct("<4sHHHHHIIIHH")
_CENTRAL = struct.Struct("<4sHHHHHHIIIHHHHHII")
_END = struct.Struct("<4sHHHHIIH")
_DATA_DESCRIPTOR = 0x0008
_DEFLATE_LEVEL_BITS = 0x0006
_ENCRYPTED = 0x0001
_UTF8_NAME = 0x0800
_ZIP64_EXTRA = 1
_OLE2 = bytes.fromhex("d0cf11e0a1b11ae1")


class ZipParts:
    """The members of an archive held in memory; each is decompressed when it is asked for."""

    def __init__(self, data: bytes, label: str) -> None:
        self._data, self._label = data, label
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(data))
        except (zipfile.BadZipFile, ValueError, struct.error, NotImplementedError) as error:
            raise WorkbookError(_not_a_zip(data, label)) from error
        self._infos = self._zip.infolist()
        self._refuse_unsafe()
        self._by_name = {info.filename: info for info in self._infos}
        self._by_folded_name = {name.lower(): name for name in self._by_name}
        self._checked: set[str] = set()
        """Members that were decompressed, and so compared with their checksum."""

    @property
    def names(self) -> list[str]:
        return list(self._by_name)

    def find(self, name: str) -> str | None:
        """The member with this name as the archive spells it; part names do not differ by case (OPC, 6.2.2)."""
        return name if name in self._by_name else self._by_folded_name.get(name.lower())

    def read(self, name: str) -> bytes:
        try:
            content = self._zip.read(self._by_name[name])
            self._checked.add(name)
            return content
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, RuntimeError) as error:
            raise WorkbookError(f"{self._label} is damaged: its part {name} cannot be read.") from error

    def with_changes(self, changed: Mapping[str, bytes], *, compress: bool = True) -> bytes:
        """The archive again, same members in the same order with the same dates; those in `changed` with new content.

        Without `compress` the new content is stored as it is, for a copy that only this process reads.
        """
        out, central = io.BytesIO(), io.BytesIO()
        for info in self._infos:
            if info.filename in changed:
                content = changed[info.filename]
                method = zipfile.ZIP_DEFLATED if compress and info.compress_type else zipfile.ZIP_STORED
                payload = _deflate(content) if method else content
                checksum, size = zlib.crc32(content), len(content)
            else:
                if compress:
                    self._check(info)
                method, payload = info.compress_type, self._stored_bytes(info)
                checksum, size = info.CRC, info.file_size
            _write_member(out, central, info, method, payload, checksum, size)
        directory = central.getvalue()
        count = len(self._infos)
        comment = self._zip.comment
        if out.tell() + len(directory) >= 2**32:
            raise WorkbookError(f"{self._label} would grow beyond 4 GiB.")
        end = _END.pack(b"PK\x05\x06", 0, 0, count, count, len(directory), out.tell(), len(comment))
        return out.getvalue() + directory + end + comment

    def _check(self, info: zipfile.ZipInfo) -> None:
        """A damaged member is not passed on as if it were whole."""
        if info.filename not in self._checked:
            self.read(info.filename)

    def _stored_bytes(self, info: zipfile.ZipInfo) -> bytes:
        """A member's bytes as they lie in the archive, still compressed."""
        offset = info.header_offset
        if self._data[offset : offset + 4] == b"PK\x03\x04" and offset + _LOCAL.size <= len(self._data):
            header = _LOCAL.unpack_from(self._data, offset)
            start = offset + _LOCAL.size + header[9] + header[10]
            if start + info.compress_size <= len(self._data):
                return self._data[start : start + info.compress_size]
        raise WorkbookError(f"{self._label} is damaged: its part {info.filename} cannot be read.")

    def _refuse_unsafe(self) -> None:
        label, expanded = self._label, sum(info.file_size for info in self._infos)
        if len(self._infos) > limits.PARTS:
            raise WorkbookError(f"{label} holds {len(self._infos):,} parts; more than {limits.PARTS:,} are not read.")
        most = _limit(TOTAL_SETTING, limits.PARTS_TOGETHER)
        if expanded > most:
            raise WorkbookError(
                f"{label} would expand from {len(self._data):,} to {expanded:,} bytes; more than {most // 2**20:,} MiB"
                f" are not read ({TOTAL_SETTING} sets another limit)."
            )
        if TOTAL_SETTING not in os.environ and expanded > max(_RATIO_APPLIES_FROM, limits.EXPANSION * len(self._data)):
            raise WorkbookError(
                f"{label} would expand from {len(self._data):,} to {expanded:,} bytes, too much for a workbook;"
                f" it is not read ({TOTAL_SETTING} sets another limit)."
            )
        largest = max(self._infos, key=lambda info: info.file_size, default=None)
        most = _limit(PART_SETTING, limits.PART)
        if largest is not None and largest.file_size > most:
            raise WorkbookError(
                f"{label} is not read: its part {largest.filename} would expand to {largest.file_size:,} bytes;"
                f" more than {most // 2**20:,} MiB are not read ({PART_SETTING} sets another limit)."
            )
        seen: set[str] = set()
        for info in self._infos:
            if info.flag_bits & _ENCRYPTED:
                raise WorkbookError(f"{label} is password-protected; save it without a password first.")
            if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                raise WorkbookError(f"{label} is packed in a way that workbooks do not use.")
            if info.filename.lower() in seen:
                raise WorkbookError(f"{label} is damaged: it holds the part {info.filename} twice.")
            seen.add(info.filename.lower())


def _limit(setting: str, default: int) -> int:
    text = os.environ.get(setting, "")
    if not text:
        return default
    if not text.isdigit() or not int(text):
        raise WorkbookError(f"{setting} must be a whole number of MiB; got {text!r}.")
    return int(text) * 2**20


def _write_member(
    out: io.BytesIO, central: io.BytesIO, info: zipfile.ZipInfo, method: int, payload: bytes, checksum: int, size: int
) -> None:
    flags = info.flag_bits & ~_DATA_DESCRIPTOR
    if not method:
        flags &= ~_DEFLATE_LEVEL_BITS
    name = info.orig_filename.encode("utf-8" if flags & _UTF8_NAME else "cp437")
    year, month, day, hour, minute, second = info.date_time
    day_bits, time_bits = (year - 1980) << 9 | month << 5 | day, hour << 11 | minute << 5 | second // 2
    extra = _without_zip64(info.extra)
    offset = out.tell()
    sizes = (checksum, len(payload), size)
    out.write(
        _LOCAL.pack(
            b"PK\x03\x04", info.extract_version, flags, method, time_bits, day_bits, *sizes, len(name), len(extra)
        )
    )
    out.write(name + extra + payload)
    central.write(
        _CENTRAL.pack(
            b"PK\x01\x02",
            info.create_system << 8 | info.create_version,
            info.extract_version,
            flags,
            method,
            time_bits,
            day_bits,
            *sizes,
            len(name),
            len(extra),
            len(info.comment),
            0,
            info.internal_attr,
            info.external_attr,
            offset,
        )
    )
    central.write(name + extra + info.comment)


def _deflate(content: bytes) -> bytes:
    packer = zlib.compressobj(5, zlib.DEFLATED, -15)  # half a percent larger than the usual 6, in half the time
    return packer.compress(content) + packer.flush()


def _without_zip64(extra: bytes) -> bytes:
    """The extra field without its 64-bit sizes, which the limits make superfluous."""
    kept, position = b"", 0
    while position + 4 <= len(extra):
        kind, length = struct.unpack_from("<HH", extra, position)
        if kind != _ZIP64_EXTRA:
            kept += extra[position : position + 4 + length]
        position += 4 + length
    return kept


def _not_a_zip(data: bytes, label: str) -> str:
    if data.startswith(_OLE2):
        if "EncryptedPackage".encode("utf-16-le") in data:
            return f"{label} is password-protected; save it without a password first."
        return f"{label} is in the old .xls format; save it as .xlsx first."
    if not data:
        return f"{label} is empty."
    if data.startswith(b"PK"):
        return f"{label} is cut off or damaged: the end of the archive is missing."
    return f"{label} is not an .xlsx workbook."

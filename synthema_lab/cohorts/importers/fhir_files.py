"""How are FHIR resources read from files, one after the other?

A file holds one Bundle or resource (JSON), or one resource a line, as servers
export in bulk (NDJSON); a folder holds any number of either.

References
----------
HL7. FHIR R4 and R5, resource Bundle; FHIR Bulk Data Access.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from synthema_lab.errors import ArgumentRefused, DataMismatch

LINES = (".ndjson", ".jsonl")
SUFFIXES = (".json", *LINES)
_DEEPEST = 4
_DECODER = json.JSONDecoder(parse_constant=lambda _: None)  # NaN and infinity are no JSON


@dataclass
class Reading:
    """What was met while reading: counts and positions, never content.

    Attributes
    ----------
    files, resources : int
        How many there were.
    not_json : list of str
        Where something is no JSON, such as ``file 2, line 5``; files are counted from 1
        in the order of their paths, because a file's name may be a patient's.
    no_resource : int
        Things without a ``resourceType``.
    """

    files: int = 0
    resources: int = 0
    not_json: list[str] = field(default_factory=list)
    no_resource: int = 0


def files_of(path: Path) -> list[Path]:
    """The files meant by a path, sorted.

    Raises
    ------
    ArgumentRefused
        If there is no such file or folder.
    DataMismatch
        If a folder holds no file with one of ``SUFFIXES``.
    """
    if path.is_file():
        return [path]
    if not path.is_dir():
        raise ArgumentRefused(
            f"There is no file or folder {path}.",
            "A FHIR Bundle (.json), bulk export files (.ndjson), or a folder of them.",
            "Check the path.",
        )
    found = sorted(
        file for file in path.rglob("*") if file.suffix.lower() in SUFFIXES and file.is_file()
    )
    if not found:
        raise DataMismatch(
            "The folder holds no FHIR file.",
            f"Files whose names end in {', '.join(SUFFIXES)}.",
            "Point at the folder of the export.",
        )
    return found


def resources(
    files: list[Path], reading: Reading, tell: Callable[[float], None] | None = None
) -> Iterator[tuple[str | None, dict[str, object]]]:
    """Each resource with the full address its Bundle gives it.

    Parameters
    ----------
    files : list of path
    reading : Reading
        Is filled while the resources are taken.
    tell : callable, optional
        Is told the share of the files' bytes done, 0 to 1.

    Raises
    ------
    DataMismatch
        At the end, if nothing could be read.
    """
    total = sum(file.stat().st_size for file in files) or 1
    done = 0
    for number, file in enumerate(files, start=1):
        reading.files += 1
        if file.suffix.lower() in LINES:
            with file.open("rb") as lines:
                for at, line in enumerate(lines, start=1):
                    done += len(line)
                    if line.strip():
                        yield from _read(line, f"file {number}, line {at}", reading)
                    if tell is not None and at % 20_000 == 0:
                        tell(done / total)
        else:
            content = file.read_bytes()
            done += len(content)
            yield from _read(content, f"file {number}", reading)
        if tell is not None:
            tell(done / total)
    if not reading.resources:
        where = f" {reading.not_json[0].capitalize()} is no JSON." if reading.not_json else ""
        raise DataMismatch(
            f"No FHIR resource could be read.{where}",
            "FHIR R4 or R5 as JSON: a Bundle, or one resource a line in .ndjson.",
            "Export again as JSON; XML is not read.",
        )


def _read(
    content: bytes, where: str, reading: Reading
) -> Iterator[tuple[str | None, dict[str, object]]]:
    parsed: object = None
    understood = True
    try:
        parsed = _DECODER.decode(content.decode("utf-8-sig"))
    except (ValueError, RecursionError) as problem:
        understood = False
        if isinstance(problem, json.JSONDecodeError) and "line" not in where:
            where = f"{where}, line {problem.lineno}, column {problem.colno}"
    if understood:
        yield from _unpack(None, parsed, reading, 0)
    else:
        reading.not_json.append(where)


def _unpack(
    address: str | None, content: object, reading: Reading, depth: int
) -> Iterator[tuple[str | None, dict[str, object]]]:
    """A resource, or those inside a Bundle or list."""
    if isinstance(content, list) and depth < _DEEPEST:
        for item in content:
            yield from _unpack(None, item, reading, depth + 1)
        return
    kind = content.get("resourceType") if isinstance(content, dict) else None
    if not isinstance(kind, str):
        reading.no_resource += 1
        return
    if kind != "Bundle":
        reading.resources += 1
        yield address, content
        return
    entries = content.get("entry")
    for entry in entries if isinstance(entries, list) and depth < _DEEPEST else []:
        if isinstance(entry, dict) and "resource" in entry:
            full = entry.get("fullUrl")
            full = full if isinstance(full, str) else None
            yield from _unpack(full, entry["resource"], reading, depth + 1)

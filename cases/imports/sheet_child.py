"""Reads the first sheet of an XLSX file in a process of its own, with little memory and time, and writes JSON lines.

Run by `sheet`, never imported: a hostile file may crash or exhaust this process without harm to its parent.
Arguments: path, memory limit in bytes, processor seconds, bytes to which the archive may unpack. Exit status 3: too
large; 4: unreadable; 5: no sheet.
"""

import json
import resource
import sys
import zipfile
from datetime import date, datetime, time
from decimal import Decimal

PARTS = 5_000
DIGITS_LOST = "#DIGITS-LOST#"


def text_of(cell: object) -> str:
    """Return the cell as a person sees it in full: dates ISO, numbers plain, with the fifteen digits Excel keeps."""
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, float):
        if cell != cell or cell in (float("inf"), float("-inf")):
            return "#NUM!"
        if abs(cell) >= 1e15:
            return DIGITS_LOST
        exact = Decimal(format(cell, ".15g"))
        return str(int(exact)) if exact == exact.to_integral_value() else format(exact, "f")
    if isinstance(cell, datetime):
        return cell.date().isoformat() if cell.time() == time(0) else cell.isoformat(sep=" ")
    if isinstance(cell, date | time):
        return cell.isoformat()
    return "" if cell is None else str(cell)


def check_parts(path: str, unpacked: int) -> None:
    """Stop with status 3 for an archive that unpacks to more than any honest sheet, 4 for one with entity tricks."""
    with zipfile.ZipFile(path) as archive:
        parts = archive.infolist()
        if len(parts) > PARTS or sum(part.file_size for part in parts) > unpacked:
            sys.exit(3)
        for part in parts:
            if part.filename.endswith((".xml", ".rels")):
                with archive.open(part) as file:
                    if b"<!" in file.read(2048).replace(b"<!--", b""):
                        sys.exit(4)


def main() -> None:
    path, (memory, seconds, unpacked) = sys.argv[1], map(int, sys.argv[2:5])
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    from python_calamine import CalamineWorkbook

    try:
        check_parts(path, unpacked)
        book = CalamineWorkbook.from_path(path)
        if not book.sheet_names:
            sys.exit(5)
        sheet = book.get_sheet_by_index(0)
        out = sys.stdout
        above = sheet.start[0] if sheet.start else 0
        for _number in range(above):
            out.write("[]\n")
        for row in sheet.to_python(skip_empty_area=True) if sheet.start else ():
            out.write(json.dumps([text_of(cell) for cell in row], ensure_ascii=True))
            out.write("\n")
        out.flush()
    except MemoryError:
        sys.exit(3)
    except BrokenPipeError:
        sys.exit(0)
    except Exception:  # noqa: BLE001 - whatever the file did to the parser, the answer is one status
        sys.exit(4)


if __name__ == "__main__":
    main()

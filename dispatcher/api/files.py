"""The forms in which the record is taken away, over HTTP and by command line."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import quote

from dispatcher.api import sheet
from dispatcher.api.columns import as_csv
from dispatcher.api.printed import as_html
from dispatcher.api.record import Record
from dispatcher.api.workbook import as_xlsx

CSV = "text/csv; charset=utf-8"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
HTML = "text/html; charset=utf-8"


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """One form: its media type, whether a browser shows or keeps it, how it is made."""

    media_type: str
    shown: bool
    write: Callable[[Record], bytes]

    def headers(self, record: Record, ending: str) -> dict[str, str]:
        """What goes with the file: its name, and that it is for nobody else."""
        how = "inline" if self.shown else "attachment"
        name = quote(file_name(record, ending))
        disposition = {"Content-Disposition": f"{how}; filename*=UTF-8''{name}"}
        return {**sheet.HEADERS, **disposition, **taken(record)}


def taken(record: Record) -> dict[str, str]:
    """By whom and when a record was taken away; a header holds no Chinese as it is."""
    return {
        "X-Record-Made-By": quote(record.made_by),
        "X-Record-Made-At": record.made_at.isoformat(timespec="seconds"),
    }


def file_name(record: Record, ending: str) -> str:
    """What the file is called; a drill says so before anything else."""
    drill = sheet.DRILL if record.drill else ""
    return f"{drill}叫应记录表-{record.alert.id}.{ending}"


FORMS: Mapping[str, Form] = {
    "csv": Form(
        media_type=CSV,
        shown=False,
        write=lambda record: as_csv(record).encode(),
    ),
    "xlsx": Form(media_type=XLSX, shown=False, write=as_xlsx),
    "html": Form(
        media_type=HTML, shown=True, write=lambda record: as_html(record).encode()
    ),
}

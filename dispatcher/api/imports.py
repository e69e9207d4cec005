"""Imports of rosters over HTTP: a file is tried, applied, taken back."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Self

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from pydantic import Field, TypeAdapter, ValidationError
from sqlalchemy import Connection
from starlette.datastructures import FormData, UploadFile

from contacts.importers.columns import Column
from contacts.importers.table import BYTES_MOST
from dispatcher.api import error_rows
from dispatcher.api.body import PACKED, kind_of
from dispatcher.api.editing import LISTED, READ, READS, Writer
from dispatcher.api.front import Front, FrontOf
from dispatcher.api.lookup import IMPORT, PageQuery, unknown
from dispatcher.api.problem import RefusedError, answers, refused
from dispatcher.api.views import Page, View, page
from dispatcher.engine.apart import AllBusyError, LostError
from dispatcher.engine.import_orders import Apply, Obstacle, Order, Outcome, Try, Undo
from dispatcher.intake.problem import Problem
from dispatcher.store import imports
from dispatcher.store.history import Kind
from dispatcher.store.imports import Import, ImportState, Part

PREFIX = "/api/v1/roster/imports"
router = APIRouter(prefix=PREFIX, tags=["roster"])

MULTIPART = "multipart/form-data"
UPLOAD_MOST = BYTES_MOST + 64 * 1024  # with what a form puts around the file
UPLOAD_SECONDS = 300.0
FIELDS_MOST = 4
FIELD_BYTES = 4096
FIRST = 100  # problems, notes and changes that are told at once
BUSY_SECONDS = "10"
CURSOR = r"^[0-9]{1,9}$"
NUMBER_MOST = 2**63 - 1
TRUTHS = {"true": True, "false": False}
Letters = Annotated[str, Field(pattern=r"^[A-Z]{1,2}$")]
COLUMNS: TypeAdapter[dict[Column, Letters | None]] = TypeAdapter(
    dict[Column, Letters | None]
)


class FoundView(View):
    """One thing in the file to mend, or to know."""

    row: int
    letter: str
    column: str
    what: str


class ChangeView(View):
    """One thing that would change; null: it is not there.

    :ivar subject: a unit's id, a human's (empty: somebody new), ``UNIT/POST``
    """

    kind: Kind
    subject: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None


class ImportLine(View):
    """An import as a list shows it.

    :ivar base: the edition of the roster that the file was compared with
    :ivar edition: the one it made; null: it is not applied, or changed nothing
    """

    id: int
    state: ImportState
    at: datetime
    by: str
    file: str
    sha256: str
    figures: dict[str, int]
    base: int
    applied_at: datetime | None
    applied_by: str | None
    edition: int | None
    undone_at: datetime | None
    undone_by: str | None

    @classmethod
    def of(cls, one: Import, **more: object) -> Self:
        """How it is shown."""
        fields = {name: getattr(one, name) for name in ImportLine.model_fields}
        return cls.model_validate(fields | more)


class HeadingView(View):
    """A column of the file; ``samples``: what stands below it, numbers hidden."""

    letter: str
    text: str
    samples: list[str]


class PlacedView(View):
    """A column of ours; ``letter``: the file's it was taken from, null: none."""

    name: str
    needed: bool
    letter: str | None


class LayoutView(View):
    """How the columns of the table were taken; ``row``: of its header."""

    table: str
    row: int
    headings: list[HeadingView]
    columns: list[PlacedView]


class ImportView(ImportLine):
    """An import with the first of what was found; ``figures`` counts all of it.

    :ivar layout: null: no table was taken, or what was found is deleted
    :ivar lapsed: numbers of rotations and the like that have lost their ground by it
    """

    layout: LayoutView | None
    problems: list[FoundView]
    notes: list[FoundView]
    changes: list[ChangeView]
    lapsed: tuple[int, ...] = ()


class ImportsQuery(PageQuery):
    """Which imports are asked for."""

    cursor: Annotated[str | None, Field(pattern=CURSOR)] = None


Force = Annotated[bool, Query(description="over what was changed since, too")]
OnlyCorrect = Annotated[bool, Query(description="without the rows with problems")]
FORM = {
    "requestBody": {
        "required": True,
        "content": {
            MULTIPART: {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {
                        "file": {"type": "string", "format": "binary"},
                        "dry_run": {"type": "boolean", "default": True},
                        "columns": {
                            "type": "string",
                            "contentMediaType": "application/json",
                            "description": "an object: our column's name, and the "
                            "letter of the file's, or null",
                        },
                    },
                }
            }
        },
    }
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """What was sent."""

    file: str
    data: bytes
    dry_run: bool
    columns: dict[Column, str | None]


async def upload(request: Request, front: FrontOf, _key: Writer) -> Upload:
    """A dependency: the file in a form; only after the key was found good.

    :raises RefusedError: with 415, 422, or 503 where too many are at work
    """
    if kind_of(request) != MULTIPART:
        raise refused(415, NOT_A_FORM)
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise refused(415, PACKED)
    try:
        front.apart.check()
    except AllBusyError:
        raise BUSY from None
    async with request.form(
        max_files=1, max_fields=FIELDS_MOST, max_part_size=FIELD_BYTES
    ) as form:
        return await _read(form)


async def _read(form: FormData) -> Upload:
    file, told = form.get("file"), form.get("dry_run", "true")
    dry_run = TRUTHS.get(told) if isinstance(told, str) else None
    columns = _columns(form.get("columns", "{}"))
    if isinstance(file, UploadFile) and dry_run is not None and columns is not None:
        name = file.filename or ""
        data = await file.read()
        return Upload(file=name, data=data, dry_run=dry_run, columns=columns)
    problems = {
        NO_FILE: isinstance(file, UploadFile),
        NO_TRUTH: dry_run is not None,
        NO_COLUMNS: columns is not None,
    }
    raise refused(422, *(one for one, kept in problems.items() if not kept))


def _columns(told: object) -> dict[Column, str | None] | None:
    """Where columns are; None: it can't be read, or two are in one place."""
    if not isinstance(told, str):
        return None
    try:
        found = COLUMNS.validate_json(told)
    except ValidationError:
        return None
    letters = [letter for letter in found.values() if letter]
    return found if len(letters) == len(set(letters)) else None


@router.post(
    "",
    status_code=201,
    responses=answers(400, 401, 403, 408, 413, 415, 422, 503),
    openapi_extra=FORM,
)
async def try_import(
    front: FrontOf,
    caller: Writer,
    given: Annotated[Upload, Depends(upload)],
    response: Response,
) -> ImportView:
    """Read a file and tell what is wrong with it, or what it would change.

    With ``dry_run`` false a file without problems is applied at once. ``columns`` tells
    where columns are that were not recognised by their headings.
    """
    settings = front.runtime.settings
    by = caller.by
    order = Try(
        file=given.file,
        by=by,
        at=front.now(),
        code_system=settings.intake.code_system,
        allow_test_numbers=settings.security.allow_test_numbers,
        columns=given.columns,
    )
    done = await _do(front, order, given.data)
    response.headers["Location"] = f"{PREFIX}/{done.number}"
    view = await _shown(front, done)
    if given.dry_run or view.state is not ImportState.TRIED:
        return view
    applied = await _do(front, Apply(number=done.number, by=by, at=front.now()))
    return (await _shown(front, applied)).model_copy(update=_found(view))


def _found(view: ImportView) -> dict[str, object]:
    return {"notes": view.notes, "changes": view.changes}


@router.get("", dependencies=READS, responses=answers(*LISTED))
async def list_imports(
    front: FrontOf, query: Annotated[ImportsQuery, Query()]
) -> Page[ImportLine]:
    """Imports, the newest first."""
    before = int(query.cursor) if query.cursor else None
    found = await front.runtime.database.read(
        lambda c: imports.page(c, query.limit + 1, before)
    )
    views = [ImportLine.of(one) for one in found]
    return page(views, query.limit, lambda view: str(view.id))


@router.get("/{id}", dependencies=READS, responses=answers(*READ, 422))
async def show_import(
    front: FrontOf, number: Annotated[int, Path(alias="id", ge=1, le=NUMBER_MOST)]
) -> ImportView:
    """One import, with the first of what was found."""
    return await _shown(front, Outcome(number=number))


@router.get("/{id}/changes", dependencies=READS, responses=answers(*READ, 422))
async def show_changes(
    front: FrontOf,
    number: Annotated[int, Path(alias="id", ge=1, le=NUMBER_MOST)],
    query: Annotated[ImportsQuery, Query()],
) -> Page[ChangeView]:
    """What would change; of an applied one see the history of the roster."""
    start = int(query.cursor) if query.cursor else 0

    def look(connection: Connection) -> list[Any]:
        _there(connection, number)
        most = query.limit + 1
        return imports.read(connection, number, Part.CHANGES, start, most)

    found = await front.runtime.database.read(look)
    views = [ChangeView.model_validate(one) for one in found[: query.limit]]
    more = len(found) > query.limit
    return Page(items=views, cursor=str(start + query.limit) if more else None)


class Format(StrEnum):
    """What a table of errors is written as."""

    CSV = "csv"
    XLSX = "xlsx"


TYPES = {
    Format.CSV: "text/csv; charset=utf-8",
    Format.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


@router.get(
    "/{id}/errors",
    dependencies=READS,
    responses={
        200: {"content": {kind.partition(";")[0]: {} for kind in TYPES.values()}},
        **answers(*READ, 422),
    },
    response_class=Response,
)
async def show_errors(
    front: FrontOf,
    number: Annotated[int, Path(alias="id", ge=1, le=NUMBER_MOST)],
    wanted: Annotated[Format, Query(alias="format")] = Format.CSV,
) -> Response:
    """The rows with problems, marked, numbers hidden; no cell is calculated."""

    def look(connection: Connection) -> tuple[list[Any], list[Any]]:
        _there(connection, number)
        rows = imports.read(connection, number, Part.ROWS)
        return imports.read(connection, number, Part.PROBLEMS), rows

    problems, rows = await front.runtime.database.read(look)
    write = {Format.CSV: error_rows.as_csv, Format.XLSX: error_rows.as_xlsx}[wanted]
    content = await asyncio.to_thread(write, problems, rows)
    name = f"attachment; filename=errors-{number}.{wanted.value}"
    headers = {"Content-Disposition": name}
    return Response(content, media_type=TYPES[wanted], headers=headers)


@router.post("/{id}/apply", responses=answers(*READ, 409, 422, 503))
async def apply_import(
    front: FrontOf,
    caller: Writer,
    number: Annotated[int, Path(alias="id", ge=1, le=NUMBER_MOST)],
    *,
    force: Force = False,
    only_correct: OnlyCorrect = False,
) -> ImportView:
    """Put what was tried in the place of the roster; force: whatever it is now.

    With ``only_correct`` a file with problems is taken without the rows that have any:
    what the others do not tell of stays, and so does whom such a row may mean.
    """
    order = Apply(
        number=number,
        by=caller.by,
        at=front.now(),
        force=force,
        only_correct=only_correct,
    )
    return await _carried_out(front, order)


@router.post("/{id}/undo", responses=answers(*READ, 409, 422, 503))
async def undo_import(
    front: FrontOf,
    caller: Writer,
    number: Annotated[int, Path(alias="id", ge=1, le=NUMBER_MOST)],
    *,
    force: Force = False,
) -> ImportView:
    """Take back what an import has changed; who was erased meanwhile stays away."""
    order = Undo(number=number, by=caller.by, at=front.now(), force=force)
    return await _carried_out(front, order)


async def _carried_out(front: Front, order: Apply | Undo) -> ImportView:
    done = await _do(front, order)
    if done.obstacle:
        raise _refusal(done, done.obstacle)
    return await _shown(front, done)


async def _do(front: Front, order: Order, data: bytes = b"") -> Outcome:
    runtime = front.runtime
    try:
        done = await front.apart.do(runtime.database, runtime.settings, order, data)
    except AllBusyError:
        raise BUSY from None
    except LostError as error:
        raise refused(503, LOST, Retry_After=BUSY_SECONDS) from error
    front.committed()
    return done


async def _shown(front: Front, done: Outcome) -> ImportView:
    def look(connection: Connection) -> ImportView:
        one = _there(connection, done.number)
        parts = (Part.PROBLEMS, Part.NOTES, Part.CHANGES)
        first: dict[str, Sequence[Any]] = {
            part.value: imports.read(connection, one.id, part, 0, FIRST)
            for part in parts
        }
        layout = next(iter(imports.read(connection, one.id, Part.LAYOUT)), None)
        return ImportView.of(one, layout=layout, lapsed=done.lapsed, **first)

    return await front.runtime.database.read(look)


def _there(connection: Connection, number: int) -> Import:
    found = imports.find(connection, number)
    if found is None:
        raise unknown(IMPORT, str(number))
    return found


NOT_A_FORM = Problem(
    loc=("header", "Content-Type"),
    code="form_expected",
    zh=f"请用 {MULTIPART} 上传",
    en=f"send {MULTIPART}",
)
NO_FILE = Problem(
    loc=("body", "file"), code="missing", zh="缺少名册文件", en="the file is missing"
)
NO_TRUTH = Problem(
    loc=("body", "dry_run"),
    code="bool_parsing",
    zh="应为 true 或 false",
    en="has to be true or false",
)
NO_COLUMNS = Problem(
    loc=("body", "columns"),
    code="columns_invalid",
    zh=f"应为 JSON 对象:列名对列字母或 null,各用一次;列名有 {'、'.join(Column)}",
    en=f"has to be a JSON object, a letter or null for each: {', '.join(Column)}",
)
BUSY = refused(
    503,
    Problem(
        loc=(),
        code="imports_busy",
        zh="已有两份名册正在处理,请稍后再试",
        en="two rosters are at work already: try again later",
    ),
    Retry_After=BUSY_SECONDS,
)
LOST = Problem(
    loc=(),
    code="import_lost",
    zh="处理没有完成,名册未改动,请再试一次",
    en="the work did not come to its end, nothing was changed: try again",
)

WORDS = {
    Obstacle.FAULTY: ("文件有问题,请改正后再试", "mend its problems, and try it again"),
    Obstacle.LAPSED: ("试读已过期,请再试一次", "it has lapsed: try the file again"),
    Obstacle.APPLIED: ("已经导入", "it is applied already"),
    Obstacle.UNDONE: ("已经撤销", "it is undone already"),
    Obstacle.NOT_APPLIED: ("还没有导入", "it is not applied"),
    Obstacle.MOVED: (
        "名册在这之后又有改动(现为第 {edition} 版),请重新试读;确要覆盖请用 force",
        "the roster was changed since (now edition {edition}): try again, or use force",
    ),
    Obstacle.UNFIT: (
        "与之后的改动不能并存,请改用单项修改",
        "it does not fit what was changed since: edit by hand",
    ),
}


def _refusal(done: Outcome, why: Obstacle) -> RefusedError:
    if why is Obstacle.UNKNOWN:
        return unknown(IMPORT, str(done.number))
    zh, en = (words.format(edition=done.edition) for words in WORDS[why])
    return refused(409, Problem(loc=("path",), code=why.value, zh=zh, en=en))

"""A roster edited at random is what a plain model of it says, and back to the start.

Whoever keeps the roster reads only what has changed, and has the same.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from sqlalchemy import Connection, create_engine
from sqlalchemy.pool import StaticPool
from typing_extensions import override

from contacts.duty import Leave, Span
from contacts.geometry import Shapes
from contacts.importers.sheet import ListedAddress
from contacts.model import (
    AddressKind,
    Holding,
    Person,
    PersonId,
    Post,
    PostRef,
    Unit,
    UnitId,
    UnitKind,
)
from contacts.roster import Roster
from dispatcher.core.journal import HOUSE, RosterChanged
from dispatcher.store import duty, history, journal, people, rereading, roster_edits
from dispatcher.store.history import Kind
from dispatcher.store.migrate import migrate
from dispatcher.store.roster_edits import Barred, Described, Editing
from dispatcher.store.vault import OPTION, Vault
from tests.store.roster_model import Model
from tests.store.stock import COUNTY, KnownRing, after, person

pytestmark = pytest.mark.timeout(180)  # it reads all of a roster at every step

EDITING = Editing(by="key:desk", at=after(0))
TOWN, VILLAGE = UnitId("990421100"), UnitId("990421100200")
GRIDS = tuple(UnitId(f"{VILLAGE}{n:03}") for n in range(3))
TREE = {
    TOWN: (UnitKind.TOWNSHIP, COUNTY.id),
    VILLAGE: (UnitKind.VILLAGE, TOWN),
    **dict.fromkeys(GRIDS, (UnitKind.GRID, VILLAGE)),
}
REFS = (
    PostRef(COUNTY.id, Post.COUNTY_DUTY),
    PostRef(TOWN, Post.TOWNSHIP_LEADER),
    PostRef(VILLAGE, Post.VILLAGE_HEAD),
    PostRef(VILLAGE, Post.FOREST_RANGER),
    *(PostRef(grid, Post.GRID_LEAD) for grid in GRIDS),
)
PHONES = tuple(f"+9991380000000{n}" for n in range(6))
NEAR, WIDE = (Shapes(circles=(((30.0, 110.0), km),)) for km in (1.0, 50.0))
TERMS = (None, after(60), after(3600))

names = st.sampled_from(("王建国", "李卫民", "赵红"))
phones = st.lists(st.sampled_from(PHONES), min_size=1, max_size=3, unique=True)
refs = st.sampled_from(REFS)
places = st.sampled_from(tuple(TREE))
picks = st.integers(min_value=0)
chosen = st.lists(st.tuples(picks, st.sampled_from(TERMS)), max_size=3)


class EditedRoster(RuleBasedStateMachine):
    """Any edits in any order."""

    def __init__(self) -> None:
        super().__init__()
        engine = create_engine(
            "sqlite://",
            poolclass=StaticPool,
            isolation_level="AUTOCOMMIT",
            execution_options={OPTION: Vault(KnownRing())},
        )
        self.engine = engine
        self.connection = engine.connect()
        migrate(self.connection)
        li = person("li", PHONES[0], named="李卫民")
        held = Holding(ref=REFS[0], person=li.id)
        village = replace(self.unit(VILLAGE), lat=30.0, lon=110.0)
        self.first = Roster.build([COUNTY, self.unit(TOWN), village], [li], [held])
        people.save_roster(self.connection, self.first)
        self.model = Model(
            units=dict(self.first.units), people={li.id: li}, posts={REFS[0]: (held,)}
        )
        self.kept = rereading.read_whole(self.connection)

    @override
    def teardown(self) -> None:
        self.connection.close()
        self.engine.dispose()

    @property
    def c(self) -> Connection:
        return self.connection

    def somebody(self, pick: int) -> Person:
        everybody = sorted(self.model.people.values(), key=lambda one: one.human)
        return everybody[pick % len(everybody)]

    def unit(self, name: UnitId) -> Unit:
        kind, parent = TREE[name]
        return Unit(
            id=name, kind=kind, name=name[-3:], parent=parent, code_system="DEMO"
        )

    @rule(name=places)
    def add_unit(self, name: UnitId) -> None:
        unit = self.unit(name)
        done = roster_edits.add_unit(self.c, unit, EDITING)
        units = self.model.units
        possible = name not in units and unit.parent in units
        assert possible is (done is None)
        if possible:
            units[name] = unit

    @rule(
        name=places,
        title=names,
        risk=st.integers(1, 9),
        lat=st.sampled_from((None, 30.0, 30.1)),
    )
    def put_unit(self, name: UnitId, title: str, risk: int, lat: float | None) -> None:
        lon = lat and 110.0
        unit = replace(self.unit(name), name=title, risk=risk, lat=lat, lon=lon)
        done = roster_edits.put_unit(self.c, unit, EDITING)
        assert (name in self.model.units) is (done is None)
        if done is None:
            self.model.units[name] = unit

    @rule(name=places)
    def remove_unit(self, name: UnitId) -> None:
        done = roster_edits.remove_unit(self.c, name, EDITING)
        units = self.model.units
        hangs = any(one.parent == name for one in units.values())
        held = any(ref.unit == name and h for ref, h in self.model.posts.items())
        assert (name in units and not hangs and not held) is (done is None)
        if done is None:
            del units[name]

    @rule(name=names, numbers=phones)
    def add_person(self, name: str, numbers: list[str]) -> None:
        done = roster_edits.add_person(self.c, described(name, numbers), EDITING)
        if isinstance(done, Barred):
            assert all(self.model.held_by(PersonId(one)) for one in done.names)
            return
        self.take(done, name, numbers)

    @rule(pick=picks, name=names, numbers=phones, keep=st.booleans())
    def put_person(
        self, pick: int, name: str, numbers: list[str], *, keep: bool
    ) -> None:
        before = self.somebody(pick)
        wanted = described(name, numbers)
        if keep:
            kept = tuple(at.id for at in reversed(before.addresses))
            wanted = Described(name=name, addresses=kept)
            numbers = [at.value for at in reversed(before.addresses)]
        done = roster_edits.put_person(self.c, before.id, wanted, EDITING)
        assert isinstance(done, Person)
        assert done.human == before.human
        same = {at.value: at.id for at in before.addresses}
        assert all(same.get(at.value, at.id) == at.id for at in done.addresses)
        self.take(done, name, numbers)
        for ref, held in self.model.posts.items():
            self.model.posts[ref] = tuple(
                replace(one, person=done.id) if one.person == before.id else one
                for one in held
            )

    def take(self, made: Person, name: str, numbers: list[str]) -> None:
        """Put a version in the place of the one before of the same human."""
        assert (made.name, [at.value for at in made.addresses]) == (name, numbers)
        everybody = self.model.people
        self.model.people = {
            id_: one for id_, one in everybody.items() if one.human != made.human
        } | {made.id: made}

    @rule(pick=picks)
    def remove_person(self, pick: int) -> None:
        gone = self.somebody(pick)
        assert roster_edits.remove_person(self.c, gone.id, EDITING) is None
        self.model.vacate(gone.id)

    @rule(
        ref=refs, chosen=st.lists(st.tuples(picks, st.sampled_from(TERMS)), max_size=3)
    )
    def put_post(self, ref: PostRef, chosen: list[tuple[int, Any]]) -> None:
        found = {self.somebody(pick).id: term for pick, term in chosen}
        held = tuple(
            Holding(ref=ref, person=one, valid_until=term)
            for one, term in found.items()
        )
        done = roster_edits.put_post(self.c, ref, held, EDITING)
        assert (ref.unit in self.model.units) is (done is None)
        if done is None:
            self.model.posts[ref] = held

    @rule(pick=picks, wrong=st.booleans())
    def flag(self, pick: int, *, wrong: bool) -> None:
        address = self.somebody(pick).addresses[0].id
        people.flag_wrong(self.c, [address], wrong=wrong)
        (self.model.wrong.add if wrong else self.model.wrong.discard)(address)

    @rule(pick=picks, ref=refs)
    def leave(self, pick: int, ref: PostRef) -> None:
        human = self.somebody(pick).human
        span = Span(begins=after(0), ends=after(60))
        duty.add(self.c, [Leave(ref=ref, human=human, span=span)])

    @invariant()
    def the_store_has_what_the_model_has(self) -> None:
        stored, wanted = people.load_roster(self.c), self.model.roster()
        assert dict(stored.units) == dict(wanted.units)
        assert dict(stored.people) == dict(wanted.people)
        assert stored.holdings == wanted.holdings

    @invariant()
    def who_reads_only_what_has_changed_has_the_same(self) -> None:
        caught = rereading.caught_up(self.c, self.kept)
        whole = rereading.read_whole(self.c)
        assert caught is not None
        assert caught.roster == whole.roster
        assert (caught.versions, caught.wrong) == (whole.versions, whole.wrong)
        for shape in (NEAR, WIDE):
            assert caught.atlas.covered(shape) == whole.atlas.covered(shape)
        self.kept = caught

    @invariant()
    def backwards_it_is_the_first_roster(self) -> None:
        units, posts = dict(self.model.units), dict(self.model.posts)
        newest = history.edition(self.c)
        for line in reversed(history.lines_between(self.c, 0, newest)):
            match line.kind:
                case Kind.UNIT:
                    assert history.unit_of(line.after) == units.get(
                        UnitId(line.subject)
                    )
                    unit = history.unit_of(line.before)
                    units.pop(UnitId(line.subject), None)
                    units |= {unit.id: unit} if unit else {}
                case Kind.POST:
                    ref = history.post_of(line.subject)
                    after_it = history.holdings_of(line.subject, line.after)
                    assert after_it == posts.get(ref, ())
                    posts[ref] = history.holdings_of(line.subject, line.before)
                case Kind.PERSON:
                    assert line.before != line.after
        assert units == dict(self.first.units)
        assert {ref: held for ref, held in posts.items() if held} == {
            REFS[0]: self.first.holdings
        }

    @invariant()
    def the_journal_vouches_for_each_change(self) -> None:
        noted = [
            one
            for one in journal.entries_of(self.c, HOUSE)
            if isinstance(one, RosterChanged)
        ]
        assert [one.version for one in noted] == [
            *range(1, history.edition(self.c) + 1)
        ]
        for one in noted:
            lines = history.lines_between(self.c, one.version - 1, one.version)
            assert one.digest == history.digest(lines)
            assert one.figures == history.figures_of(lines)


def described(name: str, numbers: list[str]) -> Described:
    addresses = tuple(
        ListedAddress(kind=AddressKind.MOBILE, value=value) for value in numbers
    )
    return Described(name=name, addresses=addresses)


TestEditedRoster = EditedRoster.TestCase
TestEditedRoster.settings = settings(
    max_examples=25, stateful_step_count=25, deadline=timedelta(seconds=20)
)

"""The tables. Moments are whole microseconds since 1970 in UTC; documents are JSON.

``due_at`` columns are the only truth about what happens when. Facts are never changed
or removed by anything in this code base, and hold no name and no number.
"""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    Column,
    Float,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
    false,
    text,
)

from dispatcher.core.proof import GENESIS
from dispatcher.store import desk_tables, dialect
from dispatcher.store.moment import Moment

metadata = desk_tables.metadata
officer, session = desk_tables.officer, desk_tables.session
order_done = desk_tables.order_done
todo, todo_callout = desk_tables.todo, desk_tables.todo_callout
traffic = desk_tables.traffic

setting = Table(
    "setting",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", Text, nullable=False),
)

api_key = Table(
    "api_key",
    metadata,
    Column("name", Text, primary_key=True),
    Column("digest", Text, nullable=False, unique=True),
    Column("scopes", Text, nullable=False),
    Column("senders", Text, nullable=False),
    Column("created_at", Moment, nullable=False),
)

# What was answered to a request with an Idempotency-Key; kept at least 7 days.
idempotency = Table(
    "idempotency",
    metadata,
    Column("api_key", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("digest", Text, nullable=False),
    Column("alert", Text, nullable=False),
    Column("at", Moment, nullable=False),
)

alert = Table(
    "alert",
    metadata,
    Column("id", Text, primary_key=True),
    Column("chain", Text, nullable=False, index=True),
    Column("sender", Text, nullable=False),
    Column("identifier", Text, nullable=False),
    Column("digest", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("reason", Text),
    Column("received_at", Moment, nullable=False),
    Column("received_by", Text, nullable=False),
    Column("lane", Integer, nullable=False),
    # Set while something is to be done with the alert: launching it.
    Column("due_at", Moment),
    Column("body", Text, nullable=False),
    # Of what the body says. A trigger takes the stamp away when a program that knows
    # of neither writes another body, as an older one beside a newer one does.
    Column("stamp", Text),
    Column("launched", Boolean),
    UniqueConstraint("sender", "identifier"),
)
Index("alert_due", alert.c.due_at, **dialect.only(alert.c.due_at.isnot(None)))
NEWEST = (alert.c.received_at.desc(), alert.c.id)  # as they are listed
Index("alert_newest", *NEWEST)
Index("alert_state", alert.c.state, *NEWEST)

# What an alert refers to, which may come later than the alert itself.
reference = Table(
    "reference",
    metadata,
    Column("sender", Text, primary_key=True),
    Column("identifier", Text, primary_key=True),
    Column("alert", Text, primary_key=True),
)

callout = Table(
    "callout",
    metadata,
    Column("id", Text, primary_key=True),
    Column("alert", Text, nullable=False),
    Column("chain", Text, nullable=False),
    Column("unit", Text, nullable=False),
    Column("post", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("marks", Text, nullable=False),
    Column("owner", Text),
    Column("lane", Integer, nullable=False),
    Column("due_at", Moment),
    Column("facts", Integer, nullable=False),
    # The hash of its last fact; and the alert it was opened under, which seals it.
    Column("head", Text, nullable=False, server_default=GENESIS),
    Column("origin", Text, nullable=False, server_default="", index=True),
    Column("version", Integer, nullable=False),
    # What it adds to the figures: read for every callout whenever somebody looks.
    Column("tally", Text, nullable=False),
    # What the board shows of it; empty where it was last written before there were any.
    Column("face", Text, nullable=False, server_default=""),
    Column("body", Text, nullable=False),
)
# Written out, here and where it is asked: a partial index is not used for parameters.
OWNERLESS = text(
    "due_at IS NULL AND owner IS NULL"
    " AND state IN ('waiting', 'calling', 'taken', 'desk')"
)
Index("callout_ownerless", callout.c.id, **dialect.only(OWNERLESS))
Index("callout_alert", callout.c.alert, callout.c.id)
Index("callout_chain_unit", callout.c.chain, callout.c.unit)
# Of years, nearly all are closed, and few are marked.
NOT_CLOSED, MARKED = text("state <> 'closed'"), text("marks <> '[]'")
Index("callout_state", callout.c.state, callout.c.id, **dialect.only(NOT_CLOSED))
Index("callout_marked", callout.c.id, callout.c.marks, **dialect.only(MARKED))
Index("callout_desk", callout.c.alert, **dialect.only(text("state = 'desk'")))
Index(
    *("callout_due", callout.c.lane, callout.c.due_at),
    **dialect.only(callout.c.due_at.isnot(None)),
)

# The journal, in the order things happened. A callout's facts are numbered from 1.
fact = Table(
    "fact",
    metadata,
    Column("id", dialect.LONG, primary_key=True, autoincrement=True),
    Column("callout", Text, nullable=False),
    Column("seq", Integer, nullable=False),
    Column("at", Moment, nullable=False),
    Column("kind", Text, nullable=False),
    Column("body", Text, nullable=False),
    # Of this fact and all before it; see dispatcher.core.proof.
    Column("hash", Text, nullable=False, server_default=""),
    UniqueConstraint("callout", "seq"),
)

# What happens beside callouts: to an alert, or to the house. Chained like facts.
journal = Table(
    "journal",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("subject", Text, nullable=False),
    Column("seq", Integer, nullable=False),
    Column("at", Moment, nullable=False),
    Column("kind", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("hash", Text, nullable=False),
    UniqueConstraint("subject", "seq"),
)

# Signed now and then over all that is new under an alert, or in the house; see
# dispatcher.core.seal.
seal = Table(
    "seal",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("subject", Text, nullable=False),
    Column("n", Integer, nullable=False),
    Column("at", Moment, nullable=False),
    Column("facts", Integer, nullable=False),
    Column("upto", dialect.LONG, nullable=False),
    Column("entries", Integer, nullable=False),
    Column("root", Text, nullable=False),
    Column("previous", Text, nullable=False),
    Column("signature", Text, nullable=False),
    UniqueConstraint("subject", "n"),
)

# What is asked of one person in one chain: kind own, digest, or info (asks nothing).
question = Table(
    "question",
    metadata,
    Column("id", Text, primary_key=True),
    Column("chain", Text, nullable=False),
    Column("epoch", Integer, nullable=False),
    Column("person", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("alert", Text, nullable=False),
    Column("lane", Integer, nullable=False),
    Column("level", Text, nullable=False),
    Column("drill", Boolean, nullable=False),
    Column("code", Text),
    Column("opened_at", Moment, nullable=False),
    Column("closed_at", Moment),
    Column("sent_at", Moment),
    Column("called_at", Moment),
    Column("due_at", Moment),
    Column("messages", Integer, nullable=False),
    UniqueConstraint("chain", "epoch", "person", "kind"),
)
Index("question_person", question.c.chain, question.c.person)
Index("question_due", question.c.due_at, **dialect.only(question.c.due_at.isnot(None)))

# A code of a number belongs to one question for its life, and to nobody for 24 h after.
code = Table(
    "code",
    metadata,
    Column("fingerprint", Text, primary_key=True),
    Column("code", Text, primary_key=True),
    Column("question", Text, nullable=False, index=True),
    Column("free_at", Moment),
    sqlite_with_rowid=False,
)

# Attempts that wait in a digest to be named.
member = Table(
    "member",
    metadata,
    Column("attempt", Text, primary_key=True),
    Column("question", Text, nullable=False, index=True),
    Column("callout", Text, nullable=False),
    Column("channel", Text, nullable=False),
    Column("address", Text, nullable=False),
    Column("purpose", Text, nullable=False),
    Column("joined_at", Moment, nullable=False),
)

# The outbox. A message is here before it is anywhere else.
message = Table(
    "message",
    metadata,
    Column("id", Text, primary_key=True),
    Column("alert", Text, nullable=False, index=True),
    Column("chain", Text, nullable=False),
    Column("question", Text, index=True),
    Column("purpose", Text, nullable=False),
    Column("person", Text, nullable=False),
    Column("address", Text, nullable=False),
    Column("channel", Text, nullable=False),
    Column("route", Text),
    Column("lane", Integer, nullable=False),
    Column("place", Integer, nullable=False),
    Column("level", Text, nullable=False),
    Column("drill", Boolean, nullable=False),
    Column("code", Text),
    Column("text", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("reason", Text),
    Column("created_at", Moment, nullable=False),
    Column("due_at", Moment),
    Column("not_after", Moment),
    Column("holder", Integer),  # the number of the worker whose lease it is
    Column("lease_until", Moment),
    Column("tries", Integer, nullable=False),
    Column("possible_duplicate", Boolean, nullable=False),
    Column("provider_id", Text, index=True),
    Column("rank", Integer, nullable=False),
    Column("first_sent_at", Moment),
    Column("sent_at", Moment),
    Column("accepted_at", Moment),
    Column("delivered_at", Moment),
    Column("failure", Text),
    Column("failure_code", Text),
    # Of calls: the id of the first message read in it, and how it went.
    Column("call", Text, index=True),
    Column("picked_up_at", Moment),
    Column("keyed_at", Moment),
    Column("ended_at", Moment),
    Column("hang_up", Boolean, nullable=False, server_default=false()),
)
Index(
    "message_waiting",
    message.c.lane,
    message.c.place,
    message.c.due_at,
    message.c.id,
    # Told without the row: who counts what waits looks at nothing else.
    message.c.channel,
    message.c.reason,
    message.c.state,
    **dialect.only(message.c.state == "waiting"),
)
Index("message_open", message.c.state, message.c.due_at)
# However many wait: the calls among them, and those that come too late.
CALL_WAITS = text("state = 'waiting' AND channel = 'voice'")
ENDS = text("state = 'waiting' AND not_after IS NOT NULL")
Index(
    "message_call_waiting",
    *(message.c.lane, message.c.place, message.c.due_at, message.c.id),
    **dialect.only(CALL_WAITS),
)
Index("message_late", message.c.not_after, **dialect.only(ENDS))
ON_THE_LINE = text("channel = 'voice' AND state IN ('sending', 'unknown', 'accepted')")
Index("message_on_the_line", message.c.address, **dialect.only(ON_THE_LINE))
Index("message_person", message.c.chain, message.c.person)
Index("message_address", message.c.address, message.c.created_at)

# Which attempts a message carries.
carried = Table(
    "carried",
    metadata,
    Column("message", Text, primary_key=True),
    Column("attempt", Text, primary_key=True),
    Column("callout", Text, nullable=False, index=True),
    sqlite_with_rowid=False,
)

# What providers told us, raw, before it is read.
callback = Table(
    "callback",
    metadata,
    Column("id", dialect.LONG, primary_key=True, autoincrement=True),
    Column("channel", Text, nullable=False),
    Column("event_key", Text, nullable=False),
    Column("received_at", Moment, nullable=False),
    Column("body", Text, nullable=False),
    Column("read_at", Moment),
    Column("again_at", Moment),
    Column("outcome", Text),
    UniqueConstraint("channel", "event_key"),
)
Index("callback_unread", callback.c.id, **dialect.only(callback.c.read_at.is_(None)))

# What groups are told through their robots. A broadcast is no message: nobody is called
# by it, and nobody answers it.
broadcast = Table(
    "broadcast",
    metadata,
    Column("id", Text, primary_key=True),
    Column("chain", Text, nullable=False, index=True),
    Column("alert", Text, nullable=False),
    Column("robot", Text, nullable=False),
    Column("occasion", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("state", Text, nullable=False),
    # While it is on the wire: when it is said again if nobody learns what became of it.
    Column("due_at", Moment),
    Column("tries", Integer, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("sent_at", Moment),
    Column("failure_code", Text),
)
Index(
    "broadcast_due", broadcast.c.due_at, **dialect.only(broadcast.c.due_at.isnot(None))
)

# People who said in one chain that they can't act.
struck = Table(
    "struck",
    metadata,
    Column("chain", Text, primary_key=True),
    Column("person", Text, primary_key=True),
    Column("at", Moment, nullable=False),
)

# People who have answered in one chain: who is awake can be sent to a door.
awake = Table(
    "awake",
    metadata,
    Column("chain", Text, primary_key=True),
    Column("person", Text, primary_key=True),
    Column("at", Moment, nullable=False),
)

unit = Table(
    "unit",
    metadata,
    Column("id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("parent", Text),
    Column("code_system", Text, nullable=False),
    Column("lat", Float),
    Column("lon", Float),
    Column("risk", Integer, nullable=False),
)

# The land of a unit, as GeoJSON; it outlives a new import of the roster.
outline = Table(
    "outline",
    metadata,
    Column("unit", Text, primary_key=True),
    Column("geometry", Text, nullable=False),
)

# Versions of people: a row is never changed, so records stay true; but of who is erased
# nothing is left but the ids. Names and values are encrypted under their human's key.
person = Table(
    "person",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    # The first version of the same human.
    Column("human", Text, nullable=False, index=True),
    # When a roster said last that this is so; the one thing of a version that moves.
    Column("confirmed_at", Moment),
)

address = Table(
    "address",
    metadata,
    # An address keeps its id when its person gets a new version.
    Column("id", Text, primary_key=True),
    Column("person", Text, primary_key=True, index=True),
    Column("position", Integer, nullable=False),
    Column("kind", Text, nullable=False),
    Column("value", Text, nullable=False),
    # What the value is found by; an account in any case.
    Column("fingerprint", Text, nullable=False, index=True),
    Column("wrong", Boolean, nullable=False),
)
Index("address_wrong", address.c.id, **dialect.only(address.c.wrong))

# What calls have shown of an address. A row is never removed: one that was cleared
# stays as the trail, and the next one of its kind is a row of its own.
address_flag = Table(
    "address_flag",
    metadata,
    Column("address", Text, primary_key=True),
    Column("flag", Text, primary_key=True),
    Column("at", Moment, primary_key=True),
    Column("by", Text, nullable=False),
    Column("callout", Text),
    Column("message", Text),
    Column("cleared_at", Moment),
    Column("cleared_by", Text),
    sqlite_with_rowid=False,
)

# Which key of the installation is the present one, for what is written now.
present_key = Table(
    "present_key",
    metadata,
    Column("name", Text, primary_key=True),
    Column("id", Text, nullable=False),
)

# The key of each human, wrapped under the installation's.
human_key = Table(
    "human_key",
    metadata,
    Column("human", Text, primary_key=True),
    Column("key", Text, nullable=False, index=True),
    Column("wrapped", Text, nullable=False),
)

holding = Table(
    "holding",
    metadata,
    Column("unit", Text, primary_key=True),
    Column("post", Text, primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("person", Text, nullable=False, index=True),
    Column("valid_from", Moment),
    Column("valid_until", Moment),
)

"""Cleaning PostgreSQL's own files of what was erased.

A deleted row is gone for every question and from every dump at once, but its bytes stay in the file of its table until
something is written over them, and in the write-ahead log until its segments are written anew. So emptied tables are
written anew: small ones soon, large ones in the quiet hours, since nobody can use a table meanwhile.
"""

import logging
from collections.abc import Collection

from psycopg import errors, sql

from servery.storage.pool import Connection as Db

log = logging.getLogger(__name__)

SMALL = 512 * 1024 * 1024
"""Bytes of a table, with its indexes, up to which writing it anew takes seconds."""
_LOCK_WAIT = "2s"
"""How long the rewriting of a table may make others wait for it before it begins."""
_STATISTICS = "pg_statistic"
"""Where the server keeps samples of the columns of all tables, names and addresses among them."""


_SWITCH = "select pg_logical_emit_message(false, '', ''), pg_switch_wal()"
"""Goes on to the next segment: of one in which nothing was written there is nothing to go on from."""


async def vacuum(db: Db, tables: Collection[str]) -> None:
    """Free what was emptied in these tables and note that they are to be written anew. `db` commits each statement."""
    for name in tables:
        if not await _is_there(db, name):
            continue
        # Nobody waits: statistics are made anew without whom they were made of.
        await db.execute(sql.SQL("vacuum (analyze) {}").format(sql.Identifier(name)))
    await note_emptied(db, {*tables, _STATISTICS})


async def note_emptied(db: Db, tables: Collection[str]) -> None:
    """Note that these tables are to be written anew."""
    await db.execute(
        "insert into to_rewrite (name) select unnest(%s::text[]) on conflict (name) do update set since = now()",
        [sorted(tables)],
    )


async def rewrite(db: Db, *, large: bool) -> list[str]:
    """Write tables anew that something was emptied in, large ones too where they may wait; the names of those done.

    `db` commits each statement. What is in use for long, or too large for now, is left for the next time.
    """
    cursor = await db.execute(
        "select name, since from to_rewrite where to_regclass(name) is null "
        "or %s or pg_total_relation_size(to_regclass(name)) <= %s order by name",
        [large, SMALL],
    )
    done = []
    await db.execute(sql.SQL("set lock_timeout = {}").format(sql.Literal(_LOCK_WAIT)))
    try:
        for row in await cursor.fetchall():
            if await _rewritten(db, row["name"]):
                # Unless something else was emptied there meanwhile.
                await db.execute("delete from to_rewrite where name = %s and since = %s", [row["name"], row["since"]])
                done.append(row["name"])
    finally:
        await db.execute("reset lock_timeout")
    if done:
        await _walk_through_the_log(db)
    if not await _left(db):
        await db.execute("update erasure set cleaned_at = now() where cleaned_at is null")
    return done


async def _left(db: Db) -> bool:
    row = await (await db.execute("select exists (select from to_rewrite) as there")).fetchone()
    return bool(row and row["there"])


async def _is_there(db: Db, name: str) -> bool:
    """Whether there is such a table: a day's may be dropped by now."""
    row = await (await db.execute("select to_regclass(%s) is not null as there", [name])).fetchone()
    return bool(row and row["there"])


async def _rewritten(db: Db, name: str) -> bool:
    if not await _is_there(db, name):
        return True
    try:
        await db.execute(sql.SQL("vacuum (full, analyze) {}").format(sql.Identifier(name)))
    except errors.LockNotAvailable:
        log.info("%s is in use and is written anew later", name)
        return False
    except errors.InsufficientPrivilege:
        log.warning("%s cannot be written anew by this user", name)
    return True


async def _walk_through_the_log(db: Db) -> None:
    """Have every segment of the write-ahead log written over, where this user may: the server's own file is then clean.

    A server that keeps old segments to use them again keeps what stood in them; each switch fills one with zeros.
    """
    try:
        # The first switch leaves the segment in use, so that the checkpoint hands it on to be used again.
        await db.execute(_SWITCH)
        await db.execute("checkpoint")
        cursor = await db.execute("select count(*) as segments from pg_ls_waldir()")
        row = await cursor.fetchone()
        for _ in range(int(row["segments"]) if row else 0):
            await db.execute(_SWITCH)
        await db.execute("checkpoint")
    except errors.InsufficientPrivilege:
        log.info("the write-ahead log is left to the server, whose user this is not")

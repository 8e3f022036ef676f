"""What others put on tables besides their definition: alterations keep it, or say beforehand what is in the way."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import pytest
from tests.backends.conftest import only_on, resolve

from datamill.catalog import AlterPlan, alter
from datamill.data.connection import Connection
from datamill.data.insert import insert
from datamill.errors import DataMillError
from datamill.model.table import TableSpec

Declare = Callable[[str, str], TableSpec]
BEFORE = "mouse : int32\n---\nname = '' : varchar(20)\nweight = null : float64"
AFTER = BEFORE + "\nage = null : int16"
SCAN = "-> lab.mouse\nscan : int32"


@pytest.fixture
def mouse(connection: Connection, declare: Declare) -> TableSpec:
    """A table with rows, and one that refers to it."""
    spec = declare("lab.mouse", BEFORE)
    insert(connection, spec, [{"mouse": 1, "name": "ann"}, {"mouse": 2}])
    insert(connection, declare("lab.scan", SCAN), [{"mouse": 1, "scan": 1}])
    return spec


def change(
    connection: Connection, definition: str = AFTER, table: str = "mouse", **options: Any
) -> AlterPlan:
    return alter(connection, resolve(connection, "lab", table, definition), prompt=False, **options)


def ask(connection: Connection, sql: str) -> list[Any]:
    return connection.query(sql, None).fetchall()


def run(connection: Connection, *statements: str) -> None:
    for sql in statements:
        connection.query(sql, None)


@only_on("postgresql")
class TestPostgres:
    STATE = """
        SELECT c.relname::text, pg_get_userbyid(c.relowner)::text, c.relacl::text, c.relrowsecurity,
          c.relforcerowsecurity, c.relreplident::text, c.reloptions::text,
          ARRAY(SELECT a.attname || a.attacl::text FROM pg_attribute AS a
            WHERE a.attrelid = c.oid AND a.attacl IS NOT NULL ORDER BY 1),
          ARRAY(SELECT pg_get_triggerdef(t.oid) || t.tgenabled::text FROM pg_trigger AS t
            WHERE t.tgrelid = c.oid AND NOT t.tgisinternal ORDER BY 1),
          ARRAY(SELECT p.policyname || p.permissive || p.roles::text || p.cmd || COALESCE(p.qual, '')
              || COALESCE(p.with_check, '')
            FROM pg_policies AS p WHERE p.schemaname = 'lab' AND p.tablename = c.relname ORDER BY 1),
          ARRAY(SELECT r.definition FROM pg_rules AS r
            WHERE r.schemaname = 'lab' AND r.tablename = c.relname ORDER BY 1),
          ARRAY(SELECT pg_get_statisticsobjdef(s.oid) FROM pg_statistic_ext AS s WHERE s.stxrelid = c.oid ORDER BY 1),
          ARRAY(SELECT p.pubname::text FROM pg_publication_tables AS p
            WHERE p.schemaname = 'lab' AND p.tablename = c.relname ORDER BY 1),
          ARRAY(SELECT conname || pg_get_constraintdef(k.oid) FROM pg_constraint AS k
            WHERE k.conrelid = c.oid ORDER BY 1)
        FROM pg_class AS c WHERE c.relkind = 'r' AND c.relnamespace = 'lab'::regnamespace
          AND c.relname IN ('mouse', 'scan') ORDER BY 1"""

    @pytest.fixture
    def role(self, connection: Connection) -> Iterator[str]:
        """A new role, named so that its name must be quoted."""
        name = f"Low {uuid4().hex[:10]}"
        run(connection, f'CREATE ROLE "{name}"')
        yield name
        run(connection, f'DROP OWNED BY "{name}" CASCADE', f'DROP ROLE "{name}"')

    @pytest.fixture
    def trigger(self, connection: Connection, mouse: TableSpec) -> None:
        body = "BEGIN NEW.name := upper(NEW.name); RETURN NEW; END"
        run(
            connection,
            f"CREATE FUNCTION lab.shout() RETURNS trigger LANGUAGE plpgsql AS '{body}'",
            "CREATE TRIGGER shout BEFORE INSERT ON lab.mouse FOR EACH ROW WHEN (NEW.name <> '%s') "
            "EXECUTE FUNCTION lab.shout()",
        )

    def test_everything_is_kept(
        self, connection: Connection, mouse: TableSpec, trigger: None, role: str
    ) -> None:
        run(
            connection,
            "GRANT SELECT ON lab.mouse TO PUBLIC",
            f'GRANT SELECT, INSERT ON lab.mouse TO "{role}" WITH GRANT OPTION',
            f'GRANT UPDATE (name, weight) ON lab.mouse TO "{role}"',
            f'GRANT SELECT ON lab.scan TO "{role}"',
            "CREATE TRIGGER later AFTER UPDATE OF name ON lab.mouse FOR EACH ROW EXECUTE FUNCTION lab.shout()",
            "ALTER TABLE lab.mouse DISABLE TRIGGER later",
            "CREATE RULE quiet AS ON DELETE TO lab.mouse WHERE OLD.mouse < 0 DO INSTEAD NOTHING",
            "ALTER TABLE lab.mouse ENABLE ROW LEVEL SECURITY",
            f"""CREATE POLICY own ON lab.mouse AS RESTRICTIVE FOR UPDATE TO "{role}", PUBLIC
              USING (name = current_user) WITH CHECK (weight > 0)""",
            "CREATE POLICY all_rows ON lab.mouse USING (mouse % 2 = 1 OR true)",
            "ALTER TABLE lab.mouse REPLICA IDENTITY FULL",
            "ALTER TABLE lab.mouse SET (fillfactor = 70, autovacuum_enabled = false)",
            "ALTER TABLE lab.mouse ADD CONSTRAINT light CHECK (weight < 1000)",
            "CREATE STATISTICS lab.both ON name, weight FROM lab.mouse",
            "CREATE PUBLICATION news FOR TABLE lab.mouse, lab.scan",
            f'ALTER TABLE lab.mouse OWNER TO "{role}"',
        )
        before = ask(connection, self.STATE)
        assert change(connection)
        assert ask(connection, self.STATE) == before
        assert change(connection, AFTER.replace("mouse : int32", "mouse : int64"))  # reaches the other table
        assert [row[:8] for row in ask(connection, self.STATE)] == [row[:8] for row in before]
        insert(connection, connection.catalog.spec(mouse.name), [{"mouse": 3, "name": "bob"}])
        assert ask(connection, "SELECT mouse, name FROM lab.mouse ORDER BY 1") == [
            (1, "ann"),
            (2, ""),
            (3, "BOB"),
        ]

    def test_privileges_follow_a_new_name(self, connection: Connection, mouse: TableSpec, role: str) -> None:
        run(connection, f'GRANT UPDATE (name, weight) ON lab.mouse TO "{role}"')
        change(connection, "mouse : int32\n---\ntitle = '' : varchar(20)", renames={"title": "name"})
        columns = ask(
            connection,
            f"SELECT column_name FROM information_schema.column_privileges WHERE grantee = '{role}'",
        )
        assert columns == [("title",)]

    def test_no_other_privileges(self, connection: Connection, mouse: TableSpec, role: str) -> None:
        state = "SELECT relacl::text FROM pg_class WHERE oid = 'lab.mouse'::regclass"
        assert change(connection)
        assert ask(connection, state) == [(None,)]
        run(connection, f'ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO "{role}"')
        assert change(connection, BEFORE)
        granted = (
            "SELECT 1 FROM information_schema.table_privileges WHERE table_name = 'mouse' AND grantee = '{}'"
        )
        assert ask(connection, granted.format(role)) == []
        run(
            connection,
            "REVOKE ALL ON lab.mouse FROM CURRENT_USER",
            "GRANT SELECT ON lab.mouse TO CURRENT_USER",
        )
        before = ask(connection, state)
        assert change(connection)
        assert ask(connection, state) == before
        run(connection, "REVOKE ALL ON lab.mouse FROM CURRENT_USER")
        assert change(connection, BEFORE)
        assert ask(connection, state) == [("{}",)]

    @pytest.mark.parametrize(
        ("statement", "words"),
        [
            ("CREATE VIEW lab.v AS SELECT name FROM lab.mouse", r"The view lab\.v depends on lab\.mouse"),
            ("CREATE MATERIALIZED VIEW lab.v AS SELECT * FROM lab.mouse", "The materialized view"),
            (
                "CREATE FUNCTION lab.f(m lab.mouse) RETURNS int LANGUAGE sql AS 'SELECT 1'",
                "The function lab.f",
            ),
            ("CREATE TABLE lab.child () INHERITS (lab.mouse)", r"The table lab\.child"),
            (
                "CREATE RULE r AS ON DELETE TO lab.scan DO ALSO DELETE FROM lab.mouse",
                "The rule r on table lab.scan",
            ),
            ("ALTER TABLE lab.mouse REPLICA IDENTITY USING INDEX mouse_pkey", "replica identity"),
            (
                "CREATE POLICY p ON lab.scan USING (EXISTS (SELECT 1 FROM lab.mouse))",
                "The policy p on table lab.scan depends on lab.mouse",
            ),
        ],
    )
    def test_what_is_in_the_way(
        self, connection: Connection, mouse: TableSpec, statement: str, words: str
    ) -> None:
        run(connection, statement)
        plan = change(connection, dry_run=True)
        assert len(plan.problems) == 1
        with pytest.raises(DataMillError, match=f"was not altered. .*{words}.*drop it first"):
            change(connection)
        assert change(connection, "# all mice\n" + BEFORE).is_comments_only

    def test_code_that_names_what_goes(self, connection: Connection, mouse: TableSpec, trigger: None) -> None:
        before = ask(connection, self.STATE)
        with pytest.raises(DataMillError, match=r"The trigger shout of lab\.mouse names name"):
            change(connection, BEFORE.replace("name =", "title ="), renames={"title": "name"})
        assert ask(connection, self.STATE) == before

    def test_hidden_rows_are_not_lost(self, connection: Connection, mouse: TableSpec, role: str) -> None:
        run(
            connection,
            f'GRANT ALL ON SCHEMA lab TO "{role}"',
            f'GRANT ALL ON ALL TABLES IN SCHEMA lab TO "{role}"',
            f'ALTER TABLE lab.mouse OWNER TO "{role}"',
            f'ALTER TABLE lab.scan OWNER TO "{role}"',
            f'ALTER TABLE lab."~lineage" OWNER TO "{role}"',
            "ALTER TABLE lab.mouse ENABLE ROW LEVEL SECURITY",
            "ALTER TABLE lab.mouse FORCE ROW LEVEL SECURITY",
            "CREATE POLICY one ON lab.mouse USING (mouse = 1)",
            f'SET ROLE "{role}"',
        )
        with pytest.raises(DataMillError, match="row-level security"):
            change(connection)
        run(connection, "RESET ROLE")
        assert ask(connection, "SELECT count(*) FROM lab.mouse") == [(2,)]


@only_on("sqlite")
class TestSqlite:
    TRIGGER = """CREATE TRIGGER shout AFTER INSERT ON "lab.mouse"
        BEGIN UPDATE "lab.mouse" SET name = upper(name) WHERE mouse = NEW.mouse; END"""

    def test_triggers_and_views_are_kept(self, connection: Connection, mouse: TableSpec) -> None:
        run(
            connection,
            self.TRIGGER,
            """CREATE TRIGGER other AFTER DELETE ON "lab.scan" BEGIN DELETE FROM "lab.mouse" WHERE mouse = -1; END""",
            'CREATE VIEW v AS SELECT name FROM "lab.mouse"',
        )
        state = "SELECT type, name, sql FROM sqlite_schema WHERE type IN ('trigger', 'view') ORDER BY 1, 2"
        before = ask(connection, state)
        assert change(connection)
        assert change(connection, AFTER.replace("mouse : int32", "mouse : int64"))
        assert ask(connection, state) == before
        insert(connection, connection.catalog.spec(mouse.name), [{"mouse": 3, "name": "bob"}])
        assert ask(connection, "SELECT name FROM v") == [("ann",), ("",), ("BOB",)]

    def test_code_that_names_what_goes(self, connection: Connection, mouse: TableSpec) -> None:
        run(connection, self.TRIGGER)
        with pytest.raises(DataMillError, match=r"The trigger shout of lab\.mouse names name"):
            change(connection, BEFORE.replace("name =", "title ="), renames={"title": "name"})


@only_on("mysql", "mariadb")
class TestMysql:
    def test_triggers_are_named_beforehand(self, connection: Connection, mouse: TableSpec) -> None:
        run(
            connection,
            "CREATE TRIGGER lab.shout BEFORE INSERT ON lab.mouse FOR EACH ROW SET NEW.name = upper(NEW.name)",
        )
        with pytest.raises(DataMillError, match=r"The trigger shout depends on lab\.mouse.*drop it first"):
            change(connection)
        run(
            connection,
            "DROP TRIGGER lab.shout",
            "ALTER TABLE lab.mouse ADD CONSTRAINT light CHECK (weight < 1000)",
        )
        with pytest.raises(DataMillError, match=r"The constraint light depends on lab\.mouse"):
            change(connection)
        run(connection, "ALTER TABLE lab.mouse DROP CONSTRAINT light")
        assert change(connection, AFTER + "\nnotes = null : json")
        assert change(connection)

    def test_privileges_and_views_are_kept(self, connection: Connection, mouse: TableSpec) -> None:
        user = f"low_{uuid4().hex[:10]}"
        run(
            connection,
            f"CREATE USER {user}@'%' IDENTIFIED BY 'Low-1234'",
            f"GRANT SELECT, UPDATE (name) ON lab.mouse TO {user}@'%'",
            "CREATE VIEW lab.v AS SELECT name FROM lab.mouse",
        )
        before = ask(connection, f"SHOW GRANTS FOR {user}@'%'")
        assert change(connection)
        assert ask(connection, f"SHOW GRANTS FOR {user}@'%'") == before
        assert len(ask(connection, "SELECT * FROM lab.v")) == 2
        run(connection, f"DROP USER {user}@'%'")

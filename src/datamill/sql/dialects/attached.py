"""Queries for what others put on tables besides their definition, and that a table loses when it is made anew.

Each takes a JSON array of full names (``lab.mouse``) and gives rows in the order in which they are to be carried out:
the table's full name; what there is, in words; the column it concerns, or NULL; the statement that makes it again, with
``{column}`` for that column's name, or NULL if it must be dropped first; and whether the statement may name columns.
"""

from __future__ import annotations

from typing import Final

SQLITE: Final = """
SELECT "tbl_name", 'the trigger ' || "name", NULL, "sql", 1 FROM sqlite_schema
WHERE "type" = 'trigger' AND "tbl_name" IN (SELECT value FROM json_each(?)) ORDER BY "tbl_name", "name" """

MYSQL: Final = """
SELECT t.full_name, t.what, NULL, NULL, 0 FROM (
  SELECT CONCAT(EVENT_OBJECT_SCHEMA, '.', EVENT_OBJECT_TABLE) AS full_name, CONCAT('the trigger ', TRIGGER_NAME) AS what
  FROM information_schema.TRIGGERS
  UNION ALL
  SELECT CONCAT(k.TABLE_SCHEMA, '.', k.TABLE_NAME), CONCAT('the constraint ', k.CONSTRAINT_NAME)
  FROM information_schema.TABLE_CONSTRAINTS AS k
  WHERE k.CONSTRAINT_TYPE = 'CHECK' AND NOT EXISTS (SELECT 1 FROM information_schema.COLUMNS AS c
    WHERE c.TABLE_SCHEMA = k.TABLE_SCHEMA AND c.TABLE_NAME = k.TABLE_NAME AND c.COLUMN_NAME = k.CONSTRAINT_NAME)
) AS t WHERE JSON_CONTAINS(%s, JSON_QUOTE(t.full_name)) ORDER BY 1, 2"""
"""Privileges are bound to names and stay. MariaDB's checks of json columns are named like these."""

POSTGRESQL: Final = """
WITH t AS (
  SELECT c.*, c.oid AS id, n.nspname || '.' || c.relname AS full_name, format('%%I.%%I', n.nspname, c.relname) AS place,
    pg_catalog.pg_get_userbyid(c.relowner) AS owner
  FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
  WHERE c.relkind IN ('r', 'p')
    AND n.nspname || '.' || c.relname IN (SELECT pg_catalog.jsonb_array_elements_text(%s::jsonb))
), defaults AS (
  SELECT a.grantee FROM pg_catalog.pg_default_acl AS d, pg_catalog.aclexplode(d.defaclacl) AS a
  WHERE d.defaclobjtype = 'r' AND pg_catalog.pg_get_userbyid(d.defaclrole) = current_user
), granted AS (
  SELECT t.*, a.* FROM t, pg_catalog.aclexplode(COALESCE(t.relacl, pg_catalog.acldefault('r', t.relowner))) AS a
  WHERE t.relacl IS NOT NULL OR EXISTS (SELECT 1 FROM defaults)
), grants AS (
  SELECT 3 AS step, full_name, place, NULL AS column_name, privilege_type, grantee, is_grantable FROM granted
  UNION ALL
  SELECT 4, t.full_name, t.place, c.attname::text, a.privilege_type, a.grantee, a.is_grantable
  FROM t JOIN pg_catalog.pg_attribute AS c ON c.attrelid = t.id AND NOT c.attisdropped,
    pg_catalog.aclexplode(c.attacl) AS a
), dependents AS (
  SELECT DISTINCT t.full_name, d.classid, d.objid, r.ev_class
  FROM t JOIN pg_catalog.pg_type AS y ON y.oid = t.reltype
  JOIN pg_catalog.pg_depend AS d ON d.deptype = 'n' AND (
    d.refclassid = 'pg_catalog.pg_class'::regclass AND d.refobjid = t.id
    OR d.refclassid = 'pg_catalog.pg_type'::regclass AND d.refobjid IN (y.oid, y.typarray))
  LEFT JOIN pg_catalog.pg_rewrite AS r ON d.classid = 'pg_catalog.pg_rewrite'::regclass AND r.oid = d.objid
  LEFT JOIN pg_catalog.pg_policy AS p ON d.classid = 'pg_catalog.pg_policy'::regclass AND p.oid = d.objid
  LEFT JOIN pg_catalog.pg_trigger AS g ON d.classid = 'pg_catalog.pg_trigger'::regclass AND g.oid = d.objid
  LEFT JOIN pg_catalog.pg_attrdef AS f ON d.classid = 'pg_catalog.pg_attrdef'::regclass AND f.oid = d.objid
  LEFT JOIN pg_catalog.pg_statistic_ext AS e ON d.classid = 'pg_catalog.pg_statistic_ext'::regclass AND e.oid = d.objid
  WHERE d.classid <> 'pg_catalog.pg_constraint'::regclass
    AND NOT (d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = t.id)
    AND COALESCE(r.ev_class, p.polrelid, g.tgrelid, f.adrelid, e.stxrelid, 0) NOT IN (SELECT id FROM t)
), found (step, full_name, what, column_name, statement, is_code) AS (
  SELECT 0, d.full_name,
    COALESCE(CASE v.relkind WHEN 'v' THEN 'the view ' WHEN 'm' THEN 'the materialized view ' END
        || w.nspname || '.' || v.relname,
      'the ' || pg_catalog.pg_describe_object(d.classid, d.objid, 0)), NULL, NULL, false
  FROM dependents AS d LEFT JOIN pg_catalog.pg_class AS v ON v.oid = d.ev_class
  LEFT JOIN pg_catalog.pg_namespace AS w ON w.oid = v.relnamespace
  UNION ALL
  SELECT 0, full_name, 'another table, by inheritance or partition,', NULL, NULL, false FROM t
  WHERE relkind = 'p' OR EXISTS (SELECT 1 FROM pg_catalog.pg_inherits AS i WHERE i.inhrelid = t.id)
  UNION ALL
  SELECT 1, full_name, 'the owner ' || owner, NULL, format('ALTER TABLE %%s OWNER TO %%I', place, owner), false
  FROM t WHERE owner <> current_user
  UNION ALL
  SELECT 2, full_name, 'the privileges', NULL,
    format('REVOKE ALL ON TABLE %%s FROM PUBLIC, %%I, %%I', place, owner, current_user) || COALESCE((
      SELECT ', ' || string_agg(DISTINCT quote_ident(pg_catalog.pg_get_userbyid(d.grantee)), ', ')
      FROM defaults AS d WHERE d.grantee <> 0), ''), false
  FROM t WHERE relacl IS NOT NULL OR EXISTS (SELECT 1 FROM defaults)
  UNION ALL
  SELECT step, full_name, 'the privilege ' || privilege_type, column_name,
    format('GRANT %%s %%s ON TABLE %%s TO %%s %%s', privilege_type,
      CASE WHEN column_name IS NULL THEN '' ELSE '({column})' END, place,
      CASE grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_catalog.pg_get_userbyid(grantee)) END,
      CASE WHEN is_grantable THEN 'WITH GRANT OPTION' ELSE '' END), false
  FROM grants
  UNION ALL
  SELECT 5, full_name, 'row level security', NULL,
    format('ALTER TABLE %%s %%s ROW LEVEL SECURITY', place, x.word), false
  FROM t, LATERAL (VALUES ('ENABLE', relrowsecurity), ('FORCE', relforcerowsecurity)) AS x (word, wanted) WHERE x.wanted
  UNION ALL
  SELECT 6, t.full_name, 'the policy ' || p.polname, NULL, format('CREATE POLICY %%I ON %%s AS %%s FOR %%s TO %%s',
      p.polname, t.place, CASE WHEN p.polpermissive THEN 'PERMISSIVE' ELSE 'RESTRICTIVE' END,
      CASE p.polcmd WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT' WHEN 'w' THEN 'UPDATE' WHEN 'd' THEN 'DELETE'
        ELSE 'ALL' END,
      (SELECT string_agg(CASE o WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_catalog.pg_get_userbyid(o)) END, ', ')
        FROM unnest(p.polroles) AS o))
    || COALESCE(' USING (' || pg_catalog.pg_get_expr(p.polqual, p.polrelid) || ')', '')
    || COALESCE(' WITH CHECK (' || pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid) || ')', ''), true
  FROM t JOIN pg_catalog.pg_policy AS p ON p.polrelid = t.id
  UNION ALL
  SELECT 7, t.full_name, 'the constraint ' || k.conname, NULL,
    format('ALTER TABLE %%s ADD CONSTRAINT %%I ', t.place, k.conname) || pg_catalog.pg_get_constraintdef(k.oid), true
  FROM t JOIN pg_catalog.pg_constraint AS k ON k.conrelid = t.id AND k.contype = 'c'
  WHERE NOT EXISTS (SELECT 1 FROM pg_catalog.pg_attribute AS a WHERE a.attrelid = t.id AND a.attname = k.conname)
  UNION ALL
  SELECT 8, t.full_name, 'the rule ' || r.rulename, NULL, pg_catalog.pg_get_ruledef(r.oid), true
  FROM t JOIN pg_catalog.pg_rewrite AS r ON r.ev_class = t.id
  UNION ALL
  SELECT 9, t.full_name, 'the trigger ' || g.tgname, NULL, pg_catalog.pg_get_triggerdef(g.oid), true
  FROM t JOIN pg_catalog.pg_trigger AS g ON g.tgrelid = t.id AND NOT g.tgisinternal
  UNION ALL
  SELECT 10, t.full_name, 'the trigger ' || g.tgname, NULL, format('ALTER TABLE %%s %%s TRIGGER %%I', t.place,
    CASE g.tgenabled WHEN 'D' THEN 'DISABLE' WHEN 'R' THEN 'ENABLE REPLICA' ELSE 'ENABLE ALWAYS' END, g.tgname), false
  FROM t JOIN pg_catalog.pg_trigger AS g ON g.tgrelid = t.id AND NOT g.tgisinternal WHERE g.tgenabled <> 'O'
  UNION ALL
  SELECT 11, t.full_name, 'the statistics ' || e.stxname, NULL, pg_catalog.pg_get_statisticsobjdef(e.oid), true
  FROM t JOIN pg_catalog.pg_statistic_ext AS e ON e.stxrelid = t.id
  UNION ALL
  SELECT 12, t.full_name, 'the storage options', NULL,
    format('ALTER TABLE %%s SET (%%s)', t.place, array_to_string(t.reloptions, ', ')), false
  FROM t WHERE t.reloptions IS NOT NULL
  UNION ALL
  SELECT 13, t.full_name, 'the replica identity', NULL, format('ALTER TABLE %%s REPLICA IDENTITY %%s', t.place,
    CASE t.relreplident WHEN 'f' THEN 'FULL' WHEN 'n' THEN 'NOTHING' END), false
  FROM t WHERE t.relreplident IN ('f', 'n')
  UNION ALL
  SELECT 13, t.full_name, 'the replica identity by an index', NULL, NULL, false FROM t WHERE t.relreplident = 'i'
  UNION ALL
  SELECT 14, t.full_name, 'the publication ' || p.pubname, NULL,
    CASE WHEN COALESCE(to_jsonb(m) ->> 'prattrs', to_jsonb(m) ->> 'prqual') IS NULL
      THEN format('ALTER PUBLICATION %%I ADD TABLE %%s', p.pubname, t.place) END, false
  FROM t JOIN pg_catalog.pg_publication_rel AS m ON m.prrelid = t.id
  JOIN pg_catalog.pg_publication AS p ON p.oid = m.prpubid
)
SELECT full_name::text, what::text, column_name::text, statement::text, is_code
FROM found ORDER BY step, full_name, what"""
"""Foreign keys of other tables are lifted and made again anyway, and checks named like columns belong to these."""

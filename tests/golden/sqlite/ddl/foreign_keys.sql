CREATE TABLE IF NOT EXISTS "exp.session" (
  "subject" INTEGER NOT NULL CONSTRAINT "subject" CHECK ("subject" BETWEEN -2147483648 AND 2147483647),
  "session" INTEGER NOT NULL CONSTRAINT "session" CHECK ("session" BETWEEN 0 AND 255),
  "sex" TEXT NOT NULL CONSTRAINT "sex" CHECK ("sex" IN ('M', 'F')),
  "rig" TEXT DEFAULT NULL CONSTRAINT "rig" CHECK (length("rig") <= 16),
  "spare" TEXT DEFAULT NULL CONSTRAINT "spare" CHECK (length("spare") <= 16),
  PRIMARY KEY ("subject", "session"),
  FOREIGN KEY ("subject") REFERENCES "lab.subject" ("subject") ON UPDATE CASCADE ON DELETE RESTRICT,
  FOREIGN KEY ("rig") REFERENCES "lab.#rig" ("rig") ON UPDATE CASCADE ON DELETE RESTRICT,
  FOREIGN KEY ("spare") REFERENCES "lab.#rig" ("rig") ON UPDATE CASCADE ON DELETE RESTRICT
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX "idx_exp.session.spare" ON "exp.session" ("spare");

CREATE INDEX "idx_exp.session.rig" ON "exp.session" ("rig");

INSERT INTO "~tables" ("schema", "name", "comment", "definition") VALUES (?, ?, ?, ?) ON CONFLICT ("schema", "name") DO UPDATE SET "comment" = excluded."comment", "definition" = excluded."definition";
-- 'exp'
-- 'session'
-- ''
-- '-> `lab`.`subject`\nsession : uint8\n---\nsex : enum(\'M\',\'F\')\n-> [nullable] `lab`.`#rig`\n-> [nullable, unique] `lab`.`#rig`.proj(spare="rig")\n'

INSERT INTO "~columns" ("schema", "table_name", "name", "ordinal", "comment") VALUES (?, ?, ?, ?, ?), (?, ?, ?, ?, ?), (?, ?, ?, ?, ?), (?, ?, ?, ?, ?), (?, ?, ?, ?, ?) ON CONFLICT ("schema", "table_name", "name") DO UPDATE SET "ordinal" = excluded."ordinal", "comment" = excluded."comment";
-- 'exp'
-- 'session'
-- 'subject'
-- 0
-- ':int32:ear tag'
-- 'exp'
-- 'session'
-- 'session'
-- 1
-- ':uint8:'
-- 'exp'
-- 'session'
-- 'sex'
-- 2
-- ":enum('M','F'):"
-- 'exp'
-- 'session'
-- 'rig'
-- 3
-- ':varchar(16):'
-- 'exp'
-- 'session'
-- 'spare'
-- 4
-- ':varchar(16):'

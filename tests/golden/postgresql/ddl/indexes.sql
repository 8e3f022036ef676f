CREATE TABLE IF NOT EXISTS "lab"."indexed" (
  "a" integer NOT NULL,
  "b" integer NOT NULL,
  "c" varchar(8) COLLATE "C" NOT NULL,
  PRIMARY KEY ("a")
);

CREATE INDEX "idx_indexed_b_c" ON "lab"."indexed" ("b", "c");

CREATE UNIQUE INDEX "idx_indexed_c" ON "lab"."indexed" ("c");

CREATE UNIQUE INDEX "idx_indexed_b_c_2" ON "lab"."indexed" ("b", "c");

COMMENT ON COLUMN "lab"."indexed"."a" IS ':int32:';

COMMENT ON COLUMN "lab"."indexed"."b" IS ':int32:';

COMMENT ON COLUMN "lab"."indexed"."c" IS ':varchar(8):';

CREATE TABLE IF NOT EXISTS "lab"."setting" (
  "value" varchar(8) COLLATE "C" NOT NULL,
  "_singleton" boolean NOT NULL DEFAULT '1',
  PRIMARY KEY ("_singleton")
);

COMMENT ON COLUMN "lab"."setting"."value" IS ':varchar(8):';

COMMENT ON COLUMN "lab"."setting"."_singleton" IS ':bool:singleton primary key';

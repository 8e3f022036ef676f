CREATE TABLE IF NOT EXISTS "lab"."__result" (
  "id" integer NOT NULL,
  "_job_start_time" timestamp(3) DEFAULT NULL,
  "_job_version" varchar(64) COLLATE "C" NOT NULL DEFAULT '',
  PRIMARY KEY ("id")
);

COMMENT ON COLUMN "lab"."__result"."id" IS ':int32:';

COMMENT ON COLUMN "lab"."__result"."_job_start_time" IS ':datetime(3):when computation began';

COMMENT ON COLUMN "lab"."__result"."_job_version" IS ':varchar(64):code version';

CREATE TYPE "lab"."enum_dc362444" AS ENUM ('b', 'a', 'it''s');

CREATE TABLE IF NOT EXISTS "lab"."every_type" (
  "id" bigint NOT NULL,
  "a0" smallint NOT NULL CONSTRAINT "a0" CHECK ("a0" BETWEEN -128 AND 127),
  "a1" smallint NOT NULL,
  "a2" integer NOT NULL,
  "a3" bigint NOT NULL,
  "a4" smallint NOT NULL CONSTRAINT "a4" CHECK ("a4" BETWEEN 0 AND 255),
  "a5" integer NOT NULL CONSTRAINT "a5" CHECK ("a5" BETWEEN 0 AND 65535),
  "a6" bigint NOT NULL CONSTRAINT "a6" CHECK ("a6" BETWEEN 0 AND 4294967295),
  "a7" numeric(20,0) NOT NULL CONSTRAINT "a7" CHECK ("a7" BETWEEN 0 AND 18446744073709551615),
  "a8" real NOT NULL,
  "a9" double precision NOT NULL,
  "a10" boolean NOT NULL,
  "a11" date NOT NULL,
  "a12" timestamp(0) NOT NULL,
  "a13" timestamp(0) NOT NULL,
  "a14" time(0) NOT NULL,
  "a15" uuid NOT NULL,
  "a16" jsonb NOT NULL,
  "a17" bytea NOT NULL,
  "a18" numeric(8,2) NOT NULL,
  "a19" char(5) COLLATE "C" NOT NULL,
  "a20" varchar(30) COLLATE "C" NOT NULL,
  "a21" "lab"."enum_dc362444" NOT NULL,
  "a22" timestamp(3) NOT NULL,
  "a23" timestamp(6) NOT NULL,
  "a24" time(1) NOT NULL,
  PRIMARY KEY ("id")
);

COMMENT ON COLUMN "lab"."every_type"."id" IS ':int64:';

COMMENT ON COLUMN "lab"."every_type"."a0" IS ':int8:';

COMMENT ON COLUMN "lab"."every_type"."a1" IS ':int16:';

COMMENT ON COLUMN "lab"."every_type"."a2" IS ':int32:';

COMMENT ON COLUMN "lab"."every_type"."a3" IS ':int64:';

COMMENT ON COLUMN "lab"."every_type"."a4" IS ':uint8:';

COMMENT ON COLUMN "lab"."every_type"."a5" IS ':uint16:';

COMMENT ON COLUMN "lab"."every_type"."a6" IS ':uint32:';

COMMENT ON COLUMN "lab"."every_type"."a7" IS ':uint64:';

COMMENT ON COLUMN "lab"."every_type"."a8" IS ':float32:';

COMMENT ON COLUMN "lab"."every_type"."a9" IS ':float64:';

COMMENT ON COLUMN "lab"."every_type"."a10" IS ':bool:';

COMMENT ON COLUMN "lab"."every_type"."a11" IS ':date:';

COMMENT ON COLUMN "lab"."every_type"."a12" IS ':datetime:';

COMMENT ON COLUMN "lab"."every_type"."a13" IS ':timestamp:';

COMMENT ON COLUMN "lab"."every_type"."a14" IS ':time:';

COMMENT ON COLUMN "lab"."every_type"."a15" IS ':uuid:';

COMMENT ON COLUMN "lab"."every_type"."a16" IS ':json:';

COMMENT ON COLUMN "lab"."every_type"."a17" IS ':bytes:';

COMMENT ON COLUMN "lab"."every_type"."a18" IS ':decimal(8,2):';

COMMENT ON COLUMN "lab"."every_type"."a19" IS ':char(5):';

COMMENT ON COLUMN "lab"."every_type"."a20" IS ':varchar(30):';

COMMENT ON COLUMN "lab"."every_type"."a21" IS ':enum(''b'',''a'',''it''''s''):';

COMMENT ON COLUMN "lab"."every_type"."a22" IS ':datetime(3):';

COMMENT ON COLUMN "lab"."every_type"."a23" IS ':timestamp(6):';

COMMENT ON COLUMN "lab"."every_type"."a24" IS ':time(1):';

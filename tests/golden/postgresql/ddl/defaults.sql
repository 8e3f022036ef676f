CREATE TABLE IF NOT EXISTS "lab"."defaults" (
  "id" integer NOT NULL,
  "count" smallint NOT NULL DEFAULT '-5',
  "big" numeric(20,0) NOT NULL DEFAULT '18446744073709551615' CONSTRAINT "big" CHECK ("big" BETWEEN 0 AND 18446744073709551615),
  "price" numeric(8,2) NOT NULL DEFAULT '1.50',
  "ratio" double precision NOT NULL DEFAULT '0.1',
  "ok" boolean NOT NULL DEFAULT '1',
  "note" varchar(30) COLLATE "C" NOT NULL DEFAULT 'it''s 50 % \ "ok"',
  "made" timestamp(0) NOT NULL DEFAULT CURRENT_TIMESTAMP(0),
  "seen" timestamp(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
  "exact" timestamp(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6),
  "coarse" timestamp(1) NOT NULL DEFAULT CURRENT_TIMESTAMP(1),
  "day" date NOT NULL DEFAULT CURRENT_DATE,
  "clock" time(4) NOT NULL DEFAULT LOCALTIME(4),
  "nothing" jsonb DEFAULT NULL,
  PRIMARY KEY ("id")
);

COMMENT ON COLUMN "lab"."defaults"."id" IS ':int32:';

COMMENT ON COLUMN "lab"."defaults"."count" IS ':int16:';

COMMENT ON COLUMN "lab"."defaults"."big" IS ':uint64:';

COMMENT ON COLUMN "lab"."defaults"."price" IS ':decimal(8,2):';

COMMENT ON COLUMN "lab"."defaults"."ratio" IS ':float64:';

COMMENT ON COLUMN "lab"."defaults"."ok" IS ':bool:';

COMMENT ON COLUMN "lab"."defaults"."note" IS ':varchar(30):';

COMMENT ON COLUMN "lab"."defaults"."made" IS ':datetime:';

COMMENT ON COLUMN "lab"."defaults"."seen" IS ':datetime(3):';

COMMENT ON COLUMN "lab"."defaults"."exact" IS ':timestamp(6):';

COMMENT ON COLUMN "lab"."defaults"."coarse" IS ':datetime(1):';

COMMENT ON COLUMN "lab"."defaults"."day" IS ':date:';

COMMENT ON COLUMN "lab"."defaults"."clock" IS ':time(4):';

COMMENT ON COLUMN "lab"."defaults"."nothing" IS ':json:';

CREATE TYPE "exp"."enum_724cdf44" AS ENUM ('M', 'F');

CREATE TABLE IF NOT EXISTS "exp"."session" (
  "subject" integer NOT NULL,
  "session" smallint NOT NULL CONSTRAINT "session" CHECK ("session" BETWEEN 0 AND 255),
  "sex" "exp"."enum_724cdf44" NOT NULL,
  "rig" varchar(16) COLLATE "C" DEFAULT NULL,
  "spare" varchar(16) COLLATE "C" DEFAULT NULL,
  PRIMARY KEY ("subject", "session"),
  FOREIGN KEY ("subject") REFERENCES "lab"."subject" ("subject") ON UPDATE CASCADE ON DELETE RESTRICT,
  FOREIGN KEY ("rig") REFERENCES "lab"."#rig" ("rig") ON UPDATE CASCADE ON DELETE RESTRICT,
  FOREIGN KEY ("spare") REFERENCES "lab"."#rig" ("rig") ON UPDATE CASCADE ON DELETE RESTRICT
);

CREATE UNIQUE INDEX "idx_session_spare" ON "exp"."session" ("spare");

CREATE INDEX "idx_session_rig" ON "exp"."session" ("rig");

COMMENT ON COLUMN "exp"."session"."subject" IS ':int32:ear tag';

COMMENT ON COLUMN "exp"."session"."session" IS ':uint8:';

COMMENT ON COLUMN "exp"."session"."sex" IS ':enum(''M'',''F''):';

COMMENT ON COLUMN "exp"."session"."rig" IS ':varchar(16):';

COMMENT ON COLUMN "exp"."session"."spare" IS ':varchar(16):';

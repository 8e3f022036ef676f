CREATE TYPE "lab"."enum_724cdf44" AS ENUM ('M', 'F');

CREATE TABLE IF NOT EXISTS "lab"."subject" (
  "subject" integer NOT NULL,
  "sex" "lab"."enum_724cdf44" NOT NULL,
  PRIMARY KEY ("subject")
);

COMMENT ON COLUMN "lab"."subject"."subject" IS ':int32:ear tag';

COMMENT ON COLUMN "lab"."subject"."sex" IS ':enum(''M'',''F''):';

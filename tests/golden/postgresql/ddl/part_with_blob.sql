CREATE TABLE IF NOT EXISTS "exp"."__scan__frame" (
  "subject" integer NOT NULL,
  "session" smallint NOT NULL CONSTRAINT "session" CHECK ("session" BETWEEN 0 AND 255),
  "frame" integer NOT NULL CONSTRAINT "frame" CHECK ("frame" BETWEEN 0 AND 65535),
  "image" bytea NOT NULL,
  PRIMARY KEY ("subject", "session", "frame"),
  FOREIGN KEY ("subject", "session") REFERENCES "exp"."__scan" ("subject", "session") ON UPDATE CASCADE ON DELETE RESTRICT
);

ALTER TABLE "exp"."__scan__frame" ALTER COLUMN "image" SET STORAGE EXTERNAL;

COMMENT ON COLUMN "exp"."__scan__frame"."subject" IS ':int32:';

COMMENT ON COLUMN "exp"."__scan__frame"."frame" IS ':uint16:';

COMMENT ON COLUMN "exp"."__scan__frame"."image" IS ':<blob>:';

CREATE TABLE IF NOT EXISTS "lab"."image" (
  "id" integer NOT NULL,
  "pixels" bytea NOT NULL,
  PRIMARY KEY ("id")
);

ALTER TABLE "lab"."image" ALTER COLUMN "pixels" SET STORAGE EXTERNAL;

COMMENT ON COLUMN "lab"."image"."id" IS ':int32:';

COMMENT ON COLUMN "lab"."image"."pixels" IS ':<blob>:';

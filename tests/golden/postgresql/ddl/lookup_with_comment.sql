CREATE TABLE IF NOT EXISTS "lab"."#rig" (
  "rig" varchar(16) COLLATE "C" NOT NULL,
  PRIMARY KEY ("rig")
);

COMMENT ON TABLE "lab"."#rig" IS 'places to record';

COMMENT ON COLUMN "lab"."#rig"."rig" IS ':varchar(16):it''s the "name"';

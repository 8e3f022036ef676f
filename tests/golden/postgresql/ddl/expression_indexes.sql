CREATE TABLE IF NOT EXISTS "lab"."note" (
  "id" integer NOT NULL,
  "tag" varchar(8) COLLATE "C" NOT NULL,
  "meta" jsonb NOT NULL,
  PRIMARY KEY ("id")
);

CREATE UNIQUE INDEX "idx_note_LOWER_tag" ON "lab"."note" ((LOWER("tag")));

CREATE INDEX "idx_note_tag_meta_cam_0_gain_int32" ON "lab"."note" ("tag", (CASE JSONB_TYPEOF(("meta" #> ARRAY['cam'::text, '0'::text, 'gain'::text])) WHEN 'boolean' THEN (("meta" #> ARRAY['cam'::text, '0'::text, 'gain'::text]))::integer::numeric ELSE SUBSTRING(("meta" #> ARRAY['cam'::text, '0'::text, 'gain'::text]) #>> '{}' FROM '^\s*[-+]?\d+\.?\d*(?:[eE][-+]?\d+)?\s*$')::numeric END::bigint));

CREATE INDEX "idx_note_meta_name" ON "lab"."note" ((("meta" #>> ARRAY['name'::text])));

COMMENT ON COLUMN "lab"."note"."id" IS ':int32:';

COMMENT ON COLUMN "lab"."note"."tag" IS ':varchar(8):';

COMMENT ON COLUMN "lab"."note"."meta" IS ':json:';

COMMENT ON INDEX "lab"."idx_note_LOWER_tag" IS 'unique index ((LOWER(tag)))';

COMMENT ON INDEX "lab"."idx_note_tag_meta_cam_0_gain_int32" IS 'index (tag, meta.cam[0].gain:int32)';

COMMENT ON INDEX "lab"."idx_note_meta_name" IS 'index (meta.name)';

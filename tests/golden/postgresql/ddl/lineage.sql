CREATE TABLE IF NOT EXISTS "lab"."~lineage" (
  "table_name" varchar(64) COLLATE "C" NOT NULL,
  "attribute_name" varchar(64) COLLATE "C" NOT NULL,
  "lineage" varchar(255) COLLATE "C" NOT NULL,
  PRIMARY KEY ("table_name", "attribute_name")
);

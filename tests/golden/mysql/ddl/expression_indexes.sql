CREATE TABLE IF NOT EXISTS `lab`.`note` (
  `id` int NOT NULL COMMENT ':int32:',
  `tag` varchar(8) NOT NULL COMMENT ':varchar(8):',
  `meta` json NOT NULL COMMENT ':json:',
  PRIMARY KEY (`id`),
  UNIQUE INDEX ((CAST(SHA2(LOWER(`tag`), 256) AS CHAR(64)))) COMMENT 'unique index ((LOWER(tag)))',
  INDEX (`tag`, ((ROUND(CASE CAST(JSON_TYPE(JSON_EXTRACT(`meta`, '$.cam[0].gain')) AS CHAR) WHEN 'BOOLEAN' THEN CAST(JSON_UNQUOTE(JSON_EXTRACT(`meta`, '$.cam[0].gain')) AS CHAR) = 'true' WHEN 'NULL' THEN NULL WHEN 'OBJECT' THEN NULL WHEN 'ARRAY' THEN NULL ELSE CASE WHEN CAST(JSON_UNQUOTE(JSON_EXTRACT(`meta`, '$.cam[0].gain')) AS CHAR) REGEXP '^ *[-+]?[0-9]+[.]?[0-9]*([eE][-+]?[0-9]+)? *$' THEN CAST(CAST(JSON_UNQUOTE(JSON_EXTRACT(`meta`, '$.cam[0].gain')) AS CHAR) AS DECIMAL(65, 30)) END END) DIV 1))) COMMENT 'index (tag, meta.cam[0].gain:int32)',
  INDEX ((CAST(LEFT(CASE WHEN CAST(JSON_TYPE(JSON_EXTRACT(`meta`, '$.name')) AS CHAR) <> 'NULL' THEN CAST(JSON_UNQUOTE(JSON_EXTRACT(`meta`, '$.name')) AS CHAR) END, 255) AS CHAR(255)))) COMMENT 'index (meta.name)'
) ENGINE=InnoDB, COMMENT '';

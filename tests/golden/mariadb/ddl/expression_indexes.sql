CREATE TABLE IF NOT EXISTS `lab`.`note` (
  `id` int NOT NULL COMMENT ':int32:',
  `tag` varchar(8) NOT NULL COMMENT ':varchar(8):',
  `meta` json NOT NULL COMMENT ':json:',
  `_index_1` varchar(255) GENERATED ALWAYS AS (CAST(LOWER(`tag`) AS CHAR(255))) VIRTUAL INVISIBLE,
  `_index_2` int GENERATED ALWAYS AS ((ROUND(CASE JSON_TYPE(JSON_EXTRACT(`meta`, '$.cam[0].gain')) WHEN 'BOOLEAN' THEN JSON_UNQUOTE(JSON_EXTRACT(`meta`, '$.cam[0].gain')) = 'true' WHEN 'NULL' THEN NULL WHEN 'OBJECT' THEN NULL WHEN 'ARRAY' THEN NULL ELSE CASE WHEN JSON_UNQUOTE(JSON_EXTRACT(`meta`, '$.cam[0].gain')) REGEXP '^ *[-+]?[0-9]+[.]?[0-9]*([eE][-+]?[0-9]+)? *$' THEN CAST(JSON_UNQUOTE(JSON_EXTRACT(`meta`, '$.cam[0].gain')) AS DECIMAL(65, 30)) END END) DIV 1)) VIRTUAL INVISIBLE,
  `_index_3` varchar(255) GENERATED ALWAYS AS (CAST(CASE WHEN JSON_TYPE(JSON_EXTRACT(`meta`, '$.name')) <> 'NULL' THEN JSON_UNQUOTE(JSON_EXTRACT(`meta`, '$.name')) END AS CHAR(255))) VIRTUAL INVISIBLE,
  PRIMARY KEY (`id`),
  UNIQUE INDEX (`_index_1`),
  INDEX (`tag`, `_index_2`),
  INDEX (`_index_3`)
) ENGINE=InnoDB, COMMENT '';

SELECT t1.`mouse`, t1.`sess`, t1.`day`, t1.`score`, t1.`meta` FROM `lab`.`session` AS t1 WHERE (CASE JSON_TYPE(JSON_EXTRACT(t1.`meta`, %s)) WHEN 'BOOLEAN' THEN JSON_UNQUOTE(JSON_EXTRACT(t1.`meta`, %s)) = 'true' WHEN 'NULL' THEN NULL WHEN 'OBJECT' THEN NULL WHEN 'ARRAY' THEN NULL ELSE CASE WHEN JSON_UNQUOTE(JSON_EXTRACT(t1.`meta`, %s)) REGEXP '^ *[-+]?[0-9]+[.]?[0-9]*([eE][-+]?[0-9]+)? *$' THEN CAST(JSON_UNQUOTE(JSON_EXTRACT(t1.`meta`, %s)) AS DOUBLE) END END = %s) AND (CASE WHEN JSON_TYPE(JSON_EXTRACT(t1.`meta`, %s)) <> 'NULL' THEN JSON_UNQUOTE(JSON_EXTRACT(t1.`meta`, %s)) END = %s);
-- '$.gain'
-- '$.gain'
-- '$.gain'
-- '$.gain'
-- 2.5
-- '$.name'
-- '$.name'
-- 'x'

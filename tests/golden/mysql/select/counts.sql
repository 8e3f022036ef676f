SELECT COUNT(*) FROM `lab`.`trial` AS t1 WHERE (t1.`rt` < %s);
-- 0.5

SELECT COUNT(*) FROM (SELECT DISTINCT t2.`rig` FROM `lab`.`trial` AS t2) AS t1;

SELECT COUNT(*) FROM (SELECT t2.`mouse`, t2.`sess`, t2.`day`, t2.`score`, t2.`meta` FROM `lab`.`session` AS t2 ORDER BY t2.`mouse`, t2.`sess` LIMIT 3) AS t1;

SELECT COUNT(*) FROM `lab`.`session` AS t1 LEFT JOIN (SELECT t3.`mouse`, t3.`sess`, COUNT(*) AS `_1` FROM `lab`.`trial` AS t3 GROUP BY t3.`mouse`, t3.`sess`) AS t2 ON t1.`mouse` = t2.`mouse` AND t1.`sess` = t2.`sess`;

SELECT (SELECT COUNT(*) FROM `lab`.`trial` AS t1 WHERE (t1.`rt` < %s)), (SELECT COUNT(*) FROM (SELECT DISTINCT t3.`rig` FROM `lab`.`trial` AS t3) AS t2);
-- 0.5

SELECT EXISTS (SELECT 1 FROM `lab`.`trial` AS t1 WHERE (t1.`rt` < %s));
-- 0.5

SELECT EXISTS (SELECT 1 FROM (SELECT DISTINCT t2.`rig` FROM `lab`.`trial` AS t2) AS t1);

SELECT EXISTS (SELECT 1 FROM `lab`.`session` AS t1 ORDER BY t1.`mouse`, t1.`sess` LIMIT 3);

SELECT EXISTS (SELECT 1 FROM (SELECT COUNT(*) AS `n` FROM `lab`.`trial` AS t2) AS t1);

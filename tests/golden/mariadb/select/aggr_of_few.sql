SELECT t1.`mouse`, t1.`sess`, COALESCE(t2.`_1`, %s) AS `n` FROM `lab`.`session` AS t1 LEFT JOIN (SELECT t3.`mouse`, t3.`sess`, COUNT(*) AS `_1` FROM `lab`.`trial` AS t3 WHERE (t3.`mouse`, t3.`sess`) IN (SELECT t4.`mouse`, t4.`sess` FROM `lab`.`session` AS t4 WHERE t4.`mouse` = %s) GROUP BY t3.`mouse`, t3.`sess`) AS t2 ON t1.`mouse` = t2.`mouse` AND t1.`sess` = t2.`sess` WHERE t1.`mouse` = %s;
-- 0
-- 1
-- 1

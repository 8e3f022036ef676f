SELECT t1.`mouse`, t1.`sess`, t1.`n`, t1.`m` FROM (SELECT t2.`mouse`, t2.`sess`, COALESCE(t3.`_1`, %s) AS `n`, t3.`_2` AS `m` FROM `lab`.`session` AS t2 LEFT JOIN (SELECT t4.`mouse`, t4.`sess`, COUNT(*) AS `_1`, MAX(t4.`rt`) AS `_2` FROM `lab`.`trial` AS t4 GROUP BY t4.`mouse`, t4.`sess`) AS t3 ON t2.`mouse` = t3.`mouse` AND t2.`sess` = t3.`sess`) AS t1 WHERE (t1.`n` = %s OR t1.`m` = %s);
-- 0
-- 3
-- 0.5

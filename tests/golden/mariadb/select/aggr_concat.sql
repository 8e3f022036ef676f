SELECT t1.`mouse`, t1.`sess`, t2.`_1` AS `rigs` FROM `lab`.`session` AS t1 LEFT JOIN (SELECT t3.`mouse`, t3.`sess`, GROUP_CONCAT(t3.`rig` ORDER BY t3.`mouse`, t3.`sess`, t3.`t` SEPARATOR %s) AS `_1` FROM `lab`.`trial` AS t3 GROUP BY t3.`mouse`, t3.`sess`) AS t2 ON t1.`mouse` = t2.`mouse` AND t1.`sess` = t2.`sess`;
-- ','

SELECT t1.`mouse`, t1.`sess`, t1.`day`, t1.`score`, t1.`meta` FROM `lab`.`session` AS t1 WHERE t1.`mouse` = %s AND EXISTS (SELECT 1 FROM `lab`.`trial` AS t2 WHERE t2.`mouse` = t1.`mouse` AND t2.`sess` = t1.`sess`);
-- 1

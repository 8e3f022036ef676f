SELECT t1.`mouse`, t1.`sess`, t1.`day`, t1.`score`, t1.`meta` FROM (SELECT t2.`mouse`, t2.`sess`, t2.`day`, t2.`score`, t2.`meta` FROM `lab`.`session` AS t2 ORDER BY t2.`mouse`, t2.`sess` LIMIT 3) AS t1 WHERE (t1.`score` > %s);
-- 1.0

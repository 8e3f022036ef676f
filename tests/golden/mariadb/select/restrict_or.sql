SELECT t1.`mouse`, t1.`sess`, t1.`day`, t1.`score`, t1.`meta` FROM `lab`.`session` AS t1 WHERE (t1.`mouse` = %s OR (t1.`score` > %s));
-- 1
-- 2.0

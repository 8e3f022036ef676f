SELECT t1.`mouse`, t1.`sess`, t1.`double` FROM (SELECT t2.`mouse`, t2.`sess`, (t2.`score` * %s) AS `double` FROM `lab`.`session` AS t2) AS t1 WHERE (t1.`double` > %s);
-- 2.0
-- 4.0

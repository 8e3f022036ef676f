SELECT t1.`mouse`, t1.`sess`, t1.`day` AS `again`, (t1.`score` * %s) AS `double` FROM `lab`.`session` AS t1;
-- 2.0

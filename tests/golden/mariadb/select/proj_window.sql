SELECT t1.`mouse`, t1.`sess`, t1.`place` FROM (SELECT t2.`mouse`, t2.`sess`, RANK() OVER (ORDER BY t2.`score`) AS `place` FROM `lab`.`session` AS t2) AS t1 WHERE t1.`mouse` = %s;
-- 1

SELECT t1.`mouse`, t1.`sess`, t1.`day`, t1.`score`, t1.`meta` FROM `lab`.`session` AS t1 WHERE (t1.`mouse` IN (%s, %s) OR t1.`mouse` IS NULL);
-- 1
-- 2

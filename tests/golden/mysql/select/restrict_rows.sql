SELECT t1.`mouse`, t1.`sess`, t1.`day`, t1.`score`, t1.`meta` FROM `lab`.`session` AS t1 WHERE (t1.`mouse`, t1.`sess`) IN ((%s, %s), (%s, %s));
-- 1
-- 2
-- 3
-- 4

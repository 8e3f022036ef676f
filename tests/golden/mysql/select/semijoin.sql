SELECT t1.`mouse`, t1.`sess`, t1.`day`, t1.`score`, t1.`meta` FROM `lab`.`session` AS t1 WHERE t1.`mouse` IN (SELECT t2.`mouse` FROM `lab`.`mouse` AS t2 WHERE t2.`sex` = %s);
-- 'F'

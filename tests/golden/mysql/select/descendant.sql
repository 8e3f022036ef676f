SELECT t1.`mouse`, t1.`sex`, t1.`photo` FROM `lab`.`mouse` AS t1 WHERE t1.`mouse` IN (SELECT t2.`mouse` FROM `lab`.`trial` AS t2 WHERE (t2.`rt` > %s));
-- 1.0

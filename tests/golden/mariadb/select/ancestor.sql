SELECT t1.`mouse`, t1.`sess`, t1.`t`, t1.`rt`, t1.`rig` FROM `lab`.`trial` AS t1 WHERE t1.`mouse` IN (SELECT t2.`mouse` FROM `lab`.`mouse` AS t2 WHERE t2.`sex` = %s);
-- 'F'

CREATE TABLE IF NOT EXISTS `lab`.`image` (
  `id` int NOT NULL COMMENT ':int32:',
  `pixels` longblob NOT NULL COMMENT ':<blob>:',
  PRIMARY KEY (`id`)
) ENGINE=InnoDB, COMMENT '';

CREATE TABLE IF NOT EXISTS `lab`.`old` (
  `id` int auto_increment NOT NULL COMMENT '',
  `n` smallint unsigned NOT NULL COMMENT '',
  `t` mediumtext NOT NULL COMMENT '',
  PRIMARY KEY (`id`)
) ENGINE=InnoDB, COMMENT '';

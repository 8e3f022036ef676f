CREATE TABLE IF NOT EXISTS `lab`.`__result` (
  `id` int NOT NULL COMMENT ':int32:',
  `_job_start_time` datetime(3) DEFAULT NULL COMMENT ':datetime(3):when computation began',
  `_job_version` varchar(64) NOT NULL DEFAULT '' COMMENT ':varchar(64):code version',
  PRIMARY KEY (`id`)
) ENGINE=InnoDB, COMMENT '';

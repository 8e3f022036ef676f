CREATE TABLE IF NOT EXISTS `lab`.`defaults` (
  `id` int NOT NULL COMMENT ':int32:',
  `count` smallint NOT NULL DEFAULT '-5' COMMENT ':int16:',
  `big` bigint unsigned NOT NULL DEFAULT '18446744073709551615' COMMENT ':uint64:',
  `price` decimal(8,2) NOT NULL DEFAULT '1.50' COMMENT ':decimal(8,2):',
  `ratio` double NOT NULL DEFAULT '0.1' COMMENT ':float64:',
  `ok` tinyint NOT NULL DEFAULT '1' COMMENT ':bool:',
  `note` varchar(30) NOT NULL DEFAULT 'it''s 50 % \\ "ok"' COMMENT ':varchar(30):',
  `made` datetime NOT NULL DEFAULT CURRENT_TIMESTAMP COMMENT ':datetime:',
  `seen` datetime(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3) COMMENT ':datetime(3):',
  `exact` timestamp(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6) COMMENT ':timestamp(6):',
  `coarse` datetime(1) NOT NULL DEFAULT CURRENT_TIMESTAMP(1) COMMENT ':datetime(1):',
  `day` date NOT NULL DEFAULT (CURRENT_DATE) COMMENT ':date:',
  `clock` time(4) NOT NULL DEFAULT (CURRENT_TIME(4)) COMMENT ':time(4):',
  `nothing` json DEFAULT NULL COMMENT ':json:',
  PRIMARY KEY (`id`)
) ENGINE=InnoDB, COMMENT '';

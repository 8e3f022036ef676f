CREATE TABLE IF NOT EXISTS `lab`.`#rig` (
  `rig` varchar(16) NOT NULL COMMENT ':varchar(16):it''s the "name"',
  PRIMARY KEY (`rig`)
) ENGINE=InnoDB, COMMENT 'places to record';

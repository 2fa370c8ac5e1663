create table `jobs` (`id` integer not null primary key autoincrement, `queue` varchar(255) not null, `payload` json);

"""Servers with MySQL's protocol (TiDB, MySQL and MariaDB) behind the `Database` port."""

"""The servers that speak MySQL's protocol, TiDB, MySQL and MariaDB, behind the `Database` port."""

"""etcd's authentication: users, roles and permissions as the settings say."""

check 016-secrets.weir
WEIR_TEST_KEY=hunter2 explain 016-secrets.weir

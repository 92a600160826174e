WEIR_TEST_SECRET=hunter2 check 036-secret-value.weir

WEIR_TEST_COUNT=ten WEIR_TEST_EVERY=often check 037-env.weir

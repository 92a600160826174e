check missing.weir
check .

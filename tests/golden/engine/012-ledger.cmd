! $WEIR run 012-ledger.weir 2>&1 | grep -v info:
